from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from ringleader.actors.osprocess_oom import OomCounter

if TYPE_CHECKING:
    from pathlib import Path


class Machine:
    """The files in which a kernel tells of its kills."""

    def __init__(self, root: Path) -> None:
        self.cgroups, self.proc = root / "cgroup", root / "proc"
        self.write(self.proc / "self" / "cgroup", "")

    def write(self, path: Path, text: str) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)

    def live_in(self, text: str) -> None:
        self.write(self.proc / "self" / "cgroup", text)

    def counter(self) -> OomCounter:
        return OomCounter(self.cgroups, self.proc)


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    return Machine(tmp_path)


def test_version_2_counts_in_memory_events(machine: Machine) -> None:
    events = machine.cgroups / "system.slice" / "node.service" / "memory.events"
    machine.live_in("0::/system.slice/node.service\n")
    machine.write(events, "low 0\nhigh 4\nmax 9\noom 3\noom_kill 2\noom_group_kill 0\n")
    counter = machine.counter()
    assert counter.source == events
    assert not counter.took_one()
    machine.write(events, "low 0\nhigh 4\nmax 12\noom 4\noom_kill 3\noom_group_kill 0\n")
    assert counter.took_one()


def test_in_a_container_the_cgroup_is_the_mount_itself(machine: Machine) -> None:
    machine.live_in("0::/docker/0123abcd\n")
    machine.write(machine.cgroups / "memory.events", "oom_kill 0\n")
    assert machine.counter().source == machine.cgroups / "memory.events"


def test_version_1_counts_in_memory_oom_control(machine: Machine) -> None:
    control = machine.cgroups / "memory" / "jobs" / "memory.oom_control"
    machine.live_in("5:cpu,cpuacct:/jobs\n4:memory:/jobs\n0::/\n")
    machine.write(control, "oom_kill_disable 0\nunder_oom 0\noom_kill 7\n")
    counter = machine.counter()
    assert counter.source == control
    machine.write(control, "oom_kill_disable 0\nunder_oom 0\noom_kill 8\n")
    assert counter.took_one()


def test_an_old_version_1_counts_at_least_how_often_memory_was_short(machine: Machine) -> None:
    folder = machine.cgroups / "memory" / "jobs"
    machine.live_in("4:memory:/jobs\n")
    machine.write(folder / "memory.oom_control", "oom_kill_disable 0\nunder_oom 0\n")
    machine.write(folder / "memory.failcnt", "41\n")
    counter = machine.counter()
    assert counter.source == folder / "memory.failcnt"
    machine.write(folder / "memory.failcnt", "43\n")
    assert counter.took_one()


def test_without_a_memory_cgroup_the_machine_s_counter_is_read(machine: Machine) -> None:
    machine.live_in("0::/\n")
    machine.write(machine.proc / "vmstat", "nr_free_pages 1\noom_kill 0\n")
    counter = machine.counter()
    assert counter.source == machine.proc / "vmstat"
    machine.write(machine.proc / "vmstat", "nr_free_pages 1\noom_kill 1\n")
    assert counter.took_one()


def test_a_kill_explains_one_death(machine: Machine) -> None:
    machine.write(machine.proc / "vmstat", "oom_kill 5\n")
    counter = machine.counter()
    machine.write(machine.proc / "vmstat", "oom_kill 7\n")
    assert [counter.took_one() for _ in range(3)] == [True, True, False]


def test_what_happened_before_the_mark_explains_nothing(machine: Machine) -> None:
    machine.write(machine.proc / "vmstat", "oom_kill 5\n")
    counter = machine.counter()
    machine.write(machine.proc / "vmstat", "oom_kill 6\n")
    counter.mark()
    assert not counter.took_one()


def test_where_nothing_can_be_read_nothing_is_claimed(tmp_path: Path) -> None:
    counter = OomCounter(tmp_path / "cgroup", tmp_path / "proc")
    assert counter.source is None
    counter.mark()
    assert not counter.took_one()


def test_a_counter_that_can_not_be_read_any_more_claims_nothing(machine: Machine) -> None:
    machine.write(machine.proc / "vmstat", "oom_kill 5\n")
    counter = machine.counter()
    (machine.proc / "vmstat").unlink()
    assert not counter.took_one()
