from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

import pytest

from ringleader.actors.workloads.protocol import JobFile, JobKind, write_job

if TYPE_CHECKING:
    from pathlib import Path

JobFactory = Callable[..., JobFile]
Launch = Callable[..., "subprocess.Popen[bytes]"]


@pytest.fixture
def new_job(tmp_path: Path) -> JobFactory:
    """Make a job file's content; its files are in the test's directory."""

    def new(kind: JobKind, *, config_key: str = "hex3_2p", tag: str = "", **fields: Any) -> JobFile:
        outputs: dict[JobKind, dict[str, str]] = {
            "selfplay": {"games": str(tmp_path / f"games{tag}.npz")},
            "export": {"samples": str(tmp_path / f"samples{tag}.npz")},
            "combine": {"samples": str(tmp_path / f"combined{tag}.npz")},
            "train": {"model": str(tmp_path / f"model{tag}.npz")},
            "evaluate": {},
        }
        given: dict[str, Any] = {
            "job_id": f"{kind}{tag}",
            "kind": kind,
            "config_key": config_key,
            "work_dir": str(tmp_path / f"work-{kind}{tag}"),
            "outputs": outputs[kind],
        }
        return JobFile(**{**given, **fields})

    return new


@pytest.fixture
def launch(tmp_path: Path) -> Iterator[Launch]:
    """Start job programs; what still runs when the test ends is killed."""
    started: list[subprocess.Popen[bytes]] = []

    def start(
        job: JobFile, *, stdin: int = subprocess.DEVNULL, env: dict[str, str] | None = None
    ) -> subprocess.Popen[bytes]:
        path = tmp_path / f"{job.job_id}.json"
        path.write_bytes(write_job(job))
        program = f"ringleader.actors.workloads.{job.kind}"
        process = subprocess.Popen(  # noqa: S603  # our own program
            [sys.executable, "-m", program, "--job", str(path)],
            stdin=stdin,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=env,
        )
        started.append(process)
        return process

    yield start
    for process in started:
        process.kill()
        process.wait()
        for pipe in (process.stdin, process.stdout, process.stderr):
            if pipe is not None:
                pipe.close()


@pytest.fixture
def run(launch: Launch) -> Callable[[JobFile], dict[str, Any]]:
    """Run a job program to its end; return the fields of its result line."""

    def run_to_end(job: JobFile) -> dict[str, Any]:
        output, errors = launch(job).communicate(timeout=30)
        last: dict[str, Any] = json.loads(output.splitlines()[-1])
        assert last["event"] == "result", errors.decode()
        return last

    return run_to_end
