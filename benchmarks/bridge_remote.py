"""Remote refs: an actor here tells an actor of another node."""

from __future__ import annotations

import threading
from contextlib import contextmanager
from functools import partial
from time import perf_counter
from typing import TYPE_CHECKING, Any

import pykka

from ringleader import Actor, ChildSpec, Ref, RingleaderError, handles

from .bridge_node import ANY_PORT, FAR, NEAR, bridged, endpoint_of, settings_of
from .bridge_ours import KEPT, THERE, made, rest_of
from .bridge_process import Crossing, far
from .cases import PATIENCE
from .events_disk import directory

if TYPE_CHECKING:
    from collections.abc import Generator

WINDOW = 250
"""Messages without a sign of life: what is told is carried at most once, so more may be lost."""


class Teller(Actor):
    """Tells an actor of another node; every now and then it asks whether all has come."""

    def __init__(self, ref: Ref[Any], rest: str) -> None:
        super().__init__()
        self._ref, self._rest = ref, rest

    @handles(int)
    def tell_many(self, number: int) -> None:
        """Tell so many in one turn."""
        for done in range(1, number + 1):
            self._ref.tell(made(self._rest, 0.0))
            if not done % WINDOW:
                self._ref.ask(THERE, timeout=PATIENCE)

    @handles(str)
    def tell_one(self, _: str) -> None:
        """Tell one that says when."""
        self._ref.tell(made(self._rest, perf_counter()))


@contextmanager
def remote(size: int) -> Generator[Crossing]:
    """Tell from an actor of this process to one of another; nothing is kept."""
    with directory() as place:
        here, there = place / NEAR, place / FAR
        for path in (here, there):
            path.mkdir()
        with bridged(settings_of(NEAR, bind=ANY_PORT), here) as node:
            node.start()
            with far("ours", endpoint_of(node.bridge), str(there), KEPT) as other:
                ref = node.system.ref(f"ringleader://{FAR}/receiver")
                teller = node.system.start_child(
                    ChildSpec("teller", Teller, (ref, rest_of(node.system, size)))
                )
                _await_link(ref)
                yield Crossing(other, teller.tell, partial(teller.tell, ""))


def _await_link(ref: Ref[Any]) -> None:
    """Wait until the other node is there.

    Raises:
        TimeoutError: it does not come.
    """
    pause, end = threading.Event(), perf_counter() + PATIENCE
    while perf_counter() < end:
        try:
            ref.ask(THERE, timeout=1)
        except (RingleaderError, pykka.Timeout, pykka.ActorDeadError):
            pause.wait(0.01)
        else:
            return
    raise TimeoutError("the other node can't be reached")
