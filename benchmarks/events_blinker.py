"""The peer that is measured: blinker, which calls its receivers in the thread that sends."""

from __future__ import annotations

from time import perf_counter
from typing import TYPE_CHECKING

from blinker import Signal

from .cases import await_event
from .events_facts import NAME, SUBSCRIBERS
from .events_plain import Message, Payload, Seen, payload_of, validate

if TYPE_CHECKING:
    from .events_facts import Batch
    from .events_finish import Finish


class Receiver:
    """Counts what a signal sends."""

    def __init__(self, finish: Finish) -> None:
        self._finish, self._left = finish, finish.expected

    def __call__(self, sender: str, *, payload: Payload) -> None:
        """Count."""
        del sender, payload
        self._left -= 1
        if not self._left:
            self._finish.one_more()


def signal_to(finish: Finish) -> Signal:
    """Connect the subscribers; strong references are blinker's quicker way."""
    signal = Signal()
    for _ in range(SUBSCRIBERS):
        signal.connect(Receiver(finish).__call__, weak=False)
    return signal


def blinker(given: Batch, finish: Finish) -> float:
    """Check, drop duplicates, and call the receivers: what a registry does, without its queues."""
    signal, seen = signal_to(finish), Seen()
    begin = perf_counter()
    for fact in given.facts:
        message = Message(NAME, payload_of(fact))
        validate(message)
        if not seen.has(message):
            signal.send(message.name, payload=message.payload)
    await_event(finish.done)
    return perf_counter() - begin


def bare_blinker(given: Batch, finish: Finish) -> float:
    """Only call the receivers: nothing is checked, nothing is dropped, nothing is queued."""
    signal = signal_to(finish)
    begin = perf_counter()
    for fact in given.facts:
        signal.send(NAME, payload=payload_of(fact))
    await_event(finish.done)
    return perf_counter() - begin
