from __future__ import annotations

from typing import Any

import msgspec
import pytest
from hypothesis import given, strategies as st

from ringleader.actors.daemons.promotion_rules import (
    AutoPromotionOptions,
    Candidate,
    Evaluation,
    Rates,
    improves,
    passed_tier,
    passes_in_a_row,
    rates_for,
    rule,
    strength_rates,
    volatility,
    volume_rates,
)

OPTIONS = AutoPromotionOptions()
NOW = 10_000.0


def evaluation(
    random: float | None = 0.95,
    heuristic: float | None = 0.75,
    games: int = 100,
    **more: Any,
) -> Evaluation:
    return Evaluation(games=games, random=random, heuristic=heuristic, **more)


def candidate(*evaluations: Evaluation, **more: Any) -> Candidate:
    more = {"players": 2, "training_games": 1000, **more}
    return Candidate(evaluations=evaluations or (evaluation(), evaluation()), **more)


def test_two_passes_in_a_row_promote_a_first_model() -> None:
    ruling = rule(candidate(), OPTIONS, NOW)

    assert (ruling.decision, ruling.tier) == ("promote", "strength")


def test_one_pass_wants_another_evaluation() -> None:
    ruling = rule(candidate(evaluation()), OPTIONS, NOW)

    assert ruling.decision == "again"
    assert ruling.reason == "1 of 2 passes in a row, 100 of 50 games"


def test_too_few_games_want_another_evaluation() -> None:
    ruling = rule(candidate(evaluation(games=20), evaluation(games=20)), OPTIONS, NOW)

    assert ruling.decision == "again"


def test_a_miss_in_between_begins_the_row_anew() -> None:
    weak = evaluation(0.2, 0.3)
    row = candidate(evaluation(), weak, evaluation())

    assert passes_in_a_row(row, OPTIONS) == 1
    assert rule(row, OPTIONS, NOW).decision == "again"


def test_the_cooldown_of_the_config_waits() -> None:
    recent = candidate(promoted_at=NOW - 100)
    ruling = rule(recent, OPTIONS, NOW)

    assert (ruling.decision, ruling.until) == ("wait", NOW + 200)
    assert rule(recent, OPTIONS, NOW + 200).decision == "promote"


def test_a_weak_model_is_refused_with_its_numbers() -> None:
    ruling = rule(candidate(evaluation(0.7, 0.4)), OPTIONS, NOW)

    assert ruling.decision == "refuse"
    assert ruling.reason == (
        "win rates: 70% against random play, 40% against the heuristic; 80% and 55% are wanted"
    )


def test_a_baseline_that_was_not_played_was_not_beaten() -> None:
    ruling = rule(candidate(evaluation(1.0, None)), OPTIONS, NOW)

    assert ruling.decision == "refuse"
    assert "no games against the heuristic" in ruling.reason


@pytest.mark.parametrize(
    ("more", "reason"),
    [
        ({"training_games": 999}, "quality: learned from 999 games, 1000 are wanted"),
        ({"quality": 0.5}, "quality: score 0.50, 0.55 is wanted"),
        ({"parity": 0.4}, "quality: 40% of parity checks passed"),
        (
            {"has_best": True, "best_elo": 2000.0},
            "rating: not +10 Elo over the current best, which it does not beat",
        ),
    ],
)
def test_a_closed_gate_refuses(more: dict[str, Any], reason: str) -> None:
    ruling = rule(candidate(**more), OPTIONS, NOW)

    assert (ruling.decision, ruling.reason) == ("refuse", reason)


def test_what_is_not_known_of_quality_passes() -> None:
    assert rule(candidate(quality=None, parity=None), OPTIONS, NOW).decision == "promote"


def test_win_rates_that_spread_too_far_refuse() -> None:
    ruling = rule(candidate(evaluation(1.0, 0.2), evaluation(1.0, 0.9)), OPTIONS, NOW)

    assert ruling.reason == "stability: win rates spread by 0.70, allowed are 0.60"
    assert volatility([evaluation(heuristic=None)]) == 0.0


@pytest.mark.parametrize(
    ("elo", "best", "better"),
    [(1210.0, None, True), (1209.0, None, False), (1000.0, 0.51, True), (1000.0, 0.5, False)],
)
def test_a_model_improves_by_rating_or_by_beating_the_best(
    elo: float, best: float | None, *, better: bool
) -> None:
    last = evaluation(elo=elo, best=best)

    assert improves(candidate(has_best=True, best_elo=1200.0), last, OPTIONS) is better


