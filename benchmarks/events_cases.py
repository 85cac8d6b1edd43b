"""What is measured, beside which peers, and what is asked for."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, TypeAlias

from .events_durable import with_tasks, with_threads
from .events_facts import PRODUCERS, batch
from .events_finish import Finish
from .events_ours import ringleader
from .events_stock import stock

if TYPE_CHECKING:
    from collections.abc import Generator

    from .events_facts import Batch

Run: TypeAlias = Callable[[int], float]
"""Publishes so many events; returns the seconds until all of it was done."""
Load: TypeAlias = Callable[[], AbstractContextManager[Run]]
"""Makes what runs one side, and ends it; ImportError if it is not installed."""

OURS = "ringleader"


@dataclass(frozen=True, kw_only=True)
class Peer:
    """What a case is compared with.

    Attributes:
        name: of the peer.
        load: makes what runs it.
        target: the ratio that is asked for; None: shown as information only.
        aim: the ratio that is hoped for.
        note: what it does, and what it does not.
    """

    name: str
    load: Load
    target: float | None = None
    aim: float | None = None
    note: str = ""


@dataclass(frozen=True, kw_only=True)
class Case:
    """Events a second of ours and of its peers.

    Attributes:
        name: of the case.
        what: is measured.
        size: events in a run.
        ours: our side, in one form or several; the best of them is compared.
        peers: what it is compared with.
    """

    name: str
    what: str
    size: int
    ours: dict[str, Load]
    peers: tuple[Peer, ...] = field(default=())


def routed(route: Callable[[Batch, Finish], float], size: int, *, repeated: bool = False) -> float:
    """Route so many events; where nothing is dropped, `repeated` ones are handled, too."""
    given = batch(size)
    return route(given, Finish(size if repeated else given.distinct))


@contextmanager
def _ours(*, from_actor: bool) -> Generator[Run]:
    yield partial(routed, partial(ringleader, from_actor=from_actor))


@contextmanager
def _stock(*, from_actor: bool) -> Generator[Run]:
    yield partial(routed, partial(stock, from_actor=from_actor))


@contextmanager
def _blinker() -> Generator[Run]:
    from .events_blinker import blinker  # noqa: PLC0415  # it may not be installed

    yield partial(routed, blinker)


@contextmanager
def _bare_blinker() -> Generator[Run]:
    from .events_blinker import bare_blinker  # noqa: PLC0415  # as above

    yield partial(routed, bare_blinker, repeated=True)


@contextmanager
def _jetstream() -> Generator[Run]:
    from .events_jetstream import jetstream  # noqa: PLC0415  # as above

    with jetstream() as run:
        yield run


def route_case(name: str, what: str, *, from_actor: bool) -> Case:
    """Route to ten subscribers, with validation and duplicate check."""
    return Case(
        name=name,
        what=what,
        size=5_000,
        ours={OURS: partial(_ours, from_actor=from_actor)},
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


DURABLE = Case(
    name="durable",
    what="acknowledged when on the disk: checked, no duplicate, in the log, synchronous=FULL",
    size=PRODUCERS * 50,
    ours={
        f"{OURS}, {PRODUCERS} threads": with_threads,
        f"{OURS}, {PRODUCERS} tasks": with_tasks,
    },
    peers=(
        Peer(
            name=f"JetStream, {PRODUCERS} tasks",
            load=_jetstream,
            target=2.5,
            aim=4,
            note="nats-server with sync_interval: always, in a process of its own; nats-py; "
            "nothing is checked, duplicates are kept",
        ),
    ),
)

CASES = {
    case.name: case
    for case in (
        route_case("route", "published by a thread, handled by 10 actors", from_actor=False),
        route_case("route-from-actor", "published in an actor's turn", from_actor=True),
        DURABLE,
    )
}
