from __future__ import annotations

import pytest
from hypothesis import given, strategies as st

from ringleader.actors.workloads.board import MAX_SIDE, MIN_SIDE, parse_config_key
from ringleader.actors.workloads.errors import BadJobFileError


@given(st.integers(MIN_SIDE, MAX_SIDE))
def test_every_side_that_is_allowed_can_be_named(side: int) -> None:
    board = parse_config_key(f"hex{side}_2p")

    assert (board.side, board.players, board.cells) == (side, 2, side * side)
    assert board.board_type == f"hex{side}"


@pytest.mark.parametrize(
    ("key", "reason"),
    [
        ("hex5", "not of the form"),
        ("hex5_3p", "two players"),
        ("hex2_2p", "out of range"),
        ("hex20_2p", "out of range"),
        ("square8_2p", "'square'"),
        ("hex5_2p ", "not of the form"),
        ("hex\u0665_2p", "not of the form"),
    ],
)
def test_another_key_is_refused_with_what_is_allowed(key: str, reason: str) -> None:
    with pytest.raises(BadJobFileError) as refusal:
        parse_config_key(key)

    assert reason in str(refusal.value)
    assert repr(key) in str(refusal.value)
    assert "hex5_2p" in str(refusal.value)
