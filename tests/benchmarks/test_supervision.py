"""The command that measures restarts."""

from __future__ import annotations

import json

import pytest

from benchmarks import supervision
from benchmarks.supervision import Figure, main


def test_json_has_a_line_for_each_case(capsys: pytest.CaptureFixture[str]) -> None:
    main(["--quick", "--json", "pool-restart"])
    (line,) = capsys.readouterr().out.splitlines()
    figure = json.loads(line)
    assert figure["case"] == "pool: raise to first message handled"
    assert 0 < figure["low"] <= figure["ours"] <= figure["high"]
    assert figure["ratio"] == pytest.approx(figure["ours"] / figure["peer"])


def test_the_table_says_what_was_asked_and_whether_it_was_reached(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def measured(rounds: int) -> Figure:
        return Figure(case=f"{rounds} rounds", ours=0.002, low=0.001, high=0.003, at_most=0.001)

    monkeypatch.setattr(supervision, "CASES", {"mine": (measured, 9)})
    main(["--quick"])
    assert "3 rounds" in (shown := capsys.readouterr().out)
    assert "1 ms: NOT REACHED" in shown


def test_a_process_actor_is_measured_from_its_death(capsys: pytest.CaptureFixture[str]) -> None:
    main(["--quick", "--json", "spare-restart"])
    assert json.loads(capsys.readouterr().out)["ours"] > 0


def test_an_unknown_case_is_refused_with_those_there_are(
    capsys: pytest.CaptureFixture[str],
) -> None:
    with pytest.raises(SystemExit):
        main(["pool"])
    assert "there are pool-restart, process-start" in capsys.readouterr().err
