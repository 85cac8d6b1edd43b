"""How far jobs are is read from the actors that own them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ringleader import Actor, ChildSpec
from ringleader.actors.daemons.job import Job
from ringleader.actors.daemons.job_messages import JobRequest
from ringleader.actors.daemons.job_settings import JobSettings
from ringleader.actors.options import StagesOptions
from ringleader.actors.workloads.protocol import Progress
from ringleader.joblines import JobLine, job_lines
from ringleader.testing import TestSystem

if TYPE_CHECKING:
    from pathlib import Path

    import pytest

REQUEST = JobRequest(
    job_id="selfplay-k-1", kind="selfplay", config_key="k", iteration=1, command=("true",)
)


def test_each_job_has_a_line_and_other_actors_have_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Job, "on_start", Actor.on_start)  # no process, no thread
    settings = JobSettings(stages=StagesOptions(), data_dir=tmp_path)
    with TestSystem() as system:
        system.start_child(ChildSpec("other", Actor))
        ref = system.start_child(ChildSpec("selfplay-k-1", Job, (settings, REQUEST)))
        system.advance(3)

        def lines() -> list[JobLine]:
            return list(job_lines(system.cells(), system.manual.now()))

        assert lines() == [JobLine(job_id="selfplay-k-1", seconds=3.0)]
        assert ref.cell.current is not None
        ref.cell.current.actor._progress = Progress(done=30, total=120, unit="games")
        (line,) = lines()
        assert (line.done, line.total, line.unit, line.share) == (30, 120, "games", 0.25)
        ref.stop()
        assert [line.done for line in lines()] == [0]  # restarted, and has not said


def test_shares_are_between_0_and_1() -> None:
    assert JobLine(job_id="x").share == 0.0
    assert JobLine(job_id="x", done=7, total=5).share == 1.0
