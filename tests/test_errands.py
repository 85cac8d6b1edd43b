"""Slow answers are found side by side, but not by too many threads."""

from __future__ import annotations

import queue
import threading

from ringleader.actors.dispatch import spawn
from ringleader.errands import Errands


def test_errands_run_side_by_side_up_to_a_number_and_the_rest_in_turn() -> None:
    errands, names = Errands(spawn, most=2), queue.SimpleQueue[str]()
    met = threading.Barrier(3, timeout=30)
    done = threading.Semaphore(0)

    def meet() -> None:
        names.put(threading.current_thread().name)
        met.wait()
        done.release()

    for _ in range(4):
        errands.run(meet)
    for _ in range(2):
        met.wait()  # two of them and this one
    for _ in range(4):
        assert done.acquire(timeout=30)
    assert names.qsize() == 4
    assert errands.close(30)


def test_those_not_begun_at_the_end_never_are() -> None:
    errands, begun, go_on = Errands(spawn, most=1), threading.Event(), threading.Event()

    def wait() -> None:
        begun.set()
        assert go_on.wait(30)

    errands.run(wait)
    assert begun.wait(30)
    errands.run(lambda: pytest_fails("it was begun"))
    assert not errands.close(0.01)
    go_on.set()
    assert errands.close(30)


def pytest_fails(why: str) -> None:
    raise AssertionError(why)
