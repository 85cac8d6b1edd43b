"""Fresh random scenarios against the Erlang that is installed."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

import pytest

from ringleader.supervisors.strategy import group
from tests.otp.compare import NO_ERLANG, main
from tests.otp.oracle import escript

if TYPE_CHECKING:
    from collections.abc import Sequence

SEEDS = ["--seeds", "500000", "--count"]

if escript() is None:
    if os.environ.get("CI") == "true":
        raise ImportError(NO_ERLANG)
    pytest.skip(NO_ERLANG, allow_module_level=True)


def always_all(strategy: str, children: Sequence[Any], failed: object) -> list[Any]:
    del strategy
    return group("one_for_all", children, failed)


@pytest.mark.parametrize("order", [[], ["--shuffle", "3"], ["--threads"]], ids=str)
def test_fresh_scenarios_are_equal(
    order: Sequence[str], capsys: pytest.CaptureFixture[str]
) -> None:
    count = "100" if order else "300"

    assert main([*SEEDS, count, *order]) == 0, capsys.readouterr().out
    assert f"{count} equal, 0 different" in capsys.readouterr().out


def test_the_first_difference_is_shown_with_both_traces(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("ringleader.supervisors.restarts.group", always_all)

    assert main([*SEEDS, "300"]) == 1

    *_, scenario, theirs, ours = capsys.readouterr().out.splitlines()
    assert scenario.startswith("scenario {")
    assert theirs.startswith("OTP  {")
    assert ours.startswith("ours {")
    assert theirs[4:] != ours[4:]
