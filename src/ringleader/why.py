"""Why somebody is as they are: the last death, what was decided, and what holds it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import msgspec

from ringleader.actors.errors import NoSuchActor
from ringleader.actors.events.errors import did_you_mean, nearest
from ringleader.transport.death_records import DeathRecord, Tally

from .snapshot import CellSnapshot, HoldLine, hold_line

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ringleader.actors.holds import Hold
    from ringleader.transport.death_records import DeathArchive

RECENT: Final = 3600.0
"""Seconds for which deaths are counted."""


class Finding(msgspec.Struct, frozen=True, kw_only=True):
    """What is known of whoever lives at a path.

    Attributes:
        path: the path.
        present: how they fare; None if nobody has this place, or the node does not run.
        hold: what keeps them down, if anything does.
        death: the last one, if there was one.
        last_hour: how often they died in the last hour, and in how many ways.
    """

    path: str
    present: CellSnapshot | None = None
    hold: HoldLine | None = None
    death: DeathRecord | None = None
    last_hour: Tally = Tally()


def find(
    path: str,
    archive: DeathArchive,
    *,
    now: float,
    hold: Hold | None = None,
    present: CellSnapshot | None = None,
    known: Iterable[str] = (),
) -> Finding:
    """Put together what is known.

    Args:
        path: of whom.
        archive: has the deaths.
        now: seconds UTC.
        hold: on the path, if there is one.
        present: how they fare, if they have a place.
        known: paths, to name what is near.

    Raises:
        NoSuchActor: nothing is known of this path.
    """
    death = archive.latest(path)
    if death is None and hold is None and present is None:
        near = nearest(path, {*known, *archive.paths()})
        raise NoSuchActor(path, f", and nobody has died there{did_you_mean(near)}")
    return Finding(
        path=path,
        present=present,
        hold=None if hold is None else hold_line(hold),
        death=death,
        last_hour=archive.tally(path, now - RECENT),
    )
