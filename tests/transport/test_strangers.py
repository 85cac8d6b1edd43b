"""What strangers send costs a node neither its life nor its memory."""

from __future__ import annotations

import json
import random
import signal
import socket
import subprocess
import sys
from pathlib import Path
from threading import Event
from typing import Any

import zmq
from msgspec.structs import replace

from ringleader.transport.socket_endpoint import Endpoint
from ringleader.transport.socket_options import new_context, new_socket
from tests.probe import probe
from tests.transport.socket_stage import (
    QUICK,
    SocketNode,
    introduce,
    nothing_more_than,
    ring,
    zmq_things,
)
from tests.transport.strangers import GREETING, READY, throw_bytes

MANY = 10_000
ATTACKERS_END = "session_base.cpp"
MIB = 1 << 20
PLACE = Endpoint.parse("tcp://127.0.0.1:7700")


def attack_once(number: int, seed: int) -> subprocess.CompletedProcess[str]:
    return subprocess.run(  # noqa: S603  # our own
        [sys.executable, "-m", "tests.transport.strangers", str(number), str(seed)],
        capture_output=True,
        text=True,
        check=False,
        cwd=Path(__file__).parents[2],
    )


def attacked(number: int, seed: int) -> dict[str, Any]:
    """Attack a node in a process of its own; tell what it has seen, and that it lives.

    A process that sends messages of several parts, as the attackers do and no node does, can be
    ended by libzmq 4.3.5 when its peer hangs up in the middle of one: an assertion in
    `session_base_t::clean_pipes`. That is the attackers' own death, and they are sent again.
    """
    done = attack_once(number, seed)
    for attempt in range(1, 5):
        if done.returncode != -signal.SIGABRT or ATTACKERS_END not in done.stderr:
            break
        done = attack_once(number, seed + attempt)
    assert done.returncode == 0, done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def test_ten_thousand_strange_things_at_each_socket_do_no_harm() -> None:
    done = attacked(MANY, seed=1)
    assert done["raw"] >= MANY // 10
    assert done["frames"] >= 3 * (MANY - MANY // 10)
    assert done["strange"] > 1000
    assert sum(done["refused"].values()) > 100
    assert done["grown"] < 24 * MIB


def test_strange_bytes_do_no_harm_where_keys_are_asked_for(tmp_path: Path) -> None:
    before = zmq_things()
    a, b = ring(tmp_path / "a"), ring(tmp_path / "b")
    introduce(a=a, b=b)
    node = SocketNode(keys=a).start()
    place = Endpoint.parse(node.sockets.endpoint)
    rng = random.Random(2)  # noqa: S311  # the same nonsense each time
    for target in (place, place.requests):
        throw_bytes(rng, target, 300)
    assert not node.recorder.asked_
    friend = SocketNode("", keys=b).start()
    friend.join(node, "a")
    assert node.sockets.statistics().asked == 0
    assert node.sockets.close()
    assert friend.sockets.close()
    assert nothing_more_than(before)


def test_a_frame_that_is_too_large_ends_its_connection_and_the_link_is_made_anew() -> None:
    before = zmq_things()
    owner = SocketNode(options=replace(QUICK, largest=1_000_000)).start()
    reader = SocketNode("", options=replace(QUICK, largest=10_000)).start()
    reader.join(owner)
    probe(lambda: owner.sockets.statistics().topics == 1)
    assert owner.publish(bytes(10_001))
    reader.wait_for_link(is_up=False)
    reader.wait_for_link()
    probe(lambda: owner.publish(b"x") and b"x" in reader.frames())
    assert max(map(len, reader.frames())) < 10_000
    assert reader.sockets.statistics().rebuilt == 1
    assert owner.sockets.close()
    assert reader.sockets.close()
    assert nothing_more_than(before)


def test_readers_that_want_too_many_topics_are_cut_off() -> None:
    before = zmq_things()
    owner = SocketNode(options=replace(QUICK, most_topics=50)).start()
    greedy, modest = SocketNode("").start(), SocketNode("").start()
    modest.join(owner)
    greedy.connect(owner, topics=tuple(b"%d" % number for number in range(60)))
    probe(lambda: owner.sockets.statistics().rebuilt >= 1)
    greedy.do(lambda: greedy.sockets.disconnect("b"))
    probe(lambda: modest.recorder.links[-1][1] and owner.publish(b"x") and b"x" in modest.frames())
    assert owner.sockets.statistics().refused["too many topics"] >= 1
    for node in (owner, greedy, modest):
        assert node.sockets.close()
    assert nothing_more_than(before)


def test_a_stranger_that_goes_while_the_queue_is_full_does_no_harm() -> None:
    """With HEARTBEAT_IVL libzmq 4.3.5 aborts the process here, at the next ping.

    One ping of the stranger's in what waits would have it abort, too: there is no option against
    that. Strangers do not get so far where there are keys.
    """
    before = zmq_things()
    node = SocketNode(options=replace(QUICK, receive_queue=5)).start()
    place, go_on = Endpoint.parse(node.sockets.endpoint).requests, Event()
    node.sockets.call(go_on.wait)  # it does not read
    with socket.create_connection((place.host, place.port), timeout=5) as stranger:
        stranger.sendall(GREETING + READY)
        assert stranger.recv(1000)
        stranger.sendall(b"\x00\x05hello" * 100)
    go_on.set()
    probe(lambda: node.sockets.statistics().asked == 100)
    assert node.sockets.close()
    assert nothing_more_than(before)


def test_the_library_sends_no_pings() -> None:
    context = new_context(QUICK)
    sockets = [new_socket(context, kind, PLACE, QUICK) for kind in (zmq.XPUB, zmq.DEALER)]
    found = [each.getsockopt(zmq.HEARTBEAT_IVL) for each in sockets]
    for each in sockets:
        each.close()
    context.term()
    assert found == [0, 0]
