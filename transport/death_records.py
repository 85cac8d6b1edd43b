"""Deaths as they are kept: everything that is known, as text of bounded length."""

from __future__ import annotations

import traceback
from typing import TYPE_CHECKING, Any, Final, Protocol

import msgspec

from ringleader.actors.foreign_text import head, said, shown, tail, type_name

from .supervision import SupervisionError

if TYPE_CHECKING:
    from ringleader.actors.letters import DeathReport

    from .sqlite import Readable

LINE: Final = 2_000
"""Characters of a cause, a fingerprint or a decision."""
IN_HAND: Final = 1_000
"""Characters of the message in hand."""
TRACE: Final = 8_000
"""Characters of a traceback: its end, which names the error."""


class Ended(Protocol):
    """What is known of a death: the report, and what was done about it."""

    @property
    def cause(self) -> str:
        """Why it ended, in a few words."""
        ...

    @property
    def decision(self) -> str:
        """What its supervisor did; empty while it has not decided."""
        ...

    @property
    def rule(self) -> str:
        """By which rule."""
        ...

    @property
    def left(self) -> int | None:
        """How many restarts that rule still allows."""
        ...

    @property
    def report(self) -> DeathReport:
        """The report."""
        ...


class DeathRecord(msgspec.Struct, frozen=True, kw_only=True):
    """One end that nobody ordered, as text.

    Attributes:
        path: where it lived.
        number: which life at that path it was.
        time: when, seconds UTC.
        uptime: seconds that it lived.
        cause: why it ended, in a few words.
        error: the exception's type, `package.module.Name`; empty if it was none.
        traceback: the exception's, as Python prints it.
        stack: where its thread was, if it hung.
        in_hand: the message it was at; None if it was at none.
        depth: messages that waited.
        fingerprint: what equal crashes have in common.
        decision: what its supervisor did; empty if nothing is known of it.
        rule: by which rule.
        left: how many restarts that rule still allowed; None where none counted.
    """

    path: str
    number: int
    time: float
    uptime: float
    cause: str
    error: str = ""
    traceback: str = ""
    stack: str = ""
    in_hand: str | None = None
    depth: int = 0
    fingerprint: str = ""
    decision: str = ""
    rule: str = ""
    left: int | None = None


class Tally(msgspec.Struct, frozen=True, kw_only=True):
    """How often somebody died.

    Attributes:
        deaths: how often.
        fingerprints: in how many different ways.
    """

    deaths: int = 0
    fingerprints: int = 0


def record_of(ended: Ended) -> DeathRecord:
    """Format what is known. Slow, and calls foreign code; where that fails, the record says so."""
    report = ended.report
    reason = report.reason
    is_error = isinstance(reason, BaseException)
    return DeathRecord(
        path=report.path,
        number=report.number,
        time=report.time,
        uptime=report.uptime,
        cause=head(ended.cause, LINE),
        error=type_name(type(reason)) if is_error else "",
        traceback=tail(said(lambda: _traceback(reason)), TRACE) if is_error else "",
        stack=tail(report.stack, TRACE),
        in_hand=None if report.in_hand is None else head(shown(report.in_hand, IN_HAND), IN_HAND),
        depth=report.depth,
        fingerprint=head(said(lambda: report.fingerprint), LINE),
        decision=head(ended.decision, LINE),
        rule=head(ended.rule, LINE),
        left=ended.left,
    )


class DeathArchive:
    """Looks up deaths in a file.

    Args:
        source: the file, which whoever opened it closes.
    """

    def __init__(self, source: Readable) -> None:
        self._source = source

    def find(
        self, path: str | None = None, *, since: float = 0.0, limit: int = 100
    ) -> list[DeathRecord]:
        """Return the last deaths, oldest first.

        Args:
            path: only those there and below; None: everywhere.
            since: seconds UTC; no earlier ones.
            limit: how many at most.
        """
        where = "time >= ?"
        bindings: tuple[float | str, ...] = (since,)
        if path is not None:
            # "/" is followed by "0": all that begins with `path/` lies between both.
            where += " AND (path = ? OR (path > ? AND path < ?))"
            bindings = (since, path, f"{path}/", f"{path}0")
        found = self._source.rows(
            f"SELECT record FROM deaths WHERE {where} ORDER BY number DESC LIMIT ?",  # noqa: S608  # the words are ours
            (*bindings, limit),
        )
        return [_read(text) for (text,) in reversed(found)]

    def latest(self, path: str) -> DeathRecord | None:
        """Return the last death of whoever lived at a path."""
        found = self._source.rows(
            "SELECT record FROM deaths WHERE path = ? ORDER BY number DESC LIMIT 1", (path,)
        )
        return _read(found[0][0]) if found else None

    def tally(self, path: str, since: float) -> Tally:
        """Count the deaths at a path since a time, seconds UTC."""
        ((deaths, prints),) = self._source.rows(
            "SELECT count(*), count(DISTINCT fingerprint) FROM deaths WHERE path = ? AND time >= ?",
            (path, since),
        )
        return Tally(deaths=deaths, fingerprints=prints)

    def paths(self) -> list[str]:
        """Return the paths at which somebody died."""
        return [path for (path,) in self._source.rows("SELECT DISTINCT path FROM deaths")]


def _read(text: str) -> DeathRecord:
    try:
        return msgspec.json.decode(text, type=DeathRecord)
    except msgspec.DecodeError as error:
        raise SupervisionError(
            f"the record of supervision has a death that can't be read: {error}; move the file "
            "away to start afresh"
        ) from error


def _traceback(reason: Any) -> str:
    return "".join(traceback.format_exception(reason, limit=-100))
