"""What crosses, beside what it is measured, and what is asked for."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager, contextmanager
from functools import partial
from typing import TYPE_CHECKING, NamedTuple, TypeAlias

from .bridge_ours import ours
from .bridge_process import RATE, Crossing
from .bridge_raw import raw
from .bridge_remote import remote

if TYPE_CHECKING:
    from collections.abc import Generator

Load: TypeAlias = Callable[[], AbstractContextManager[Crossing]]
"""Opens a way to another process; ImportError if what it needs is not there."""

KEPT, LIGHT = "ringleader, durable", "ringleader, in memory"
SECRET, TOLD = "ringleader, CURVE", "ringleader, remote tell"
RAW, STREAM, LAX = "raw pyzmq", "JetStream", "JetStream, unsynced"


class Side(NamedTuple):
    """One way to another process.

    Attributes:
        name: of it.
        load: opens it.
        note: what it does, and what it does not.
        share: of the case's events that a run of it has; few for what is slow.
    """

    name: str
    load: Load
    note: str = ""
    share: float = 1.0


class Versus(NamedTuple):
    """A side that is compared with another one.

    Attributes:
        mine: the side.
        other: what its figure is divided by.
        target: the ratio that is asked for: at least so much where rates are measured, at most
            where delays are; None: it is shown as information only.
        aim: the ratio that is hoped for.
    """

    mine: str
    other: str
    target: float | None = None
    aim: float | None = None


class Case(NamedTuple):
    """Ways that are measured side by side.

    Attributes:
        name: of the case.
        what: is measured.
        size: events in a run.
        sides: the ways.
        versus: who is compared with whom.
        is_paced: whether events are sent at `RATE`, and what each takes is measured; else they are
            sent as fast as can be, and how many come in a second is.
    """

    name: str
    what: str
    size: int
    sides: tuple[Side, ...]
    versus: tuple[Versus, ...]
    is_paced: bool = False


@contextmanager
def _jetstream(size: int, *, is_synced: bool) -> Generator[Crossing]:
    from .bridge_jetstream import jetstream  # noqa: PLC0415  # it may not be installed
    from .events_jetstream import SYNCED, UNSYNCED  # noqa: PLC0415  # as above

    with jetstream(size, SYNCED if is_synced else UNSYNCED) as crossing:
        yield crossing


def _kept(size: int) -> Side:
    note = "as `ringleader up` runs it: committed (FULL) by who publishes and by who handles"
    return Side(KEPT, partial(ours, size), note, share=0.5)


def _light(size: int) -> Side:
    note = "the same bridge over streams in memory: nothing is kept, duplicates are known by id"
    return Side(LIGHT, partial(ours, size, is_kept=False), note)


def _raw(size: int) -> Side:
    note = "topic and body in two parts per event, the same bytes each time; nothing is checked"
    return Side(RAW, partial(raw, size), note)


def rates(name: str, size: int, number: int, target: float, aim: float) -> Case:
    """Return how many events of one size cross in a second.

    Args:
        name: of the case.
        size: bytes of an event's payload.
        number: of events in a run.
        target: the ratio to raw pyzmq that is asked for, without durability.
        aim: the ratio that is hoped for.
    """
    return Case(
        name=name,
        what=f"{size:,} bytes: published by an actor, handled by an actor of another node",
        size=number,
        sides=(
            _kept(size),
            _light(size),
            Side(
                TOLD,
                partial(remote, size),
                "ref.tell to an actor of another node: at most once, nothing is kept",
                share=0.5,
            ),
            _raw(size),
            Side(
                STREAM,
                partial(_jetstream, size, is_synced=True),
                "async acks, sync_interval: always; the consumer acknowledges nothing",
                share=0.05,
            ),
            Side(
                LAX,
                partial(_jetstream, size, is_synced=False),
                "the same as it comes: acknowledged, and synced two minutes later",
                share=0.5,
            ),
        ),
        versus=(
            Versus(LIGHT, RAW, target, aim),
            Versus(KEPT, LIGHT, 0.15, 0.4),
            Versus(KEPT, STREAM, 2, 6),
            Versus(KEPT, LAX),
            Versus(KEPT, RAW),
            Versus(TOLD, RAW),
        ),
    )


def curve(name: str, size: int, number: int) -> Case:
    """Return what encryption costs."""
    return Case(
        name=name,
        what=f"{size:,} bytes, encrypted and not; nothing is kept",
        size=number,
        sides=(
            Side(SECRET, partial(ours, size, is_kept=False, is_secret=True), "keys on both sides"),
            _light(size),
        ),
        versus=(Versus(SECRET, LIGHT, 0.5),),
    )


DELAYS = Case(
    name="delay",
    what=f"ms from publish to handler, 100 bytes, {RATE:,.0f} events/s",
    size=5_000,
    sides=(_kept(100), _light(100), _raw(100)),
    versus=(Versus(LIGHT, RAW, 3, 2), Versus(KEPT, RAW)),
    is_paced=True,
)

CASES = {
    case.name: case
    for case in (
        rates("100B", 100, 10_000, 2, 5),
        rates("1KB", 1_000, 10_000, 1.5, 3),
        rates("10KB", 10_000, 2_000, 1, 1.4),
        DELAYS,
        curve("curve-1KB", 1_000, 10_000),
        curve("curve-10KB", 10_000, 2_000),
    )
}
