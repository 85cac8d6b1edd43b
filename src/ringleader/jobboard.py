"""How far the running jobs are, as their own heartbeats tell."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import Struct

from ringleader.actors.events.work import TaskHeartbeat

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ringleader.actors.events.base import Envelope, Event


class JobLine(Struct, frozen=True, kw_only=True):
    """One running job.

    Attributes:
        job_id: whose.
        share: done, 0 to 1; None if it has not said.
        seconds: how long its process has run.
    """

    job_id: str
    share: float | None = None
    seconds: float = 0.0


class JobBoard:
    """A tap of the registry that keeps the last heartbeat of each job."""

    def __init__(self) -> None:
        self._beats: dict[str, TaskHeartbeat] = {}

    def __call__(self, event: Event, _envelope: Envelope) -> None:
        """Take an event; called in the registry's turn."""
        if isinstance(event, TaskHeartbeat):
            self._beats[event.task_id] = event

    def lines(self, running: Iterable[str]) -> tuple[JobLine, ...]:
        """Return a line for each job that runs, and forget the others."""
        ids = list(running)
        kept = {job_id: beat for job_id in ids if (beat := self._beats.get(job_id)) is not None}
        for gone in [job_id for job_id in list(self._beats) if job_id not in kept]:
            self._beats.pop(gone, None)
        return tuple(_line(job_id, kept.get(job_id)) for job_id in ids)


def _line(job_id: str, beat: TaskHeartbeat | None) -> JobLine:
    if beat is None:
        return JobLine(job_id=job_id)
    return JobLine(job_id=job_id, share=beat.progress, seconds=beat.elapsed_seconds or 0.0)
