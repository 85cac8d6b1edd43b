from __future__ import annotations

import pytest

from ringleader.actors.daemons.export_rules import (
    AutoExportOptions,
    games_wanted,
    is_urgent,
    seconds_left,
    unready,
)

OPTIONS = AutoExportOptions()


@pytest.mark.parametrize(("players", "games"), [(1, 50), (2, 50), (3, 75), (4, 100), (6, 100)])
def test_more_players_want_more_games(players: int, games: int) -> None:
    assert games_wanted(players, OPTIONS) == games


def test_twice_the_games_do_not_wait_for_the_next_batch() -> None:
    assert not is_urgent(99, 2, OPTIONS)
    assert is_urgent(100, 2, OPTIONS)


def test_an_export_waits_for_the_last_ones_cooldown() -> None:
    assert seconds_left(None, 60, 1000.0) == 0
    assert seconds_left(980.0, 60, 1000.0) == 40
    assert seconds_left(900.0, 60, 1000.0) == 0


def test_games_that_are_too_few_or_broken_are_not_exported() -> None:
    assert unready(49, None, 2, OPTIONS) == "49 new games, 50 are wanted"
    assert unready(50, 0.0, 2, OPTIONS) == "none of the games is sound"
    assert unready(50, 0.1, 2, OPTIONS) == ""
