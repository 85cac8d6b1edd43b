"""The examples run as their pages say."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parent.parent

TOLD = {
    "dead_letters": [
        "dead letter: /notifier failed pending",
        "recovered: 1 mailed: MODEL_PROMOTED",
    ],
    "durable_consumer": ["published hex8_2p: unrouted", "the ledger has hex8_2p"],
    "publish": ["no node takes it now", "NEW_GAMES_AVAILABLE.count: expected"],
}
"""What the programs print, in order."""


def test_every_program_is_tried() -> None:
    assert {path.stem for path in (ROOT / "examples").glob("*.py")} == TOLD.keys()


@pytest.mark.parametrize("name", TOLD)
def test_a_program_tells_what_it_shows(name: str, tmp_path: Path) -> None:
    done = subprocess.run(  # noqa: S603  # our own code
        [sys.executable, "-W", "error", ROOT / "examples" / f"{name}.py"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )

    assert done.returncode == 0, done.stderr
    assert "Warning" not in done.stderr
    places = [done.stdout.find(words) for words in TOLD[name]]
    assert -1 not in places, done.stdout
    assert places == sorted(places)


def test_two_hosts_miss_nothing_of_each_other(tmp_path: Path) -> None:
    done = subprocess.run(  # noqa: S603  # our own code
        [sys.executable, ROOT / "examples" / "two_hosts" / "two_hosts.py"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=150,
        check=False,
    )

    assert done.returncode == 0, done.stdout + done.stderr
    evaluated = [line for line in done.stdout.splitlines() if "node-b: evaluates" in line]
    assert evaluated == [f"node-b: evaluates model-{n + 1}.npz" for n in range(len(evaluated))]
    assert "node-b is back\nnode-b: evaluates" in done.stdout


def test_the_tiny_workload_takes_the_place_of_the_embedded_one(tmp_path: Path) -> None:
    summary = tmp_path / "summary.json"

    done = subprocess.run(  # noqa: S603  # our own code
        [
            *(sys.executable, "-m", "ringleader", "up", "--plain"),
            *("--config", "examples/tiny_workload/ringleader.toml"),
            *("--iterations", "2", "--data-dir", str(tmp_path / "data")),
            *("--summary", str(summary)),
        ],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )

    assert done.returncode == 0, done.stdout + done.stderr
    told: dict[str, Any] = json.loads(summary.read_text())
    assert [row["games"] for row in told["iterations"]] == [200, 200]
    assert told["iterations"][1]["win_rate_first"] is not None
    assert told["deaths"] == []
