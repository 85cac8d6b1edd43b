"""Dead letters in the log: one line for many that are alike, so that a flood drowns nothing."""

from __future__ import annotations

import logging
from collections import OrderedDict
from dataclasses import dataclass
from threading import Lock
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable

    from .dead_letters import StoredLetter

logger = logging.getLogger("ringleader.dead_letters")

GROUPS: Final = 1_000
"""Kinds of letters that are told apart at a time; of more, the oldest is told anew."""
ERROR: Final = 160
"""Characters of an error; the letter has the whole story."""


@dataclass(slots=True)
class _Group:
    """Letters that are alike.

    Attributes:
        since: when the window of its last line began.
        more: how many came since that line.
        line: what the line says.
    """

    since: float
    more: int
    line: str


class Grouping:
    """Says which letters get a line: the first of its kind in a window, and then the rest as a sum.

    Args:
        window: seconds.
        capacity: kinds that are remembered.
    """

    def __init__(self, window: float, capacity: int = GROUPS) -> None:
        self._window, self._capacity = window, capacity
        self._groups: OrderedDict[Hashable, _Group] = OrderedDict()  # the oldest window first

    def note(self, key: Hashable, line: str, now: float) -> list[tuple[str, int]]:
        """Take a letter; return the lines that are due with it, each with how many more it means.

        A line with a sum tells of those that were not told; the others are about one letter.
        """
        told = self.due(now)
        group = self._groups.get(key)
        if group is not None:
            group.more, group.line = group.more + 1, line
            return told
        self._groups[key] = _Group(now, 0, line)
        if len(self._groups) > self._capacity:
            _, oldest = self._groups.popitem(last=False)
            if oldest.more:
                told.append((oldest.line, oldest.more))
        return [*told, (line, 0)]

    def due(self, now: float) -> list[tuple[str, int]]:
        """Return the sums of the windows that are over."""
        told: list[tuple[str, int]] = []
        while self._groups:
            key, group = next(iter(self._groups.items()))
            if now - group.since < self._window:
                break
            del self._groups[key]
            if group.more:
                told.append((group.line, group.more))
                self._groups[key] = _Group(now, 0, group.line)  # it goes on: the next sum, later
        return told


class LetterLog:
    """Logs dead letters, by (subscriber, reason, fingerprint). Safe to use from any thread.

    A single one is worth a line in the file: the death that it belongs to is told elsewhere. Many
    that are alike are a warning.

    Args:
        now: tells monotonic seconds.
        window: seconds in which letters that are alike share a line.
    """

    def __init__(self, now: Callable[[], float], window: float) -> None:
        self._now, self._grouping, self._lock = now, Grouping(window), Lock()

    def note(self, letter: StoredLetter) -> None:
        """Log a letter, or count it for a later line."""
        key = (letter.path, letter.reason, letter.fingerprint)
        with self._lock:
            lines = self._grouping.note(key, _line(letter), self._now())
        _log(lines)

    def flush(self) -> None:
        """Log the sums that are due."""
        with self._lock:
            lines = self._grouping.due(self._now())
        _log(lines)


def _line(letter: StoredLetter) -> str:
    what = f"{letter.event_type} for {letter.path or 'nobody in particular'}"
    first, *rest = letter.error.splitlines() or [""]
    error = f"{first[:ERROR]} …" if rest or len(first) > ERROR else first
    return (
        f"{what}: {letter.reason}"
        if error == letter.reason
        else f"{what}: {letter.reason}, {error}"
    )


def _log(lines: list[tuple[str, int]]) -> None:
    for line, more in lines:
        if more:
            logger.warning("dead letters: %s … and %s more like it", line, f"{more:,}")
        else:
            logger.info("dead letter: %s", line)
