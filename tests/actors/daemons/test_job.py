from __future__ import annotations

import json
import logging
import os
import queue
import signal
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from ringleader.actors.daemons import job as job_module
from ringleader.actors.daemons.job import HEARTBEAT
from ringleader.actors.daemons.job_errors import JobProcessDied
from ringleader.actors.daemons.job_messages import JobFinished, JobGaveUp, JobProgress, JobStarted
from ringleader.actors.events.work import TaskHeartbeat
from ringleader.actors.letters import Outcome
from ringleader.testing import ManualClock
from tests.actors.daemons.desk import SECONDS, SUCCEED, WAIT, Desk

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

COUNT_TO_SIX = """
done = first = int(checkpoint.read_text()) if checkpoint.exists() else 0
while done < 6:
    done += 1
    keep(done)
    if done == 3:
        say("progress", done=3, total=3)
        sys.stdin.read()
say("result", games=done, resumed_at=first)
"""
CHECKPOINT_ON_SIGTERM = """
import signal
def stop(*_):
    keep("stopped")
    sys.exit(143)
signal.signal(signal.SIGTERM, stop)
say("progress", done=0, total=1)
signal.pause()
"""
IGNORE_SIGTERM = """
import signal
signal.signal(signal.SIGTERM, signal.SIG_IGN)
say("progress", done=0, total=1)
sys.stdin.read()
"""


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
def desk(tmp_path: Path, clock: ManualClock) -> Iterator[Desk]:
    with Desk(tmp_path, clock=clock) as made:
        yield made


