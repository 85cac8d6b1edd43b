"""Nodes on hosts of their own, real sockets and files: what is published gets everywhere."""

from __future__ import annotations

import os
import random
import shutil
from contextlib import AbstractContextManager, contextmanager
from typing import TYPE_CHECKING

import pytest

from tests.bridge.hosts import PATIENCE, Host
from tests.bridge.network import Network, made_network
from tests.events.disks import Disk, command
from tests.probe import holds, probe

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterator
    from pathlib import Path

QUICK = """
[bridge]
heartbeat = 0.2
suspect = 0.6
down = 2

[bridge.sockets]
interval = 0.1
dead = 2
refresh = 0.2
reconnect_most = 0.5
retry = 0.5

[bridge.reading.pace]
patience = 0.2
most_patience = 1
"""
pytestmark = pytest.mark.timeout(180)


@pytest.fixture
def network() -> Iterator[Network]:
    yield from made_network()


@pytest.fixture
def hosts(network: Network, tmp_path: Path) -> Iterator[list[Host]]:
    """Three nodes that know one another's keys; not started."""
    made = [Host(network, number, tmp_path) for number in (1, 2, 3)]
    keys = [host.make_keys() for host in made]
    for host in made:
        others = [(other, key) for other, key in zip(made, keys, strict=True) if other is not host]
        host.configure(others, QUICK)
        for other, key in others:
            host.allow(other.name, key)
    yield made
    for host in made:
        host.kill()


@contextmanager
def mounted(path: Path) -> Generator[Disk]:
    """Have a file system of 24 MB at a path."""
    path.mkdir(exist_ok=True)
    done = command("mount", "-t", "tmpfs", "-o", "size=24m", "tmpfs", str(path))
    if done.returncode:
        if os.environ.get("CI"):
            pytest.fail(f"no file system can be mounted here: {done.stderr}")
        pytest.skip(f"no file system can be mounted here: {done.stderr}")
    try:
        yield Disk(path)
    finally:
        assert command("umount", str(path)).returncode == 0


@pytest.fixture
def small_disk() -> Callable[[Path], AbstractContextManager[Disk]]:
    return mounted


def start(hosts: list[Host]) -> None:
    for host in hosts:
        host.begin()
    for host in hosts:
        host.wait()


def all_have_all(hosts: list[Host]) -> bool:
    return all(host.has(other) for host in hosts for other in hosts)


def everything_arrives(hosts: list[Host]) -> None:
    probe(lambda: all_have_all(hosts), PATIENCE)
    for host in hosts:
        for other in hosts:
            assert host.handled()[other.name] == other.published


def test_a_triangle_delivers_each_event_once(hosts: list[Host]) -> None:
    start(hosts)
    for host in hosts:
        host.publish(30)
    everything_arrives(hosts)
    assert [host.handled_twice() for host in hosts] == [[], [], []]
    assert [host.stop() for host in hosts] == [0, 0, 0]
    assert [host.losses() for host in hosts] == [0, 0, 0]


def test_a_link_that_was_cut_is_made_up_for(hosts: list[Host], network: Network) -> None:
    start(hosts)
    hosts[0].publish(5)
    everything_arrives(hosts)
    network.cut(2)
    for host in hosts:
        host.publish(20)
    probe(lambda: hosts[2].has(hosts[0]), PATIENCE)  # the others go on
    assert not hosts[1].has(hosts[0])
    network.mend(2)
    everything_arrives(hosts)
    assert [host.handled_twice() for host in hosts] == [[], [], []]
    assert [host.losses() for host in hosts] == [0, 0, 0]


def test_a_host_that_is_heard_and_hears_nothing_catches_up(
    hosts: list[Host], network: Network
) -> None:
    start(hosts)
    network.silence(1, 2)
    for host in hosts:
        host.publish(10)
    probe(lambda: hosts[2].has(hosts[0]) and hosts[2].has(hosts[1]), PATIENCE)
    network.voice(1, 2)
    everything_arrives(hosts)
    assert [host.losses() for host in hosts] == [0, 0, 0]


def test_nodes_that_are_killed_lose_nothing_that_was_published(hosts: list[Host]) -> None:
    drawn = random.Random(5)  # noqa: S311  # whom to kill
    start(hosts)
    for _ in range(4):
        victim = drawn.choice(hosts)
        for host in hosts:
            host.publish(drawn.randint(1, 10))
        victim.kill()
        for host in hosts:
            if host is not victim:
                host.publish(drawn.randint(1, 10))
        victim.start()
    everything_arrives(hosts)
    assert [host.losses() for host in hosts] == [0, 0, 0]


def test_a_node_that_comes_back_from_a_backup_goes_on_and_nothing_is_taken_for_another(
    hosts: list[Host],
) -> None:
    start(hosts)
    first = hosts[0]
    first.publish(10)
    everything_arrives(hosts)
    first.stop()
    copy = first.backup()
    first.start()
    first.publish(10)
    everything_arrives(hosts)
    first.kill()
    first.restore(copy)
    first.start()
    first.publish(10)  # under numbers that others have seen with other content
    probe(lambda: all(host.handled()[first.name] == 30 for host in hosts[1:]), PATIENCE)


def test_a_stranger_s_key_is_refused(hosts: list[Host], tmp_path: Path, network: Network) -> None:
    start(hosts[:1])
    stranger = Host(network, 9, tmp_path)
    stranger.make_keys()
    known = hosts[0]
    stranger.configure([(known, known.key)], QUICK)
    stranger.start()
    known.publish(5)
    probe(lambda: "refused" in (known.path / "output").read_text(), PATIENCE)
    assert not holds(lambda: stranger.handled()[known.name], 1.0)
    stranger.kill()


def test_a_disk_that_is_full_holds_up_nobody_else(
    hosts: list[Host], small_disk: Callable[[Path], AbstractContextManager[Disk]]
) -> None:
    full = hosts[1]
    keys = full.path / "keys"
    shutil.move(full.data / "keys", keys)
    with small_disk(full.data) as disk:
        shutil.move(keys, full.data / "keys")
        start(hosts)
        hosts[0].publish(5)
        everything_arrives(hosts)
        disk.fill()
        for host in (hosts[0], hosts[2]):
            host.publish(200)
        probe(lambda: hosts[2].has(hosts[0]) and hosts[0].has(hosts[2]), PATIENCE)
        assert not full.has(hosts[0])
        disk.free()
        everything_arrives(hosts)
        for host in hosts:
            host.kill()
        assert full.losses() == 0


def test_a_key_is_changed_while_events_flow(hosts: list[Host]) -> None:
    start(hosts)
    first = hosts[0]
    old = first.key
    first.publish(5)
    everything_arrives(hosts)
    first.run("keys", "rotate", "--after", "3s")
    while first.key == old:
        for host in hosts:
            host.publish(5)
        everything_arrives(hosts)
    for host in hosts:
        host.publish(5)
    everything_arrives(hosts)
    assert [host.losses() for host in hosts] == [0, 0, 0]


def test_a_node_that_is_stopped_while_it_catches_up_goes_on_later(hosts: list[Host]) -> None:
    start(hosts)
    behind = hosts[1]
    behind.kill()
    hosts[0].publish(400)
    behind.start()
    assert behind.stop() == 0
    behind.start()
    everything_arrives(hosts)
    assert [host.handled_twice() for host in hosts] == [[], [], []]
    assert [host.losses() for host in hosts] == [0, 0, 0]
