from __future__ import annotations

import io
import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.otp.replay import main
from tests.otp.stored import golden

ROOT = Path(__file__).parents[2]
EQUAL = [pair for pair in golden("named") if pair.scenario["name"].startswith("one_for_")]
SCENARIOS = "".join(json.dumps(scenario) + "\n" for scenario, _ in EQUAL)
TRACES = "".join(trace + "\n" for _, trace in EQUAL)


def test_the_command_reads_scenarios_and_writes_traces() -> None:
    command = [sys.executable, "-m", "tests.otp.replay"]
    done = subprocess.run(  # noqa: S603  # our own module
        command, input=SCENARIOS, capture_output=True, text=True, cwd=ROOT, check=False, timeout=60
    )

    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == TRACES


@pytest.mark.parametrize("order", [["--shuffle", "7"], ["--threads"]], ids=str)
def test_other_orders_of_turns_give_the_same_traces(
    order: list[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "stdin", io.StringIO(SCENARIOS + "\n"))

    assert main(order) == 0
    assert capsys.readouterr().out == TRACES
