"""The event that says how far a running job is."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..events.work import TaskHeartbeat

if TYPE_CHECKING:
    from ..workloads.protocol import Progress
    from .job_messages import JobRequest


def heartbeat(
    request: JobRequest, progress: Progress | None, *, node_id: str, elapsed: float, now: float
) -> TaskHeartbeat:
    """Return the event that says how far a running job is."""
    done, total, unit = (
        (0, 0, "") if progress is None else (progress.done, progress.total, progress.unit)
    )
    share = done / total if total > 0 else None
    return TaskHeartbeat(
        task_id=request.job_id,
        task_type=request.task_type,
        node_id=node_id,
        status="running",
        progress=share,
        progress_percent=None if share is None else 100.0 * share,
        games_completed=done if unit == "games" else None,
        samples_generated=done if unit == "samples" else None,
        elapsed_seconds=elapsed,
        heartbeat_at=now,
    )
