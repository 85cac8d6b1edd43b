"""How far the running jobs are."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import Struct

from ringleader.actors.daemons.job import Job

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from ringleader.actors.cell import Cell


class JobLine(Struct, frozen=True, kw_only=True):
    """One running job.

    Attributes:
        job_id: whose.
        done: of `total`, in `unit`; 0 of 0 if it has not said.
        seconds: since its actor was started last.
    """

    job_id: str
    done: int = 0
    total: int = 0
    unit: str = ""
    seconds: float = 0.0

    @property
    def share(self) -> float:
        """Done, 0 to 1."""
        return min(1.0, self.done / self.total) if self.total > 0 else 0.0


def job_lines(cells: Iterable[Cell], now: float) -> Iterator[JobLine]:
    """Yield a line for each job among the cells; `now` in the clock's monotonic seconds."""
    for cell in cells:
        current = cell.current
        actor = None if current is None else current.actor
        if current is None or not isinstance(actor, Job):
            continue
        seconds = max(0.0, now - current.began)
        progress = actor.progress
        if progress is None:
            yield JobLine(job_id=cell.path.rpartition("/")[2], seconds=seconds)
        else:
            yield JobLine(
                job_id=cell.path.rpartition("/")[2],
                done=progress.done,
                total=progress.total,
                unit=progress.unit,
                seconds=seconds,
            )
