"""Durations as people write and read them."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Final

from ringleader.actors.errors import RingleaderError

_UNITS: Final = {"s": 1.0, "m": 60.0, "min": 60.0, "h": 3600.0, "d": 86400.0, "w": 604800.0}
_PART: Final = re.compile(r"(\d+(?:\.\d+)?)\s*([a-z]*)\s*")
_SHOWN: Final = (("d", 86400), ("h", 3600), ("min", 60), ("s", 1))


class BadDuration(RingleaderError, ValueError):  # noqa: N818  # as a command says it
    """A text is no duration.

    Attributes:
        exit_code: of a command that meets it.
    """

    exit_code = 1

    def __init__(self, text: str) -> None:
        super().__init__(f"{text!r} is no duration; write 90s, 30m, 2h, 7d or 1h30m")


def seconds_in(text: str) -> float:
    """Return the seconds in `90s`, `30m`, `2h`, `7d`, `1w` or `1h30m`; a bare number is seconds.

    Raises:
        BadDuration: it is none.
    """
    word, at, seconds = text.strip().lower(), 0, 0.0
    while at < len(word):
        part = _PART.match(word, at)
        unit = None if part is None else _UNITS.get(part[2] or "s")
        if part is None or unit is None:
            raise BadDuration(text)
        seconds, at = seconds + float(part[1]) * unit, part.end()
    if not word:
        raise BadDuration(text)
    return seconds


def in_words(seconds: float) -> str:
    """Return a duration in its two largest units: `3 d 4 h`, `59 min 3 s`, `12 s`, `0.4 s`."""
    if seconds < 9.95:  # noqa: PLR2004  # from here on a tenth is nobody's concern
        return f"{max(0.0, seconds):.2g} s"
    left, words = round(seconds), list[str]()
    for name, size in _SHOWN:
        number, left = divmod(left, size)
        if number or words:
            words.append(f"{number} {name}")
        if len(words) == 2:  # noqa: PLR2004  # as promised
            break
    return " ".join(word for word in words if not word.startswith("0 "))


def local_time(seconds: float) -> str:
    """Return a time, seconds UTC, as the clock on the wall shows it: `2026-01-01 12:00:00`."""
    return datetime.fromtimestamp(seconds, UTC).astimezone().strftime("%Y-%m-%d %H:%M:%S")
