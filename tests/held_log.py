"""An event log that commits, and hands out, only when the test says so."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from ringleader.actors.event_log_memory import MemoryEventLog
from ringleader.actors.events.base import Dedup, Event, EventType
from ringleader.testing import ManualClock

if TYPE_CHECKING:
    from collections.abc import Callable

    from ringleader.actors.event_log import Fetched, Then
    from ringleader.actors.publication import Publication


class Kept(Event, frozen=True, kw_only=True):
    """Something that is in the event log."""

    EVENT: ClassVar[EventType] = EventType.custom("KEPT", durable=True, dedup=Dedup.id())

    number: int


class Said(Event, frozen=True, kw_only=True):
    """The same, of which equal payloads are the same fact."""

    EVENT: ClassVar[EventType] = EventType.custom("SAID", durable=True)

    number: int


class Fleeting(Event, frozen=True, kw_only=True):
    """Something that nobody keeps."""

    EVENT: ClassVar[EventType] = EventType.custom("FLEETING", dedup=Dedup.id())

    number: int


class HeldLog(MemoryEventLog):
    """A log in memory whose disk and whose answers wait for the test.

    Attributes:
        holds_commits: whether events wait for `commit`.
        holds_answers: whether what was fetched waits for `answer`.
    """

    def __init__(self) -> None:
        super().__init__(ManualClock())
        self.holds_commits = self.holds_answers = False
        self._written: list[Publication] = []
        self._answers: list[Callable[[], object]] = []

    def append(self, publication: Publication) -> None:
        if self.holds_commits:
            self._written.append(publication)
        else:
            super().append(publication)

    def commit(self) -> None:
        """Let everything through."""
        self.holds_commits = False
        written, self._written = self._written, []
        for publication in written:
            super().append(publication)

    def fetch(
        self, name: str, owner: str, limit: int, then: Then[Fetched], *, wait: bool = False
    ) -> None:
        def fetched(result: object) -> None:
            if self.holds_answers:
                self._answers.append(lambda: then(result))  # type: ignore[arg-type]  # as it came
            else:
                then(result)  # type: ignore[arg-type]  # as it came

        super().fetch(name, owner, limit, fetched, wait=wait)

    def answer(self) -> None:
        """Let everything through."""
        self.holds_answers = False
        answers, self._answers = self._answers, []
        for each in answers:
            each()
