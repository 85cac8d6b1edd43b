"""Signals as messages: what a handler may safely do is put something into a queue."""

from __future__ import annotations

import signal
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Callable, Generator

STOPS: Final = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


@contextmanager
def signals_to(put: Callable[[signal.Signals], object]) -> Generator[None]:
    """Give the signals that ask for a stop to `put`, in the main thread, until the block ends.

    `put` runs between any two instructions of the main thread, so it may take no lock that this
    thread may hold: `SimpleQueue.put` takes none. What was ignored (`nohup`) stays ignored.
    """

    def handle(number: int, _frame: object) -> None:
        put(signal.Signals(number))

    before: dict[signal.Signals, Any] = {}
    for number in STOPS:
        if signal.getsignal(number) is not signal.SIG_IGN:
            before[number] = signal.signal(number, handle)
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
