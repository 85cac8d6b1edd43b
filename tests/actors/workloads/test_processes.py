"""The job programs as their owner meets them: processes with pipes, signals and exit codes."""

from __future__ import annotations

from tests.actors.workloads import needs_selfplay  # before NumPy: skips without the extra

# isort: split
import os
import signal
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from ringleader.actors.workloads.protocol import (
    EXIT_MISSING_EXTRA,
    EXIT_ORPHANED,
    EXIT_TERMINATED,
    Checkpoint,
    Failure,
    JobFile,
    Progress,
    Result,
    parse_line,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.actors.workloads.conftest import JobFactory, Launch

    Run = Callable[[JobFile], dict[str, Any]]

pytestmark = needs_selfplay.MARK

DEADLINE = 30
LONG = {"games": 4000, "simulations": 64, "checkpoint_seconds": 0}
SHORT = {"games": 40, "simulations": 64, "games_at_once": 8, "checkpoint_seconds": 0}


def wait_for_checkpoint(process: subprocess.Popen[bytes]) -> None:
    """Read lines until one says that a checkpoint was written."""
    assert process.stdout is not None
    for line in process.stdout:
        if isinstance(parse_line(line), Checkpoint):
            return
    pytest.fail("it ended without a checkpoint")


def games_in(path: str) -> dict[str, Any]:
    with np.load(path, allow_pickle=False) as file:
        return {name: file[name].tolist() for name in file.files if name != "created"}


def test_lines_tell_of_progress_and_end_with_the_result(
    new_job: JobFactory, launch: Launch
) -> None:
    job = new_job("selfplay", options=SHORT)

    output, errors = launch(job).communicate(timeout=DEADLINE)

    *before, last = [parse_line(line) for line in output.splitlines()]
    assert not errors
    assert isinstance(last, Result)
    assert last.values["games"] == 40
    assert {type(line) for line in before} == {Progress, Checkpoint}
    assert before[-1] == Progress(
        done=40, total=40, unit="games", metrics={"samples": last.values["samples"]}
    )
    assert sorted(path.name for path in Path(job.work_dir).iterdir()) == [
        "selfplay.checkpoint",
        "selfplay.result.json",
    ]


@pytest.mark.parametrize("signum", [signal.SIGKILL, signal.SIGTERM])
def test_a_killed_job_goes_on_and_plays_the_same_games(
    new_job: JobFactory, launch: Launch, run: Run, signum: signal.Signals
) -> None:
    whole = new_job("selfplay", tag="-whole", config_key="hex4_2p", options=SHORT)
    parts = new_job("selfplay", tag="-parts", config_key="hex4_2p", options=SHORT)
    expected = run(whole)

    first = launch(parts)
    wait_for_checkpoint(first)
    first.send_signal(signum)
    first.communicate(timeout=DEADLINE)
    found = run(parts)

    assert first.returncode == {signal.SIGKILL: -signum, signal.SIGTERM: EXIT_TERMINATED}[signum]
    assert found["samples"] == expected["samples"]
    assert games_in(found["output_path"]) == games_in(expected["output_path"])


def test_outputs_appear_at_the_end_as_a_whole(
    new_job: JobFactory, launch: Launch, tmp_path: Path
) -> None:
    job = new_job("selfplay", options=LONG)
    process = launch(job)

    wait_for_checkpoint(process)
    process.kill()
    process.communicate(timeout=DEADLINE)

    assert not Path(job.outputs["games"]).exists()
    assert not list(tmp_path.glob("*.part"))


def test_a_program_whose_owner_died_exits_at_once(new_job: JobFactory, launch: Launch) -> None:
    process = launch(new_job("selfplay", options=LONG), stdin=subprocess.PIPE)
    wait_for_checkpoint(process)

    assert process.stdin is not None
    process.stdin.close()

    assert process.wait(timeout=DEADLINE) == EXIT_ORPHANED


def test_a_program_whose_reader_left_exits_at_once(new_job: JobFactory, launch: Launch) -> None:
    process = launch(new_job("selfplay", options=LONG))
    wait_for_checkpoint(process)

    assert process.stdout is not None
    process.stdout.close()

    assert process.wait(timeout=DEADLINE) == EXIT_ORPHANED


@pytest.mark.parametrize("package", ["numpy", "pyspiel"])
def test_without_the_extra_it_says_what_to_install(
    new_job: JobFactory, launch: Launch, tmp_path: Path, package: str
) -> None:
    shadow = tmp_path / "shadow"
    shadow.mkdir()
    error = f"raise ModuleNotFoundError('No module named {package}', name={package!r})"
    (shadow / f"{package}.py").write_text(error)
    env = {**os.environ, "PYTHONPATH": str(shadow)}

    process = launch(new_job("selfplay"), env=env)
    output, _ = process.communicate(timeout=DEADLINE)

    line = parse_line(output)
    assert process.returncode == EXIT_MISSING_EXTRA
    assert isinstance(line, Failure)
    assert line.kind == "missing-extra"
    assert package in line.message
    assert "pip install 'ringleader[selfplay]'" in line.message


def test_every_stage_is_a_program(new_job: JobFactory, run: Run) -> None:
    played = run(new_job("selfplay", options={"games": 12, "simulations": 8}))
    exported = run(new_job("export", inputs={"games": played["output_path"]}))
    combined = run(new_job("combine", inputs={"samples": exported["output_path"]}))
    trained = run(
        new_job("train", inputs={"samples": combined["output_path"]}, options={"epochs": 2})
    )
    rated = run(
        new_job(
            "evaluate",
            inputs={"model": trained["model_path"]},
            options={"random_games": 4, "heuristic_games": 4, "simulations": 4},
        )
    )

    assert rated["games_played"] == 8
