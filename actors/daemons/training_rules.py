"""When a config trains and how hard: gates in order, thresholds, paces; functions of state."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, Literal, TypeAlias

from msgspec import Struct
from msgspec.structs import replace

from .training_options import Intensity, Pace

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from .training_options import TrainingTriggerOptions

HOUR: Final = 3600.0

Gate: TypeAlias = Literal[
    "running",
    "backpressure",
    "quality",
    "paused",
    "cooldown",
    "stale",
    "samples",
    "gpu",
    "concurrent",
]

HOPELESS: Final = frozenset({"stale", "samples"})
"""Gates that no waiting opens: only new games do."""

PACES_BY_QUALITY: Final[tuple[tuple[float, Pace], ...]] = (
    (0.9, "hot_path"),
    (0.8, "accelerated"),
    (0.65, "normal"),
)
PACES_BY_WIN_RATE: Final[tuple[tuple[float, Pace], ...]] = (
    (0.6, "accelerated"),
    (0.75, "normal"),
)
WEAK: Final = 0.4
"""A win rate below which self-play is boosted, too."""
SLOW: Final = 0.5
"""Elo per hour below which smaller steps are taken."""
FAST: Final = ((2.0, (1.5, 1.3)), (1.0, (1.2, 1.1)))
"""Elo per hour above which epochs and learning rate grow, and by what."""
FASTER: Final = frozenset({"hot_path", "accelerated"})


class Readiness(Struct, frozen=True, kw_only=True):
    """What is known of a config.

    Attributes:
        running: whether it trains, or its turn to train was asked for.
        samples: in its training set.
        games: that they are from.
        data_at: how new its newest data is, seconds UTC.
        trained_at: when it trained last, seconds UTC.
        cooldown_until: when an additional cooldown ends, seconds UTC.
        quality_blocked: whether quality blocks it.
        confidence: width of the confidence interval of its win rate, if known.
    """

    running: bool = False
    samples: int = 0
    games: int = 0
    data_at: float | None = None
    trained_at: float | None = None
    cooldown_until: float | None = None
    quality_blocked: bool = False
    confidence: float | None = None


class Tempo(Struct, frozen=True, kw_only=True):
    """How hard a config trains, and what that follows from.

    Attributes:
        pace: by quality, evaluations, regressions.
        velocity: Elo per hour, None if unknown.
        trend: of its Elo: `accelerating`, `stable`, `plateauing`, `decelerating`.
        failures: trainings that failed in a row.
        stagnant: evaluations in a row that gained next to nothing.
    """

    pace: Pace = "normal"
    velocity: float | None = None
    trend: str = "stable"
    failures: int = 0
    stagnant: int = 0


class Closed(Struct, frozen=True, kw_only=True):
    """A gate that is closed, in words, and when to look again (seconds)."""

    gate: Gate
    reason: str
    retry_after: float | None = None


def threshold(games: int, players: int, options: TrainingTriggerOptions) -> int:
    """Return how many samples are wanted: fewer while there are few games, or more players."""
    steps = (
        (500, options.samples_under_500_games),
        (1000, options.samples_under_1000_games),
        (2000, options.samples_under_2000_games),
        (5000, options.samples_under_5000_games),
    )
    wanted = next((samples for bound, samples in steps if games < bound), options.samples)
    factors = {3: options.three_player_factor, 4: options.four_player_factor}
    return round(wanted * factors.get(players, 1.0))


def first_closed(
    state: Readiness,
    options: TrainingTriggerOptions,
    now: float,
    *,
    players: int,
    pace: Pace = "normal",
    backpressure_at: float | None = None,
    running: int = 0,
    gpu_free: bool = True,
) -> Closed | None:
    """Ask the gates in order; return the first that is closed, None if all are open.

    Args:
        state: of the config.
        options: thresholds.
        now: seconds UTC.
        players: of the config.
        pace: of the config.
        backpressure_at: since when evaluations hold training back, seconds UTC.
        running: trainings asked for and under way, of all configs.
        gpu_free: whether there is something to train on.
    """
    gates = (
        _busy(state, options, now, backpressure_at),
        _held(state, options, now, pace),
        _data(state, options, now, players),
        _capacity(options, running, gpu_free=gpu_free),
    )
    return next((closed for group in gates for closed in group), None)


def _busy(
    state: Readiness,
    options: TrainingTriggerOptions,
    now: float,
    backpressure_at: float | None,
) -> Iterator[Closed]:
    if state.running:
        yield Closed(gate="running", reason="it trains already")
    if backpressure_at is not None:
        left = backpressure_at + options.backpressure_timeout - now
        if left > 0:
            reason = "evaluations hold training back"
            yield Closed(gate="backpressure", reason=reason, retry_after=left)


def _held(
    state: Readiness, options: TrainingTriggerOptions, now: float, pace: Pace
) -> Iterator[Closed]:
    if state.quality_blocked:
        yield Closed(gate="quality", reason="its data is too poor")
    ends = [state.cooldown_until or 0.0]
    if state.trained_at is not None:
        ends.append(state.trained_at + options.cooldown)
    left = max(ends) - now
    if left > 0:
        reason = f"it trained a short while ago; {left:.0f} s to go"
        yield Closed(gate="cooldown", reason=reason, retry_after=left)
    elif pace == "paused":
        yield Closed(gate="paused", reason="a regression paused it")


def _data(
    state: Readiness, options: TrainingTriggerOptions, now: float, players: int
) -> Iterator[Closed]:
    age = data_age_hours(state, now)
    if age is not None and age > options.max_age_hours:
        reason = f"its data is {age:.1f} h old, allowed are {options.max_age_hours:g} h"
        yield Closed(gate="stale", reason=reason)
    wanted = threshold(state.games, players, options)
    if state.samples < wanted and not _starts_early(state, options):
        yield Closed(gate="samples", reason=f"{state.samples} samples, {wanted} are wanted")


def data_age_hours(state: Readiness, now: float) -> float | None:
    """Return how old the newest data is."""
    return None if state.data_at is None else (now - state.data_at) / HOUR


def _starts_early(state: Readiness, options: TrainingTriggerOptions) -> bool:
    if state.confidence is None or state.samples < options.early_samples:
        return False
    return state.confidence <= options.early_confidence


def _capacity(options: TrainingTriggerOptions, running: int, *, gpu_free: bool) -> Iterator[Closed]:
    if not gpu_free:
        yield Closed(gate="gpu", reason="nothing to train on is free")
    if running >= options.max_concurrent:
        yield Closed(gate="concurrent", reason=f"{running} configs train already")


# -------------------------------------------------------------------------------- intensity


def pace_by_quality(score: float) -> Pace:
    """Return how hard to train on data of this quality."""
    for bound, pace in PACES_BY_QUALITY:
        if score >= bound:
            return pace
    return "reduced"


def pace_by_win_rate(rate: float) -> Pace:
    """Return how hard to train after an evaluation: a weak model trains harder."""
    for bound, pace in PACES_BY_WIN_RATE:
        if rate < bound:
            return pace
    return "reduced"


def after_regression(pace: Pace, severity: str) -> Pace:
    """Return the pace after a regression."""
    if severity in {"severe", "critical"}:
        return "paused"
    if severity == "moderate":
        return "reduced"
    return "normal" if pace in FASTER else pace


def after_failure(tempo: Tempo, options: TrainingTriggerOptions) -> Tempo:
    """Take in a failed training; several in a row reduce the pace."""
    failures = tempo.failures + 1
    reduced = failures >= options.failures_until_reduced
    return replace(tempo, failures=failures, pace="reduced" if reduced else tempo.pace)


def after_evaluation(
    tempo: Tempo, win_rate: float | None, gain: float | None, options: TrainingTriggerOptions
) -> tuple[Tempo, bool]:
    """Take in an evaluation; tell whether a harder tier is wanted now."""
    pace = tempo.pace if win_rate is None or tempo.pace == "paused" else pace_by_win_rate(win_rate)
    stagnant = tempo.stagnant
    if gain is not None:
        stagnant = stagnant + 1 if gain <= options.stagnant_gain else 0
    wanted = stagnant >= options.stagnant_evaluations
    return replace(tempo, pace=pace, stagnant=0 if wanted else stagnant, failures=0), wanted


def intensity(tempo: Tempo, options: TrainingTriggerOptions) -> Intensity:
    """Return epochs, batch size and learning rate for a tempo, within their bounds."""
    pace = "reduced" if tempo.pace == "paused" else tempo.pace
    base: Intensity = getattr(options, pace)
    epochs, rate = _by_velocity(tempo.velocity)
    more, trend = _by_trend(tempo.trend)
    return Intensity(
        epochs=_within(round(base.epochs * epochs * more), options.min_epochs, options.max_epochs),
        batch_size=_within(base.batch_size, options.min_batch, options.max_batch),
        learning_rate=_within(
            base.learning_rate * rate * trend, options.min_rate, options.max_rate
        ),
    )


def _by_velocity(velocity: float | None) -> tuple[float, float]:
    """Return factors on epochs and learning rate."""
    if velocity is None:
        return 1.0, 1.0
    if velocity < 0:
        return 1.3, 0.6
    if velocity < SLOW:
        return 1.0, 0.8
    return next((found for bound, found in FAST if velocity > bound), (1.0, 1.0))


def _by_trend(trend: str) -> tuple[float, float]:
    found = {"accelerating": (1.0, 1.05), "plateauing": (1.15, 1.0), "decelerating": (1.0, 0.95)}
    return found.get(trend, (1.0, 1.0))


def _within(value: Any, low: Any, high: Any) -> Any:
    return min(high, max(low, value))


def job_options(
    stage: Mapping[str, Any], wanted: Intensity, options: TrainingTriggerOptions
) -> dict[str, Any]:
    """Return a stage's options, scaled as far as `wanted` differs from the pace `normal`.

    So a user's own numbers stay what they are while training is normal, and a program that knows
    none of the three is told none of them.
    """
    normal, given = options.normal, dict(stage)
    if not options.adaptive or wanted == normal:
        return given
    scales = {
        "epochs": wanted.epochs / normal.epochs,
        "batch_size": wanted.batch_size / normal.batch_size,
        "learning_rate": wanted.learning_rate / normal.learning_rate,
    }
    for name, scale in scales.items():
        if name in given and scale != 1:
            scaled = given[name] * scale
            given[name] = max(1, round(scaled)) if isinstance(given[name], int) else scaled
    return given
