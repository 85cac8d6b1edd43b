"""The actors that the cases use, written once for every actor class."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any, TypeVar, cast

import pykka

if TYPE_CHECKING:
    import threading
    from collections.abc import Sequence

    Ref = pykka.ActorRef[Any]

A = TypeVar("A", bound=pykka.Actor)
LAST = object()  # told after the last message: counting each would cost as much as handling it


@cache
def play(part: type[A], base: type[pykka.Actor]) -> type[A]:
    """Make an actor class that plays a part on the machinery of `base`."""
    made = type(part.__name__, (part, base), {"__module__": part.__module__})
    return cast("type[A]", made)


class Sink(pykka.Actor):
    """Takes everything; says so when `LAST` came from every sender."""

    def __init__(self, done: threading.Event, senders: int = 1) -> None:
        super().__init__()
        self.done = done
        self.senders = senders

    def on_receive(self, message: object) -> None:
        """Look for the end."""
        if message is LAST:
            self.senders -= 1
            if not self.senders:
                self.done.set()


class Source(pykka.Actor):
    """Tells as many messages as it is told to, in one turn."""

    def __init__(self, sink: Ref) -> None:
        super().__init__()
        self.sink = sink

    def on_receive(self, message: int) -> None:
        """Tell the sink."""
        for number in range(message):
            self.sink.tell(number)
        self.sink.tell(LAST)


class Hop(pykka.Actor):
    """Hands a token on, one smaller, to the next of a ring that is filled after the start."""

    def __init__(self, ring: Sequence[Ref], following: int, done: threading.Event) -> None:
        super().__init__()
        self.ring = ring
        self.following = following
        self.done = done

    def on_receive(self, message: int) -> None:
        """Hand on, or end."""
        if message:
            self.ring[self.following].tell(message - 1)
        else:
            self.done.set()


class Echo(pykka.Actor):
    """Answers what it is asked."""

    def on_receive(self, message: object) -> object:
        """Answer."""
        return message
