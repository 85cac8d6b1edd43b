"""The soak test, made short, and what it would say of a run in which something is off."""

from __future__ import annotations

import pytest

from benchmarks.soak import Plan, main, run
from benchmarks.soak_report import Sample, judge

SHORT = Plan(seconds=2.0, actors=40, processes=2, rate=400, every=0.2)


@pytest.mark.slow
def test_all_sums_are_right_in_a_short_run() -> None:
    soak, findings = run(SHORT)
    assert soak.published > 0
    assert sum(soak.troubles.values()) >= 5
    assert [finding for finding in findings if not finding.is_right] == []


def test_the_command_prints_a_table_and_exits_with_0(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--seconds", "0.3", "--actors", "20", "--processes", "1", "--rate", "100"]) == 0
    assert "nothing was handled twice" in capsys.readouterr().out


def samples(growth: int) -> list[Sample]:
    """Return a minute in which threads grow."""
    return [
        Sample(
            second=float(second),
            memory=50_000_000,
            threads=40 + growth * second // 60,
            files=90,
            children=20,
            zombies=growth,
        )
        for second in range(60)
    ]


def test_what_stays_as_it_was_is_right() -> None:
    assert all(finding.is_right for finding in judge(samples(0)))


def test_what_grows_is_found() -> None:
    wrong = [finding.what for finding in judge(samples(20)) if not finding.is_right]
    assert wrong == ["threads did not grow", "no zombies"]


def test_too_short_a_run_is_not_judged() -> None:
    assert judge(samples(0)[:12]) == []
