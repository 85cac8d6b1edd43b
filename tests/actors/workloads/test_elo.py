from __future__ import annotations

import pytest
from hypothesis import given, strategies as st

from ringleader.actors.workloads.elo import Score, difference, expected, is_decided, rating

games = st.integers(1, 200)
scores = games.flatmap(lambda n: st.builds(Score, wins=st.integers(0, n), games=st.just(n)))


def test_four_hundred_points_are_odds_of_ten_to_one() -> None:
    assert expected(1600, 1200) == pytest.approx(10 / 11)
    assert expected(1200, 1200) == 0.5


def test_an_even_score_is_the_opponents_rating() -> None:
    assert rating([(1200, Score(wins=15, games=30))]) == pytest.approx(1200, abs=0.01)


def test_without_games_there_is_no_rating() -> None:
    assert rating([(400, Score(wins=0, games=0))]) is None


@given(scores)
def test_against_one_opponent_the_rating_is_the_difference(score: Score) -> None:
    found = rating([(1200, score)])

    assert found == pytest.approx(1200 + difference(score), abs=0.01)


@given(scores, scores)
def test_one_more_win_rates_higher(first: Score, second: Score) -> None:
    before = rating([(400, first), (1200, second)])
    after = rating([(400, first), (1200, second.plus(Score(wins=1, games=1)))])

    assert before is not None
    assert after is not None
    assert after > before


@given(scores)
def test_a_rating_is_finite_and_mirrored_by_the_opponents(score: Score) -> None:
    mirrored = Score(wins=score.losses, games=score.games)

    assert abs(difference(score)) < 2000
    assert difference(mirrored) == pytest.approx(-difference(score))


@pytest.mark.parametrize(
    ("wins", "games", "decided"),
    [(0, 0, False), (5, 10, False), (8, 10, False), (10, 10, True), (0, 10, True), (60, 100, True)],
)
def test_a_match_is_decided_when_half_is_out_of_the_interval(
    wins: int, games: int, *, decided: bool
) -> None:
    assert is_decided(Score(wins=wins, games=games), confidence=0.95) is decided
