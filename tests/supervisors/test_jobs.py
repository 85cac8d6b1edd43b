from __future__ import annotations

import os
import signal
from typing import TYPE_CHECKING

import pytest

from ringleader.actors.daemons.job_messages import JobFinished, JobProgress, JobStarted, StartJob
from ringleader.supervisors.child import Child
from ringleader.supervisors.jobs import JobSupervisor
from ringleader.testing import ManualClock
from tests.actors.daemons.desk import SECONDS, SUCCEED, WAIT, Desk

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    with Desk(tmp_path, clock=ManualClock()) as made:
        yield made


def test_a_job_that_runs_is_not_started_again(desk: Desk) -> None:
    first = desk.jobs.start_job(desk.request(WAIT), timeout=SECONDS)
    second = desk.jobs.start_job(desk.request(WAIT), timeout=SECONDS)
    assert first == second
    assert first.path == "/jobs/j1"
    desk.next(JobStarted)
    desk.next(JobProgress)
    assert desk.runs() == 1


def test_a_job_can_be_started_by_a_message(desk: Desk) -> None:
    for _ in range(2):
        desk.jobs.tell(StartJob(desk.request(SUCCEED)))
    assert desk.next(JobFinished).result == {"games": 3}
    assert desk.jobs.count_children(timeout=SECONDS).active == 0
    assert desk.runs() == 1


def test_a_job_between_two_processes_is_known(desk: Desk) -> None:
    ref = desk.jobs.start_job(desk.request(WAIT), timeout=SECONDS)
    for _ in range(4):  # the fourth restart waits, and no time passes
        os.kill(desk.next(JobStarted).pid, signal.SIGKILL)
    while desk.jobs.which_children(timeout=SECONDS)[0].state != "restarting":
        pass
    assert desk.jobs.start_job(desk.request(WAIT), timeout=SECONDS) == ref


def test_the_first_restarts_come_at_once_and_later_ones_wait_longer(desk: Desk) -> None:
    supervisor = JobSupervisor(desk.settings)
    child = Child(supervisor.template, "j1", dynamic=True)
    waits: list[float] = []
    for restarts in range(1, 12):
        child.restarts = restarts
        waits.append(supervisor.backoff(child))
    assert waits == [0, 0, 0, 0.1, 0.2, 0.4, 0.8, 1.6, 3.2, 5, 5]


def test_many_jobs_run_side_by_side_and_all_end(tmp_path: Path) -> None:
    with Desk(tmp_path) as desk:
        for number in range(12):
            desk.jobs.tell(StartJob(desk.request(SUCCEED, job_id=f"many-{number}")))
        finished = {desk.next(JobFinished).request.job_id for _ in range(12)}
        assert finished == {f"many-{number}" for number in range(12)}