def test_without_ratings_only_games_tell() -> None:
    unrated = candidate(has_best=True, best_elo=None)

    assert not improves(unrated, evaluation(elo=1500.0), OPTIONS)
    assert improves(unrated, evaluation(best=0.6), OPTIONS)


@pytest.mark.parametrize(
    ("players", "elo", "random", "heuristic"),
    [
        (2, None, 0.7225, 0.68),
        (2, 1299, 0.7225, 0.68),
        (2, 1300, 0.85, 0.85),
        (2, 1500, 0.935, 0.85),
        (2, 1700, 0.95, 0.85),
        (3, 1400, 0.55, 0.45),
        (3, 1700, 0.66, 0.585),
        (4, 1000, 0.5, 0.28),
        (4, 1700, 0.54, 0.455),
    ],
)
def test_strong_models_must_win_more(
    players: int, elo: float | None, random: float, heuristic: float
) -> None:
    found = strength_rates(rates_for(players, OPTIONS), elo)

    assert (found.random, found.heuristic) == pytest.approx((random, heuristic))


@pytest.mark.parametrize(
    ("players", "games", "rates"),
    [
        (2, 4999, (0.80, 0.55)),
        (2, 5000, (0.85, 0.65)),
        (2, 20_000, (0.90, 0.80)),
        (3, 0, (0.50, 0.40)),
        (3, 5000, (0.55, 0.45)),
        (3, 20_000, (0.60, 0.55)),
        (4, 0, (0.40, 0.30)),
        (4, 5000, (0.45, 0.35)),
        (4, 20_000, (0.50, 0.45)),
    ],
)
def test_models_that_learned_from_more_games_must_win_more(
    players: int, games: int, rates: tuple[float, float]
) -> None:
    wanted = Rates(random=rates[0], heuristic=rates[1])

    assert volume_rates(rates_for(players, OPTIONS), games, OPTIONS) == wanted


@pytest.mark.parametrize(("players", "games"), [(2, 50), (3, 70), (4, 100), (6, 100)])
def test_more_players_want_more_games(players: int, games: int) -> None:
    assert rates_for(players, OPTIONS).min_games == games


@pytest.mark.parametrize(
    ("last", "more", "tier"),
    [
        (evaluation(0.73, 0.68), {}, "strength"),
        (evaluation(0.80, 0.55), {}, "volume"),
        (evaluation(0.90, 0.80, elo=1800.0), {"training_games": 10_000}, "volume"),
        (evaluation(0.61, 0.40), {"best_heuristic": 0.3, "best_elo": 1000.0}, "improvement"),
        (evaluation(0.61, 0.35), {"best_heuristic": 0.3, "best_elo": 1000.0}, None),
        (evaluation(0.61, 0.35, best=0.6), {"best_elo": 1300.0}, "relative"),
        (evaluation(0.61, 0.35, best=0.6), {"best_elo": 1100.0}, None),
        (evaluation(0.59, 0.50, best=0.6), {"best_elo": 1300.0}, None),
    ],
)
def test_the_first_tier_that_holds_counts(
    last: Evaluation, more: dict[str, Any], tier: str | None
) -> None:
    assert passed_tier(candidate(last, **more), last, OPTIONS) == tier


def test_the_aspirational_rates_are_enough_whatever_was_learned_from() -> None:
    options = msgspec.structs.replace(
        OPTIONS,
        two_players=msgspec.structs.replace(
            OPTIONS.two_players,
            strength=Rates(random=1.0, heuristic=1.0),
            bootstrap=Rates(random=1.0, heuristic=1.0),
        ),
    )
    last = evaluation(0.9, 0.8, elo=1400.0)

    assert passed_tier(candidate(last), last, options) == "aspirational"


@given(st.floats(0, 1), st.floats(0, 1), st.floats(0, 3000), st.integers(0, 50_000))
def test_a_better_model_never_passes_less(
    random: float, heuristic: float, elo: float, games: int
) -> None:
    weak = evaluation(random, heuristic, elo=elo)
    strong = evaluation(min(1.0, random + 0.1), min(1.0, heuristic + 0.1), elo=elo)

    if passed_tier(candidate(weak, training_games=games), weak, OPTIONS) is not None:
        assert passed_tier(candidate(strong, training_games=games), strong, OPTIONS) is not None
