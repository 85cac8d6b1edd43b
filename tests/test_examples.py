"""The examples run as their pages say."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parent.parent


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
