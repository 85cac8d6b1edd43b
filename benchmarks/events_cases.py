"""What is measured, beside which peers, and what is asked for."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, TypeAlias

from .events_facts import batch
from .events_finish import Finish
from .events_ours import ringleader
from .events_stock import stock

if TYPE_CHECKING:
    from .events_facts import Batch

Run: TypeAlias = Callable[[int], float]
"""Publishes so many events; returns the seconds until all of it was done."""


@dataclass(frozen=True, kw_only=True)
class Peer:
    """What a case is compared with.

    Attributes:
        name: of the peer.
        load: returns what runs it; ImportError if it is not installed.
        target: the ratio that is asked for; None: shown as information only.
        aim: the ratio that is hoped for.
        note: what it does, and what it does not.
    """

    name: str
    load: Callable[[], Run]
    target: float | None = None
    aim: float | None = None
    note: str = ""


@dataclass(frozen=True, kw_only=True)
class Case:
    """Events a second of ours and of its peers."""

    name: str
    what: str
    size: int
    ours: Callable[[], Run]
    peers: tuple[Peer, ...] = field(default=())


def routed(route: Callable[[Batch, Finish], float], size: int, *, repeated: bool = False) -> float:
    """Route so many events; where nothing is dropped, `repeated` ones are handled, too."""
    given = batch(size)
    return route(given, Finish(size if repeated else given.distinct))


def _ours(*, from_actor: bool) -> Run:
    return partial(routed, partial(ringleader, from_actor=from_actor))


def _stock(*, from_actor: bool) -> Run:
    return partial(routed, partial(stock, from_actor=from_actor))


def _blinker() -> Run:
    from .events_blinker import blinker  # noqa: PLC0415  # it may not be installed

    return partial(routed, blinker)


def _bare_blinker() -> Run:
    from .events_blinker import bare_blinker  # noqa: PLC0415  # as above

    return partial(routed, bare_blinker, repeated=True)


def route_case(name: str, what: str, *, from_actor: bool) -> Case:
    """Route to ten subscribers, with validation and duplicate check."""
    return Case(
        name=name,
        what=what,
        size=5_000,
        ours=partial(_ours, from_actor=from_actor),
        peers=(
            Peer(
                name="stock Pykka",
                load=partial(_stock, from_actor=from_actor),
                target=4,
                aim=8,
                note="a registry actor: isinstance, SHA-256 over sorted JSON, 60 s window, tells",
            ),
            Peer(
                name="blinker, same work",
                load=_blinker,
                target=1.2,
                aim=2,
                note="the same checks in front of Signal.send; no queue, no thread, no isolation",
            ),
            Peer(
                name="blinker, bare",
                load=_bare_blinker,
                note="Signal.send alone: no validation, no duplicate check, no queue",
            ),
        ),
    )


CASES = {
    case.name: case
    for case in (
        route_case("route", "published by a thread, handled by 10 actors", from_actor=False),
        route_case("route-from-actor", "published in an actor's turn", from_actor=True),
    )
}
