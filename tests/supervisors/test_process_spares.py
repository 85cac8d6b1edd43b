"""Warm processes: taken at a start, refilled after it, gone with their cell."""

from __future__ import annotations

import os
import signal
from typing import TYPE_CHECKING, Any

import pytest

from ringleader.supervisors.process_spares import Spares
from ringleader.supervisors.spec import ChildSpec
from ringleader.system import System
from tests.probe import probe
from tests.supervisors.process_actors import Add, Worker

if TYPE_CHECKING:
    from collections.abc import Iterator

PATIENCE = 30.0


@pytest.fixture
def system() -> Iterator[System]:
    with System(seed=1, intensity=1000) as system:
        yield system


def start(system: System, spares: int) -> Any:
    return system.start_child(ChildSpec("p", Worker, spares=spares), timeout=PATIENCE)


def warm(system: System, ref: Any) -> set[int]:
    """Return the processes that wait."""
    spares = ref.cell.kept
    assert isinstance(spares, Spares)
    probe(lambda: spares.warm == spares.number, PATIENCE)
    own = ref.cell.current.actor.os_pid
    return {process.pid for process in system.context.processes.live} - {own}


def test_a_restart_takes_a_spare_one_and_another_is_made_warm(system: System) -> None:
    ref = start(system, 2)
    before = warm(system, ref)
    assert len(before) == 2
    ref.tell("os_exit")
    assert ref.ask("pid", timeout=PATIENCE) in before
    after = warm(system, ref)
    assert len(after) == 2
    assert len(after & before) == 1


def test_a_spare_one_that_has_died_is_not_taken(system: System) -> None:
    ref = start(system, 1)
    (spare,) = warm(system, ref)
    os.kill(spare, signal.SIGKILL)
    probe(lambda: len(system.context.processes.live) == 1, PATIENCE)
    ref.tell("os_exit")
    assert ref.ask(Add(2), timeout=PATIENCE) == 2
    assert len(warm(system, ref)) == 1


def test_spare_ones_go_with_their_cell(system: System) -> None:
    start(system, 2)
    top = system._top
    top.terminate_child("p", timeout=PATIENCE)
    probe(lambda: len(system.context.processes.live) == 2, PATIENCE)
    top.delete_child("p", timeout=PATIENCE)
    probe(lambda: not system.context.processes.live, PATIENCE)
