"""Which model is evaluated next, and when the queue holds training back: functions of state."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Literal, TypeAlias

from msgspec import Meta, Struct

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

Signal: TypeAlias = Literal["activate", "release"]


class EvaluationDaemonOptions(Struct, frozen=True, kw_only=True):
    """How models are evaluated."""

    max_queue: Annotated[
        int, Meta(ge=1, description="requests that may wait; more are refused (requests)")
    ] = 100
    max_concurrent: Annotated[
        int, Meta(ge=1, description="evaluations at once, beside the stage's own limit (jobs)")
    ] = 24
    cooldown: Annotated[
        float, Meta(ge=0, description="time between two evaluations of a model (seconds)")
    ] = 300
    remembered: Annotated[
        int, Meta(ge=1, description="models whose last evaluation is remembered (models)")
    ] = 1000
    backpressure: Annotated[
        int, Meta(ge=1, description="waiting requests that hold training back (requests)")
    ] = 70
    release: Annotated[
        int, Meta(ge=0, description="waiting requests at which training goes on (requests)")
    ] = 35
    retry_delays: Annotated[
        tuple[Annotated[float, Meta(ge=0)], ...],
        Meta(description="time before each further try of one that failed (seconds)"),
    ] = (2, 5, 10)
    retry_games: Annotated[
        tuple[Annotated[float, Meta(gt=0)], ...],
        Meta(description="factor on the games of each further try"),
    ] = (1.5, 2, 2.5)
    recheck_interval: Annotated[
        float, Meta(gt=0, description="time between two comparisons with the journal (seconds)")
    ] = 30


class Request(Struct, frozen=True, kw_only=True):
    """One round of evaluation that is to be done.

    Attributes:
        config_key: what is played.
        iteration: in which the model was trained.
        round: counted from 1; more than one when promotion wants another pass.
        model_path: its file.
        asked_at: seconds UTC.
        not_before: when it may start, seconds UTC.
    """

    config_key: str
    iteration: int
    round: int
    model_path: str
    asked_at: float = 0.0
    not_before: float = 0.0


def backpressure(waiting: int, options: EvaluationDaemonOptions, *, active: bool) -> Signal | None:
    """Return what to tell about the queue, if anything: with hysteresis, each once."""
    if not active and waiting >= options.backpressure:
        return "activate"
    if active and waiting <= options.release:
        return "release"
    return None


def due(
    requests: Iterable[Request], evaluated: Mapping[str, float], now: float, cooldown: float
) -> list[Request]:
    """Return the requests that may start now, the longest waiting first.

    Args:
        requests: all that wait.
        evaluated: by model path, when it was evaluated last (seconds UTC).
        now: seconds UTC.
        cooldown: seconds between two evaluations of one model.
    """
    return sorted(
        (r for r in requests if now >= starts_at(r, evaluated, cooldown)),
        key=lambda request: (request.asked_at, request.config_key, request.round),
    )


def starts_at(request: Request, evaluated: Mapping[str, float], cooldown: float) -> float:
    """Return when a request may start, seconds UTC."""
    last = evaluated.get(request.model_path)
    return request.not_before if last is None else max(request.not_before, last + cooldown)


def retry_delay(attempts: int, options: EvaluationDaemonOptions) -> float | None:
    """Return how long to wait after so many failed tries, None to give up."""
    delays = options.retry_delays
    return delays[attempts - 1] if attempts <= len(delays) else None


def retry_factor(attempts: int, options: EvaluationDaemonOptions) -> float:
    """Return the factor on games after so many failed tries."""
    factors = options.retry_games
    return factors[min(attempts, len(factors)) - 1] if attempts and factors else 1.0


def more_games(options: Mapping[str, object], factor: float) -> dict[str, object]:
    """Return a stage's options with `factor` times the games: every number `…_games`."""
    return {
        name: max(1, round(value * factor))
        if name.endswith("_games") and isinstance(value, int) and value and factor != 1
        else value
        for name, value in options.items()
    }
