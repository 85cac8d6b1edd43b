"""What a process at the other end counts; and how it talks to the one that measures.

A line comes in, `{"expect": 100, "timed": false}`; `ready` goes out; and when so many events were
handled, their delays: a JSON list of seconds, empty if they were not asked for. `perf_counter` is
the same clock in both processes: it counts from the start of the machine.
"""

from __future__ import annotations

import sys
from time import perf_counter

import msgspec

READY = "ready"


class Order(msgspec.Struct):
    """What is to come, and whether its delays are wanted."""

    expect: int
    timed: bool = False


def order_of(line: str) -> Order:
    """Read an order."""
    return msgspec.json.decode(line, type=Order)


class Tally:
    """Counts what is handled, and says when all has come."""

    def __init__(self) -> None:
        self._left = 0
        self._delays: list[float] | None = None

    def expect(self, number: int, *, timed: bool) -> None:
        """Say so when this many have come from now on; `timed`: with what each took."""
        self._delays = [] if timed else None
        self._left = number

    def take(self, sent: float) -> None:
        """Count one that was sent at this moment of the common clock."""
        if self._delays is not None:
            self._delays.append(perf_counter() - sent)
        self._left -= 1
        if not self._left:
            print(msgspec.json.encode(self._delays or []).decode(), flush=True)

    def obey(self) -> None:
        """Take orders from stdin until it ends."""
        print(READY, flush=True)
        for line in sys.stdin:
            order = order_of(line)
            self.expect(order.expect, timed=order.timed)
            print(READY, flush=True)
