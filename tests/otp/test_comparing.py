from __future__ import annotations

from typing import TYPE_CHECKING

from tests.otp.compare import UNAVAILABLE, main
from tests.otp.comparing import first_difference
from tests.otp.normal import normalize

if TYPE_CHECKING:
    import pytest

NESTED = [
    ["exit", "root/pool/d2/x", 1, "shutdown"],
    ["exit", "root/pool/d2", 1, "shutdown"],
    ["exit", "root/pool/d1", 1, "shutdown"],
]


def test_ends_below_a_template_are_sorted_by_child_and_stay_in_order_within_one() -> None:
    assert normalize(NESTED, ["root/pool"]) == [NESTED[2], NESTED[0], NESTED[1]]


def test_only_unbroken_runs_of_ends_are_sorted() -> None:
    broken = [NESTED[1], ["start", "root/a", 1, "ok"], NESTED[2]]

    assert normalize(broken, ["root/pool"]) == broken
    assert normalize(NESTED, ["root/other"]) == NESTED


def test_the_innermost_difference_is_named() -> None:
    left = {"steps": [{"op": "crash", "result": "ok"}, {"op": "stop", "result": ["a", "b"]}]}
    right = {"steps": [{"op": "crash", "result": "ok"}, {"op": "stop", "result": ["a", "c"]}]}

    assert first_difference(left, right) == '.steps[1].result[1]: OTP "b", ours "c"'


def test_lists_are_shown_whole_where_one_goes_on() -> None:
    assert first_difference([[1, 2]], [[1]]) == "[0]: OTP [1, 2], ours [1]"
    assert first_difference([[1, 2]], [[3]]) == "[0][0]: OTP 1, ours 3"


def test_what_only_one_of_them_has_is_a_difference() -> None:
    assert first_difference({}, {"orphans": 1}) == '.orphans: OTP "(nothing)", ours 1'


def test_the_order_of_keys_is_a_difference_too() -> None:
    found = first_difference({"a": 1, "b": 2}, {"b": 2, "a": 1})

    assert found.startswith("the order of keys")


def test_without_erlang_the_command_says_what_to_install(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("tests.otp.compare.escript", lambda: None)

    assert main(["--seeds", "1"]) == UNAVAILABLE
    assert "apt-get install" in capsys.readouterr().err