def is_gone(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return True
    return False


# ---------------------------------------------------------------- results


def test_a_job_that_succeeds_is_reported_with_its_result(desk: Desk) -> None:
    request = desk.start(SUCCEED)
    started = desk.next(JobStarted)
    assert (started.request, started.attempt) == (request, 1)
    finished = desk.next(JobFinished)
    assert finished.request == request
    assert finished.result == {"games": 3}
    assert desk.jobs.count_children(timeout=SECONDS).active == 0


def test_the_result_is_on_disk_before_anybody_hears_of_it(desk: Desk) -> None:
    desk.start(SUCCEED)
    desk.next(JobFinished)
    kept = desk.settings.jobs_dir / "j1" / "result.json"
    assert json.loads(kept.read_text()) == {"games": 3}


def test_a_job_that_is_asked_for_after_its_end_runs_nothing(desk: Desk) -> None:
    desk.start(SUCCEED)
    desk.next(JobFinished)
    desk.start(SUCCEED)
    assert desk.next(JobFinished).result == {"games": 3}
    assert desk.runs() == 1


def test_a_job_whose_output_was_removed_runs_again(desk: Desk, tmp_path: Path) -> None:
    output = tmp_path / "out" / "games.npz"
    program = f"pathlib.Path({str(output)!r}).touch()\n{SUCCEED}"
    desk.start(program, outputs={"games": str(output)})
    desk.next(JobFinished)
    output.unlink()
    desk.start(program, outputs={"games": str(output)})
    desk.next(JobFinished)
    assert desk.runs() == 2


def test_a_program_that_prints_more_than_the_mailbox_holds_is_heard_to_the_end(desk: Desk) -> None:
    desk.start(f"for n in range(5_000): print(n)\n{SUCCEED}")
    assert desk.next(JobFinished).result == {"games": 3}


# ---------------------------------------------------------------- deaths


def test_a_killed_process_is_followed_by_one_that_resumes(desk: Desk) -> None:
    desk.start(COUNT_TO_SIX)
    first = desk.next(JobStarted)
    desk.next(JobProgress)
    os.kill(first.pid, signal.SIGKILL)
    second = desk.next(JobStarted)
    assert second.attempt == 2
    assert second.pid != first.pid
    assert desk.next(JobFinished).result == {"games": 6, "resumed_at": 3}
    assert desk.runs() == 2


def test_the_death_of_a_process_is_the_death_of_its_actor(desk: Desk) -> None:
    desk.start(WAIT)
    os.kill(desk.next(JobStarted).pid, signal.SIGKILL)
    desk.next(JobStarted)
    death = desk.system.deaths.all()[-1]
    assert death.path == "/jobs/j1"
    assert death.cause == "JobProcessDied: job j1: its process was killed by SIGKILL"
    assert isinstance(death.report.reason, JobProcessDied)


def test_a_failure_says_what_the_program_said(desk: Desk) -> None:
    desk.start("say('error', kind='failed', message='no luck'); sys.exit(1)", attempts=2)
    desk.next(JobGaveUp)
    assert "exit code 1 (no luck)" in desk.system.deaths.all()[-1].cause


def test_a_crash_of_the_actor_kills_its_process_before_the_next_one(desk: Desk) -> None:
    desk.start(WAIT)
    first = desk.next(JobStarted)
    cell = desk.system.ref("/jobs/j1").cell
    assert cell.current is not None
    cell.inject(cell.current, ValueError("struck"))
    assert desk.next(JobStarted).attempt == 2
    assert is_gone(first.pid)


def test_a_killed_supervisor_leaves_no_process(desk: Desk) -> None:
    desk.start(WAIT)
    pid = desk.next(JobStarted).pid
    cell = desk.jobs.cell
    assert cell.current is not None
    cell.kill(cell.current)
    assert is_gone(pid)


def test_a_job_that_was_killed_with_its_supervisor_can_be_asked_for_again(desk: Desk) -> None:
    desk.start(WAIT)
    desk.next(JobStarted)
    cell = desk.jobs.cell
    assert cell.current is not None
    cell.kill(cell.current)
    desk.start(WAIT)
    assert desk.next(JobStarted).attempt == 1


# ---------------------------------------------------------------- giving up


def test_a_wrong_job_file_is_given_up_at_once(desk: Desk) -> None:
    desk.start("say('error', kind='bad-input', message='unknown option'); sys.exit(64)")
    gave_up = desk.next(JobGaveUp)
    assert (gave_up.kind, gave_up.message) == ("bad-job", "unknown option")
    assert desk.runs() == 1
    assert desk.jobs.count_children(timeout=SECONDS).active == 0


def test_a_missing_extra_is_given_up_at_once(desk: Desk) -> None:
    desk.start("say('error', kind='missing-extra', message='pip install …'); sys.exit(69)")
    assert desk.next(JobGaveUp).kind == "missing-extra"
    assert desk.runs() == 1


def test_a_job_that_dies_too_often_is_given_up(desk: Desk) -> None:
    desk.start("sys.exit('broken')", attempts=3)
    gave_up = desk.next(JobGaveUp)
    assert gave_up.kind == "attempts"
    assert gave_up.message == (
        "its process ended with exit code 1 (broken); that was attempt 3 of 3"
    )
    assert desk.runs() == 3


def test_a_job_that_was_given_up_can_be_asked_for_again(desk: Desk) -> None:
    desk.start("sys.exit('broken')", attempts=1)
    desk.next(JobGaveUp)
    desk.start("sys.exit('broken')", attempts=1)
    assert desk.next(JobStarted).attempt == 1
    desk.next(JobGaveUp)


def test_a_program_that_is_not_there_is_given_up(desk: Desk) -> None:
    request = replace(desk.request(""), kind="train", command=("no-such-program",))
    desk.jobs.start_job(request, timeout=SECONDS)
    gave_up = desk.next(JobGaveUp)
    assert gave_up.kind == "bad-command"
    assert gave_up.message.startswith("'no-such-program' can't be started: there is no such")
    assert gave_up.message.endswith("set the command of [stages.train] to a program that can")


def test_a_job_that_takes_too_long_is_killed_and_given_up(desk: Desk, clock: ManualClock) -> None:
    desk.start(WAIT, timeout=60.0)
    pid = desk.next(JobStarted).pid
    desk.next(JobProgress)
    clock.advance(59.0)
    assert not is_gone(pid)
    clock.advance(1.0)
    gave_up = desk.next(JobGaveUp)
    assert gave_up.kind == "timeout"
    assert gave_up.message.startswith("it took longer than 60 s and was killed")
    assert desk.jobs.count_children(timeout=SECONDS).active == 0
    assert is_gone(pid)


def test_a_directory_that_can_not_be_written_to_is_named(desk: Desk) -> None:
    desk.settings.jobs_dir.touch()
    desk.start(SUCCEED, attempts=2)
    gave_up = desk.next(JobGaveUp)
    assert gave_up.kind == "attempts"
    assert "jobs/j1 can't be written to (Not a directory); check its owner" in gave_up.message
    [death] = desk.system.deaths.all()
    assert death.cause == f"JobError: job j1: {gave_up.message}"


def test_an_actor_that_was_killed_too_often_gives_up(desk: Desk) -> None:
    desk.start(WAIT, attempts=1)
    desk.next(JobStarted)
    cell = desk.system.ref("/jobs/j1").cell
    assert cell.current is not None
    cell.inject(cell.current, ValueError("struck"))
    gave_up = desk.next(JobGaveUp)
    assert (gave_up.kind, gave_up.message) == ("attempts", "its actor died 1 times")


# ---------------------------------------------------------------- stopping


def test_stopping_lets_the_program_write_a_checkpoint(tmp_path: Path) -> None:
    with Desk(tmp_path) as desk:
        desk.start(CHECKPOINT_ON_SIGTERM)
        pid = desk.next(JobStarted).pid
        desk.next(JobProgress)
    assert is_gone(pid)
    assert (desk.settings.jobs_dir / "j1" / "work" / "checkpoint").read_text() == "stopped"
    assert desk.system.deaths.all() == []


def test_a_program_that_does_not_stop_is_killed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(job_module, "GRACE", 0.05)
    with Desk(tmp_path) as desk:
        desk.start(IGNORE_SIGTERM)
        pid = desk.next(JobStarted).pid
        desk.next(JobProgress)
    assert is_gone(pid)


def test_stopping_a_job_ends_its_process(desk: Desk) -> None:
    desk.start(CHECKPOINT_ON_SIGTERM)
    pid = desk.next(JobStarted).pid
    desk.next(JobProgress)
    desk.jobs.terminate_child(desk.system.ref("/jobs/j1"), timeout=SECONDS)
    assert is_gone(pid)


# ---------------------------------------------------------------- telling


def test_progress_is_told_a_few_times_a_second_and_at_the_end(
    desk: Desk, clock: ManualClock
) -> None:
    program = "for n in range(101): say('progress', done=n, total=100, unit='games')\n"
    desk.start(program + SUCCEED)
    assert (desk.next(JobProgress).done, desk.next(JobProgress).done) == (0, 100)
    desk.next(JobFinished)
    assert clock.now() == 0.0


def test_a_running_job_gives_signs_of_life(desk: Desk, clock: ManualClock) -> None:
    events: queue.SimpleQueue[TaskHeartbeat] = queue.SimpleQueue()
    desk.system.subscribe(TaskHeartbeat, events.put)
    desk.start("say('progress', done=3, total=12, unit='games'); sys.stdin.read()")
    desk.next(JobProgress)
    clock.advance(HEARTBEAT)
    event = events.get(timeout=SECONDS)
    assert (event.task_id, event.task_type, event.status) == ("j1", "selfplay", "running")
    assert (event.games_completed, event.progress, event.progress_percent) == (3, 0.25, 25.0)
    assert (event.node_id, event.elapsed_seconds) == ("local", HEARTBEAT)
    assert event.heartbeat_at == clock.time()


def test_what_the_program_says_is_logged(desk: Desk, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG, "ringleader.job")
    desk.start(f"say('log', level='warning', message='hm'); print('plain'); {SUCCEED}")
    desk.next(JobFinished)
    said = [(r.levelname, r.getMessage()) for r in caplog.records if r.name == "ringleader.job"]
    assert said == [("WARNING", "j1: hm"), ("INFO", "j1: plain")]


def test_whoever_asked_can_be_named_by_ref(desk: Desk) -> None:
    desk.start(SUCCEED, notify=desk.system.ref("/boss"))
    assert desk.next(JobFinished).result == {"games": 3}


def test_what_nobody_could_be_told_is_a_dead_letter(desk: Desk) -> None:
    request = desk.start(SUCCEED, notify="/nobody")
    desk.wait_until_gone()
    letters = desk.system.dead_letters.letters()
    assert {letter.path for letter in letters} == {"/nobody"}
    assert {letter.reason for letter in letters} == {Outcome.UNDELIVERABLE}
    last = letters[-1].message
    assert isinstance(last, JobFinished)
    assert last.request == request


def test_nobody_need_be_told(desk: Desk) -> None:
    desk.start(SUCCEED, notify=None)
    desk.wait_until_gone()
    assert len(desk.system.dead_letters) == 0
    assert desk.runs() == 1
