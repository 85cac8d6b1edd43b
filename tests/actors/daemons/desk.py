"""A system with a job supervisor, and somebody who asks for jobs and keeps what it is told."""

from __future__ import annotations

import queue
import sys
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Self, TypeVar, cast

from ringleader.actors.base import Actor
from ringleader.actors.daemons.job_messages import (
    JobFinished,
    JobGaveUp,
    JobProgress,
    JobRequest,
    JobStarted,
)
from ringleader.actors.daemons.job_settings import JobSettings
from ringleader.actors.handlers import handles
from ringleader.actors.options import StagesOptions
from ringleader.supervisors.jobs import JobSupervisor, JobSupervisorRef
from ringleader.supervisors.spec import ChildSpec
from ringleader.system import System

if TYPE_CHECKING:
    from pathlib import Path

    from ringleader.actors.daemons.job_messages import JobReport

R = TypeVar("R", JobStarted, JobProgress, JobFinished, JobGaveUp)
SECONDS = 30.0

PRELUDE = """
import json, os, pathlib, sys
job = json.load(open(sys.argv[2]))
checkpoint = pathlib.Path(job["work_dir"]) / "checkpoint"
def say(event, **fields):
    print(json.dumps({"event": event, **fields}), flush=True)
def keep(done):
    part = checkpoint.with_suffix(".part")
    part.write_text(str(done))
    part.replace(checkpoint)
    say("checkpoint", done=done)
runs = pathlib.Path(job["work_dir"]) / "runs"
with runs.open("a") as file:
    file.write("x")
"""
SUCCEED = "say('result', games=3)"
WAIT = "say('log', message='up'); say('progress', done=0, total=1); sys.stdin.read()"


class Boss(Actor):
    """Keeps what jobs report."""

    def __init__(self, reports: queue.SimpleQueue[JobReport]) -> None:
        super().__init__()
        self._reports = reports

    @handles(JobStarted, JobProgress, JobFinished, JobGaveUp)
    def hear(self, report: JobReport) -> None:
        self._reports.put(report)


class Desk:
    """Asks for jobs whose program is a few lines of Python behind `PRELUDE`."""

    def __init__(self, directory: Path, **system: Any) -> None:
        self.settings = JobSettings(stages=StagesOptions(), data_dir=directory)
        self.system = System(**system)
        self.reports: queue.SimpleQueue[JobReport] = queue.SimpleQueue()

    def __enter__(self) -> Self:
        self.system.start()
        self.system.start_child(ChildSpec("boss", Boss, (self.reports,)))
        spec = ChildSpec("jobs", JobSupervisor, (self.settings,))
        self.jobs = cast("JobSupervisorRef[JobSupervisor]", self.system.start_child(spec))
        return self

    def __exit__(self, *_: object) -> None:
        assert self.system.stop()

    def request(self, program: str, **fields: Any) -> JobRequest:
        made = self.settings.request(
            "selfplay", "j1", config_key="hex5_2p", iteration=1, notify="/boss"
        )
        return replace(made, command=(sys.executable, "-S", "-c", PRELUDE + program), **fields)

    def start(self, program: str, **fields: Any) -> JobRequest:
        request = self.request(program, **fields)
        self.jobs.start_job(request, timeout=SECONDS)
        return request

    def next(self, kind: type[R]) -> R:
        """Wait for the next report of this kind; forget those before it."""
        while True:
            report = self.reports.get(timeout=SECONDS)
            if isinstance(report, kind):
                return report

    def wait_until_gone(self) -> None:
        """Wait for the end of the job's actor."""
        cell = self.jobs.cell.children.get("j1")
        if cell is not None:
            assert cell.stopped.wait(SECONDS)

    def runs(self) -> int:
        """Return how many processes were ever started for the job."""
        return len((self.settings.jobs_dir / "j1" / "work" / "runs").read_text())
