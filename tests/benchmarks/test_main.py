"""The command: its table, its JSON, and its answers to bad input."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec
import pytest

from benchmarks.__main__ import main, parse
from benchmarks.arguments import effort_of
from benchmarks.report import Report, short

if TYPE_CHECKING:
    from collections.abc import Sequence

TINY = ["--quick", "--rounds", "1", "--scale", "0.001"]


def test_json_holds_every_case_asked_for_and_where_it_was_measured(
    capsys: pytest.CaptureFixture[str],
) -> None:
    main([*TINY, "--json", "tell", "blocking-ask"])
    report = msgspec.json.decode(capsys.readouterr().out, type=Report, strict=True)
    assert [case.name for case in report.cases] == ["tell", "blocking-ask"]
    assert all(case.ratio.min <= case.ratio.median <= case.ratio.max for case in report.cases)
    assert report.environment.python
    assert set(report.environment.versions) == {"ringleader", "pykka", "msgspec"}


def test_the_table_shows_ratio_and_target(capsys: pytest.CaptureFixture[str]) -> None:
    main([*TINY, "ring"])
    shown = capsys.readouterr().out
    assert "ring" in shown
    assert "hops/s" in shown
    assert "8 ok" in shown or "8 low" in shown


def test_quick_is_shorter_than_the_full_measurement() -> None:
    quick, full = effort_of(parse(["--quick"])), effort_of(parse([]))
    assert quick.rounds >= 5
    assert quick.rounds * quick.seconds < full.rounds * full.seconds


@pytest.mark.parametrize(
    ("figure", "shown"),
    [(0.25, "0.25"), (793.4, "793"), (1_000, "1 k"), (453_321, "453 k"), (4_440_000, "4.44 M")],
)
def test_figures_are_shown_with_three_digits(figure: float, shown: str) -> None:
    assert short(figure) == shown


@pytest.mark.parametrize(
    ("arguments", "answer"),
    [
        (["tel"], "no case is named 'tel': did you mean 'tell'?"),
        (["xyz"], "no case is named 'xyz': there are tell, producers"),
        (["--rounds", "0"], "--rounds must be at least 1, not 0"),
        (["--scale", "0"], "--scale must be greater than 0, not 0.0"),
    ],
)
def test_bad_arguments_are_answered_with_what_would_be_right(
    arguments: Sequence[str], answer: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit, match="2"):
        parse(arguments)
    assert answer in capsys.readouterr().err
