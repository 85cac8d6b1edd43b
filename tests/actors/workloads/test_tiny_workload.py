"""The example of a workload of one's own runs, and speaks the protocol."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from ringleader.actors.workloads.protocol import (
    EXIT_BAD_JOB,
    EXIT_ORPHANED,
    Failure,
    JobFile,
    JobKind,
    Line,
    Log,
    Result,
    parse_line,
    write_job,
)

if TYPE_CHECKING:
    from tests.actors.workloads.conftest import JobFactory

PROGRAMS = Path(__file__).parents[3] / "examples" / "tiny_workload"


class Stage:
    """Runs one stage's program on the test's files."""

    def __init__(self, new_job: JobFactory, directory: Path) -> None:
        self.new_job = new_job
        self.directory = directory

    def command(self, job: JobFile) -> list[str]:
        path = self.directory / f"{job.job_id}.json"
        path.write_bytes(write_job(job))
        return [sys.executable, str(PROGRAMS / f"{job.kind}.py"), "--job", str(path)]

    def __call__(self, kind: JobKind, tag: str = "", **fields: Any) -> dict[str, Any]:
        job = self.new_job(kind, tag=tag, config_key="dice_2p", **fields)
        ended = subprocess.run(  # noqa: S603  # our own program
            self.command(job), stdin=subprocess.DEVNULL, capture_output=True, check=True, timeout=30
        )
        *before, last = [parse_line(line) for line in ended.stdout.splitlines()]
        assert isinstance(last, Result)
        assert not any(isinstance(line, Log | Failure) for line in before)
        return last.values


@pytest.fixture
def stage(new_job: JobFactory, tmp_path: Path) -> Stage:
    return Stage(new_job, tmp_path)


def test_two_iterations_end_with_a_model_that_beats_chance(stage: Stage) -> None:
    first = iterate(stage, 1, {})
    second = iterate(stage, 2, {"best": first["model_path"], "first": first["model_path"]})

    assert set(first["opponents"]) == {"random", "heuristic"}
    assert set(second["opponents"]) == {"random", "heuristic", "best", "first"}
    assert second["opponents"]["random"]["win_rate"] > 0.6
    assert second["elo"] > 400


def iterate(stage: Stage, iteration: int, others: dict[str, str]) -> dict[str, Any]:
    tag = f"-{iteration}"
    model = {"model": others["best"]} if others else {}
    played = stage("selfplay", tag, iteration=iteration, inputs=model)
    exported = stage("export", tag, inputs={"games": (played["output_path"],)})
    combined = stage("combine", tag, inputs={"samples": (exported["output_path"],)})
    trained = stage("train", tag, inputs={"samples": combined["output_path"], **model})
    assert played["games"] == exported["games"] == combined["total_samples"]
    return stage("evaluate", tag, inputs={"model": trained["model_path"], **others})


def test_it_ends_with_its_owner(stage: Stage, new_job: JobFactory) -> None:
    job = new_job("selfplay", options={"games": 100_000_000})
    with subprocess.Popen(  # noqa: S603  # our own program
        stage.command(job), stdin=subprocess.PIPE, stdout=subprocess.DEVNULL
    ) as process:
        assert process.stdin is not None
        process.stdin.close()

        assert process.wait(timeout=30) == EXIT_ORPHANED


@pytest.mark.parametrize("arguments", [[], ["--job", "nowhere.json"]])
def test_a_bad_command_line_is_answered(arguments: list[str]) -> None:
    ended = subprocess.run(  # noqa: S603  # our own program
        [sys.executable, str(PROGRAMS / "train.py"), *arguments], capture_output=True, check=False
    )

    line: Line = parse_line(ended.stdout)
    assert ended.returncode == EXIT_BAD_JOB
    assert isinstance(line, Failure)
    assert line.kind == "bad-input"
