"""How far jobs are is known from their heartbeats."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from ringleader.actors.events.training import TrainingStarted
from ringleader.actors.events.work import TaskHeartbeat
from ringleader.jobboard import JobBoard, JobLine

if TYPE_CHECKING:
    from ringleader.actors.events.base import Envelope, Event

ENVELOPE = cast("Envelope", None)


def board(*events: Event) -> JobBoard:
    made = JobBoard()
    for event in events:
        made(event, ENVELOPE)
    return made


def beat(job_id: str, share: float | None) -> TaskHeartbeat:
    return TaskHeartbeat(task_id=job_id, progress=share, elapsed_seconds=3.0)


def test_a_running_job_has_its_last_heartbeat() -> None:
    made = board(beat("a", 0.2), beat("a", 0.4), beat("b", None))
    assert made.lines(["a", "b", "c"]) == (
        JobLine(job_id="a", share=0.4, seconds=3.0),
        JobLine(job_id="b", seconds=3.0),
        JobLine(job_id="c"),
    )


def test_a_job_that_is_gone_is_forgotten() -> None:
    made = board(beat("a", 0.2))
    assert made.lines([]) == ()
    assert made.lines(["a"]) == (JobLine(job_id="a"),)


def test_other_events_are_nothing_to_it() -> None:
    assert board(TrainingStarted(config_key="k")).lines([]) == ()
