"""The main job, small: real games, real training, crashes all the time, and a killed node."""

from __future__ import annotations

import json
import re
import signal
from typing import TYPE_CHECKING

import psutil
import pytest

from ringleader.actors.journal import STAGES
from ringleader.runs import latest
from ringleader.transport.journal import SqliteJournal

if TYPE_CHECKING:
    from tests.cli.conftest import Place

KEY = "hex5_2p"
EVALUATE = (
    "{random_games=10, heuristic_games=4, best_games=4, first_games=10, simulations=4, "
    "heuristic_simulations=4}"
)
SMALL = [
    "--iterations=2",
    "--seed=3",
    "--set=daemons.data_pipeline.games_per_iteration=60",
    "--set=stages.selfplay.options.simulations=4",
    "--set=stages.train.options.epochs=2",
    f"--set=stages.evaluate.options={EVALUATE}",
    "--set=supervision.intensity=1000",
]


@pytest.fixture
def place(place: Place) -> Place:
    (place.path / "ringleader.toml").unlink()  # so that it is the demo
    return place


def jobs_in(place: Place) -> list[psutil.Process]:
    """Find the processes that run jobs of this directory."""
    return [
        process
        for process in psutil.process_iter(["cmdline"])
        if any(str(place.data) in word for word in process.info["cmdline"] or ())
    ]


@pytest.mark.slow
def test_the_main_job_keeps_its_promises_over_crashes_and_a_killed_node(place: Place) -> None:
    up = place.start("up", *SMALL, "--chaos=0.7")
    up.wait_for("iteration 1: training begins")
    up.signal(signal.SIGKILL)
    up.finish()
    psutil.wait_procs(jobs_in(place), timeout=10)
    assert jobs_in(place) == []

    code, _, err = place.run("up", "--resume", "--chaos=0.7", "--summary=s.json")
    assert code == 0, err
    assert jobs_in(place) == []
    assert place.leftovers() == []
    assert "iteration 1: selfplay" not in err  # it was done before
    done = re.findall(r"iteration (\d): (\w+) (?:done|left out)", err)
    assert done[-6:] == [("2", stage) for stage in STAGES[:-1]]
    assert len(done) == len(set(done))

    run = latest(place.data / "runs")
    assert run is not None
    assert run.record.finished is not None
    journal = SqliteJournal(run.journal)
    for iteration in (1, 2):
        records = journal.stages(KEY, iteration)
        assert [record.stage for record in records] == list(STAGES)
        assert {record.status for record in records} == {"done"}
    journal.close()

    summary = json.loads((place.path / "s.json").read_text())
    assert [row["games"] for row in summary["iterations"]] == [60, 60]
    assert all(row["loss"] > 0 for row in summary["iterations"])
    assert summary["deaths"]
    assert all(death["cause"] and death["decision"] for death in summary["deaths"])
    assert summary["events"]["deliveries"] == sum(summary["events"]["outcomes"].values())


@pytest.mark.slow
def test_a_job_that_can_t_be_done_ends_the_run_as_a_permanent_failure(place: Place) -> None:
    code, out, err = place.run(
        "up", *SMALL, "--iterations=1", '--set=stages.train.command=["sh", "-c", "exit 64"]'
    )
    assert code == 70, err
    assert "ringleader: training of iteration 1 failed: bad-job: " in err
    assert "failed" in out
    assert place.leftovers() == []
