"""Whether a model is promoted: gates that may wait, then the tiers of win rates."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Final, Literal, TypeAlias

from msgspec import Meta, Struct

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

Decision: TypeAlias = Literal["promote", "refuse", "wait", "again"]
"""`again`: one more evaluation is wanted; `wait`: only time is."""

_Rate = Annotated[float, Meta(ge=0, le=1)]


class Rates(Struct, frozen=True, kw_only=True):
    """Win rates that are wanted."""

    random: Annotated[_Rate, Meta(description="against random play")]
    heuristic: Annotated[_Rate, Meta(description="against the heuristic")]


class PlayerRates(Struct, frozen=True, kw_only=True):
    """The tables of one number of players: base rates by strength, tiers by training games."""

    min_games: Annotated[int, Meta(ge=1, description="evaluation games wanted (games)")]
    strength: Rates
    bootstrap: Rates
    standard: Rates
    aspirational: Rates


class AutoPromotionOptions(Struct, frozen=True, kw_only=True):
    """When a model becomes the best of its config."""

    two_players: PlayerRates = PlayerRates(
        min_games=50,
        strength=Rates(random=0.85, heuristic=0.85),
        bootstrap=Rates(random=0.80, heuristic=0.55),
        standard=Rates(random=0.85, heuristic=0.65),
        aspirational=Rates(random=0.90, heuristic=0.80),
    )
    three_players: PlayerRates = PlayerRates(
        min_games=70,
        strength=Rates(random=0.55, heuristic=0.45),
        bootstrap=Rates(random=0.50, heuristic=0.40),
        standard=Rates(random=0.55, heuristic=0.45),
        aspirational=Rates(random=0.60, heuristic=0.55),
    )
    four_players: PlayerRates = PlayerRates(
        min_games=100,
        strength=Rates(random=0.45, heuristic=0.35),
        bootstrap=Rates(random=0.40, heuristic=0.30),
        standard=Rates(random=0.45, heuristic=0.35),
        aspirational=Rates(random=0.50, heuristic=0.45),
    )
    passes: Annotated[
        int, Meta(ge=1, description="evaluations that must be passed in a row (evaluations)")
    ] = 2
    cooldown: Annotated[
        float, Meta(ge=0, description="time between two promotions of a config (seconds)")
    ] = 300
    elo_gain: Annotated[
        float,
        Meta(ge=0, description="rating gained over the current best; else it must beat it (Elo)"),
    ] = 10
    training_games: Annotated[
        int, Meta(ge=0, description="games that a model must have learned from (games)")
    ] = 1000
    quality: Annotated[
        float, Meta(ge=0, le=1, description="least quality of those games; unknown passes")
    ] = 0.55
    parity: Annotated[
        float, Meta(ge=0, le=1, description="least share of parity checks; unknown passes")
    ] = 0.5
    volatility: Annotated[
        float, Meta(ge=0, description="most that the win rates of its evaluations may spread")
    ] = 0.6
    bootstrap_games: Annotated[
        int, Meta(ge=0, description="training games below which the bootstrap tier counts (games)")
    ] = 5000
    standard_games: Annotated[
        int, Meta(ge=0, description="training games below which the standard tier counts (games)")
    ] = 20_000
    heuristic_gain: Annotated[
        float, Meta(ge=0, le=1, description="gain against the heuristic that is enough by itself")
    ] = 0.10
    floor: Rates = Rates(random=0.60, heuristic=0.30)
    weak_best: Annotated[
        float,
        Meta(ge=0, description="a current best below this must be beaten by a strong model (Elo)"),
    ] = 1200
    beats_best: Annotated[
        float, Meta(ge=0, le=1, description="win rate that beats the current best must exceed")
    ] = 0.5
    recheck_interval: Annotated[
        float, Meta(gt=0, description="time between two comparisons with the journal (seconds)")
    ] = 30


STRENGTH_RANDOM: Final = ((1300, 0.85), (1500, 1.0), (1700, 1.1))
STRENGTH_HEURISTIC: Final = ((1300, 0.8), (1500, 1.0), (1700, 1.15))
STRONGEST: Final = (1.2, 1.3)
CLAMP_RANDOM: Final = (0.5, 0.95)
CLAMP_HEURISTIC: Final = (0.15, 0.85)


class Evaluation(Struct, frozen=True, kw_only=True):
    """One round of evaluation; a rate is None where nobody was played."""

    games: int
    random: float | None = None
    heuristic: float | None = None
    best: float | None = None
    elo: float | None = None


class Candidate(Struct, frozen=True, kw_only=True):
    """What is known of a model that may be promoted.

    Attributes:
        players: of its config.
        evaluations: its rounds, oldest first.
        training_games: that it learned from.
        quality: of those games, None if unknown.
        parity: share of parity checks that they passed, None if unknown.
        has_best: whether there is a current best.
        best_elo: its rating.
        best_heuristic: its win rate against the heuristic.
        promoted_at: when a model of this config was promoted last, seconds UTC.
    """

    players: int
    evaluations: tuple[Evaluation, ...]
    training_games: int
    quality: float | None = None
    parity: float | None = None
    has_best: bool = False
    best_elo: float | None = None
    best_heuristic: float | None = None
    promoted_at: float | None = None


class Ruling(Struct, frozen=True, kw_only=True):
    """What to do with a candidate, why, and for `wait` until when (seconds UTC)."""

    decision: Decision
    reason: str
    tier: str = ""
    until: float = 0.0


def rule(candidate: Candidate, options: AutoPromotionOptions, now: float) -> Ruling:
    """Decide about a candidate that was evaluated at least once.

    What can't get better by itself refuses; too few passes in a row ask for another evaluation;
    the cooldown of the config waits.
    """
    last = candidate.evaluations[-1]
    tier = passed_tier(candidate, last, options)
    if tier is None:
        return Ruling(decision="refuse", reason=_too_weak(candidate, last, options))
    gate = next(_closed_gates(candidate, options), None)
    if gate is not None:
        return Ruling(decision="refuse", reason=gate, tier=tier)
    wanted = rates_for(candidate.players, options).min_games
    games = sum(evaluation.games for evaluation in candidate.evaluations)
    row = passes_in_a_row(candidate, options)
    if games < wanted or row < options.passes:
        reason = f"{row} of {options.passes} passes in a row, {games} of {wanted} games"
        return Ruling(decision="again", reason=reason, tier=tier)
    if candidate.promoted_at is not None and now < candidate.promoted_at + options.cooldown:
        until = candidate.promoted_at + options.cooldown
        return Ruling(decision="wait", reason="cooldown", tier=tier, until=until)
    return Ruling(decision="promote", reason=f"tier {tier}", tier=tier)


def _closed_gates(candidate: Candidate, options: AutoPromotionOptions) -> Iterator[str]:
    last = candidate.evaluations[-1]
    if not improves(candidate, last, options):
        yield f"rating: not {options.elo_gain:+g} Elo over the current best, which it does not beat"
    if candidate.training_games < options.training_games:
        games, wanted = candidate.training_games, options.training_games
        yield f"quality: learned from {games} games, {wanted} are wanted"
    if candidate.quality is not None and candidate.quality < options.quality:
        yield f"quality: score {candidate.quality:.2f}, {options.quality:.2f} is wanted"
    if candidate.parity is not None and candidate.parity < options.parity:
        yield f"quality: {candidate.parity:.0%} of parity checks passed"
    spread = volatility(candidate.evaluations)
    if spread > options.volatility:
        yield f"stability: win rates spread by {spread:.2f}, allowed are {options.volatility:.2f}"


def improves(candidate: Candidate, last: Evaluation, options: AutoPromotionOptions) -> bool:
    """Tell whether a model is better than the current best: by rating, or by their games."""
    if not candidate.has_best:
        return True
    if _beats_best(last, options):
        return True
    known = last.elo is not None and candidate.best_elo is not None
    return known and (last.elo or 0.0) >= (candidate.best_elo or 0.0) + options.elo_gain


def volatility(evaluations: Sequence[Evaluation]) -> float:
    """Return by how much the win rates against the heuristic spread."""
    rates = [e.heuristic for e in evaluations if e.heuristic is not None]
    return max(rates) - min(rates) if rates else 0.0


def passes_in_a_row(candidate: Candidate, options: AutoPromotionOptions) -> int:
    """Return how many of the last evaluations passed a tier, without a miss in between."""
    count = 0
    for evaluation in reversed(candidate.evaluations):
        if passed_tier(candidate, evaluation, options) is None:
            break
        count += 1
    return count


def rates_for(players: int, options: AutoPromotionOptions) -> PlayerRates:
    """Return the tables for a number of players; more than four play as four."""
    if players <= 2:  # noqa: PLR2004  # the reference system's tables
        return options.two_players
    return options.three_players if players == 3 else options.four_players  # noqa: PLR2004


def passed_tier(
    candidate: Candidate, evaluation: Evaluation, options: AutoPromotionOptions
) -> str | None:
    """Return the first tier that holds, None if none does."""
    rates = rates_for(candidate.players, options)
    if _reaches(evaluation, strength_rates(rates, evaluation.elo)):
        return "strength"
    if _reaches(evaluation, volume_rates(rates, candidate.training_games, options)):
        return "volume"
    if _reaches(evaluation, rates.aspirational):
        return "aspirational"
    floor = _reaches(evaluation, options.floor)
    gained = (evaluation.heuristic or 0.0) - (candidate.best_heuristic or 0.0)
    if candidate.best_heuristic is not None and floor and gained >= options.heuristic_gain:
        return "improvement"
    is_weak = candidate.best_elo is not None and candidate.best_elo < options.weak_best
    if _beats_best(evaluation, options) and floor and not is_weak:
        return "relative"
    return None


def strength_rates(rates: PlayerRates, elo: float | None) -> Rates:
    """Return what a model of this rating has to reach; unknown ratings count as the lowest."""
    rating = 0.0 if elo is None else elo
    random = next((f for bound, f in STRENGTH_RANDOM if rating < bound), STRONGEST[0])
    heuristic = next((f for bound, f in STRENGTH_HEURISTIC if rating < bound), STRONGEST[1])
    return Rates(
        random=_clamped(rates.strength.random * random, CLAMP_RANDOM),
        heuristic=_clamped(rates.strength.heuristic * heuristic, CLAMP_HEURISTIC),
    )


def volume_rates(rates: PlayerRates, games: int, options: AutoPromotionOptions) -> Rates:
    """Return what a model that learned from so many games has to reach."""
    if games < options.bootstrap_games:
        return rates.bootstrap
    return rates.standard if games < options.standard_games else rates.aspirational


def _beats_best(evaluation: Evaluation, options: AutoPromotionOptions) -> bool:
    return evaluation.best is not None and evaluation.best > options.beats_best


def _reaches(evaluation: Evaluation, wanted: Rates) -> bool:
    """Both baselines must be beaten; one that was not played was not."""
    if evaluation.random is None or evaluation.heuristic is None:
        return False
    return evaluation.random >= wanted.random and evaluation.heuristic >= wanted.heuristic


def _too_weak(candidate: Candidate, last: Evaluation, options: AutoPromotionOptions) -> str:
    wanted = volume_rates(rates_for(candidate.players, options), candidate.training_games, options)
    return (
        f"win rates: {_percent(last.random)} against random play, {_percent(last.heuristic)} "
        f"against the heuristic; {wanted.random:.0%} and {wanted.heuristic:.0%} are wanted"
    )


def _percent(rate: float | None) -> str:
    return "no games" if rate is None else f"{rate:.0%}"


def _clamped(value: float, bounds: tuple[float, float]) -> float:
    return min(bounds[1], max(bounds[0], value))
