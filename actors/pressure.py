"""How far behind something is, on one ordered scale; and what that means for who publishes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Literal, TypeAlias

from .events.scales import PressureLevel, Priority

if TYPE_CHECKING:
    from collections.abc import Mapping

OnPressure: TypeAlias = Literal["accept", "slow", "shed", "refuse"]
Verdict: TypeAlias = Literal["take", "wait", "shed", "refuse"]

SHARES: Final[Mapping[PressureLevel, float]] = {
    PressureLevel.LOW: 0.25,
    PressureLevel.SOFT: 0.4,
    PressureLevel.MEDIUM: 0.5,
    PressureLevel.HARD: 0.65,
    PressureLevel.HIGH: 0.8,
    PressureLevel.CRITICAL: 0.9,
    PressureLevel.STOP: 1.0,
}
"""Of the room that there is, how much is taken where a level begins."""

RELEASE: Final = 0.2
"""Share below which pressure is over; between this and `LOW` it stays as it was, so that a queue
that hovers about a mark does not make an event each time."""


def level_of(depth: int, room: int) -> PressureLevel:
    """Return the level of a queue with `depth` messages that has room for `room`."""
    share = depth / room
    found = PressureLevel.NONE
    for level, begins in SHARES.items():
        if share >= begins:
            found = level
    return found


def next_level(current: PressureLevel, depth: int, room: int) -> PressureLevel:
    """Return the level after `current`: it rises at once, and falls only all the way."""
    if depth < room * RELEASE:
        return PressureLevel.NONE
    return max(current, level_of(depth, room))


def mark(level: PressureLevel, room: int) -> int:
    """Return the depth at which a level begins."""
    return max(1, int(SHARES[level] * room))


def verdict(on_pressure: OnPressure, priority: Priority, level: PressureLevel) -> Verdict:
    """Return what an event's publisher meets at a level of the registry.

    `slow` from `SOFT`, `shed` from `HARD` (`SOFT` for low priority), `refuse` from `HIGH`.

    Args:
        on_pressure: what the event's type allows.
        priority: of the event's type.
        level: how far behind the registry is.
    """
    if on_pressure == "slow" and level >= PressureLevel.SOFT:
        return "wait"
    if on_pressure == "shed":
        begins = PressureLevel.SOFT if priority <= Priority.LOW else PressureLevel.HARD
        return "shed" if level >= begins else "take"
    if on_pressure == "refuse" and level >= PressureLevel.HIGH:
        return "refuse"
    return "take"
