"""Where a node's log goes: everything into a file, one line for each thing to a person."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from logging.handlers import RotatingFileHandler
from typing import TYPE_CHECKING, Final

from .snapshot import one_line

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from ringleader.actors.publication import Publication

    from .deaths import Death

FILE_BYTES: Final = 10_000_000
FILES: Final = 4
"""The file and three older ones: 40 MB in all."""

CAUSE: Final = 160
"""Characters of a cause in the log; the record beside it has the whole story."""

_FILE_FORMAT: Final = "%(asctime)s %(levelname)s %(name)s %(threadName)s: %(message)s"
_FOR_PEOPLE: Final = ("ringleader.node", "ringleader.deaths")
_TOLD_ELSEWHERE: Final = ("ringleader.actor", "pykka")

deaths = logging.getLogger("ringleader.deaths")
status = logging.getLogger("ringleader.node")
events = logging.getLogger("ringleader.events")


class LineHandler(logging.Handler):
    """Gives a person one line for each record, without tracebacks, and leaves out the small talk.

    A person hears how the run goes, of every death, and of whatever is a warning or worse; all the
    rest is in the file. What an actor fails with is there too: the line of its death says it again,
    with what was done about it.

    Args:
        write: takes a line.
    """

    def __init__(self, write: Callable[[str], object]) -> None:
        super().__init__()
        self._write = write
        self._times = logging.Formatter()
        self.addFilter(_is_for_people)

    def emit(self, record: logging.LogRecord) -> None:
        """Write one line."""
        try:
            at = self._times.formatTime(record, "%H:%M:%S")
            mark = f"{record.levelname.lower()}: " if record.levelno >= logging.ERROR else ""
            self._write(f"{at} {mark}{one_line(record.getMessage())}")
        except Exception:  # noqa: BLE001  # as all handlers do: a closed pipe must not end the node
            self.handleError(record)


@dataclass(frozen=True)
class Logs:
    """The handlers of one node, to be closed at its end."""

    file: RotatingFileHandler
    lines: LineHandler
    level: int

    def close(self) -> None:
        """Take the handlers away again, and close the file."""
        root = logging.getLogger()
        root.removeHandler(self.file)
        root.removeHandler(self.lines)
        root.setLevel(self.level)
        self.file.close()


def open_logs(path: Path, level: str, write: Callable[[str], object]) -> Logs:
    """Log everything of this process into a file, and what a person wants to know line by line.

    Args:
        path: of the file; it is rotated.
        level: the least severe that is logged.
        write: takes a line for a person; called from any thread.

    Raises:
        OSError: the file can't be written.
    """
    file = RotatingFileHandler(path, maxBytes=FILE_BYTES, backupCount=FILES - 1, encoding="utf-8")
    file.setFormatter(logging.Formatter(_FILE_FORMAT))
    root = logging.getLogger()
    logs = Logs(file, LineHandler(write), root.level)
    root.addHandler(logs.file)
    root.addHandler(logs.lines)
    root.setLevel(level)
    return logs


def set_event_level(level: str) -> Callable[[], None]:
    """Log of events what is at least this severe; return what sets it back."""
    before = events.level
    events.setLevel(level)
    return lambda: events.setLevel(before)


def log_event(publication: Publication, paths: Sequence[str]) -> None:
    """Log an event and who gets it, in the words of the reference system; for who traces events."""
    envelope, name = publication.envelope, publication.event.EVENT.name
    events.debug(
        "[EventRouter] Published: %s (source=%s) id=%s", name, envelope.source, envelope.id
    )
    if paths:
        events.debug("[EventRouter] Delivered to: %s", ", ".join(paths))


def log_death(death: Death) -> None:
    """Log an end that nobody ordered, in one line."""
    decision = death.decision or "nobody has decided yet"
    deaths.warning("%s died: %s → %s", death.path, one_line(death.cause, CAUSE), decision)


def _is_for_people(record: logging.LogRecord) -> bool:
    if record.name in _TOLD_ELSEWHERE:
        return record.exc_info is None and record.levelno >= logging.WARNING
    return record.name in _FOR_PEOPLE or record.levelno >= logging.WARNING
