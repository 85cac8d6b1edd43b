"""When training starts, and how hard it trains: the settings."""

from __future__ import annotations

from typing import Annotated, Literal, TypeAlias

from msgspec import Meta, Struct

Pace: TypeAlias = Literal["hot_path", "accelerated", "normal", "reduced", "paused"]
"""How hard a config trains."""


class Intensity(Struct, frozen=True, kw_only=True):
    """How long and in what steps; `normal` is what a stage's own options mean."""

    epochs: Annotated[int, Meta(ge=1, description="passes over the samples (epochs)")]
    batch_size: Annotated[int, Meta(ge=1, description="samples per step (samples)")]
    learning_rate: Annotated[float, Meta(gt=0, description="factor on the learning rate")]


class TrainingTriggerOptions(Struct, frozen=True, kw_only=True):
    """When training starts, and how hard it trains."""

    samples: Annotated[int, Meta(ge=1, description="samples wanted to train (samples)")] = 5000
    samples_under_500_games: Annotated[
        int, Meta(ge=1, description="the same with fewer than 500 games (samples)")
    ] = 500
    samples_under_1000_games: Annotated[
        int, Meta(ge=1, description="the same with fewer than 1000 games (samples)")
    ] = 1000
    samples_under_2000_games: Annotated[
        int, Meta(ge=1, description="the same with fewer than 2000 games (samples)")
    ] = 2000
    samples_under_5000_games: Annotated[
        int, Meta(ge=1, description="the same with fewer than 5000 games (samples)")
    ] = 3000
    three_player_factor: Annotated[
        float, Meta(gt=0, description="factor on all of them for three players")
    ] = 0.6
    four_player_factor: Annotated[
        float, Meta(gt=0, description="factor on all of them for four players")
    ] = 0.4
    early_samples: Annotated[
        int, Meta(ge=1, description="samples for an early start (samples)")
    ] = 1000
    early_confidence: Annotated[
        float,
        Meta(ge=0, description="width of the win rate's confidence interval that allows it"),
    ] = 0.05
    cooldown: Annotated[
        float, Meta(ge=0, description="time between two trainings of a config (seconds)")
    ] = 300
    intensity_cooldown: Annotated[
        float, Meta(ge=0, description="what a regression adds to it (seconds)")
    ] = 600
    max_age_hours: Annotated[
        float,
        Meta(
            gt=0,
            description="older data is not trained on (hours)",
            extra={"env": "RINGRIFT_MAX_DATA_AGE_HOURS"},
        ),
    ] = 48
    max_concurrent: Annotated[int, Meta(ge=1, description="trainings asked for at once (jobs)")] = (
        20
    )
    scan_interval: Annotated[
        float, Meta(gt=0, description="time between two looks at all configs (seconds)")
    ] = 30
    dedup_window: Annotated[
        float, Meta(ge=0, description="time in which a config is asked for once (seconds)")
    ] = 300
    backpressure_timeout: Annotated[
        float, Meta(gt=0, description="evaluation backpressure ends by itself (seconds)")
    ] = 300
    hot_path: Intensity = Intensity(epochs=30, batch_size=1024, learning_rate=1.5)
    accelerated: Intensity = Intensity(epochs=40, batch_size=768, learning_rate=1.2)
    normal: Intensity = Intensity(epochs=50, batch_size=512, learning_rate=1.0)
    reduced: Intensity = Intensity(epochs=60, batch_size=256, learning_rate=0.8)
    adaptive: Annotated[
        bool, Meta(description="false trains as the stage's options say, whatever the pace")
    ] = True
    min_epochs: Annotated[int, Meta(ge=1, description="fewest passes (epochs)")] = 10
    max_epochs: Annotated[int, Meta(ge=1, description="most passes (epochs)")] = 150
    min_batch: Annotated[int, Meta(ge=1, description="smallest step (samples)")] = 128
    max_batch: Annotated[int, Meta(ge=1, description="largest step (samples)")] = 2048
    min_rate: Annotated[float, Meta(gt=0, description="smallest factor on the learning rate")] = 0.3
    max_rate: Annotated[float, Meta(gt=0, description="largest factor on the learning rate")] = 2.5
    stagnant_gain: Annotated[
        float, Meta(ge=0, description="an evaluation that gains no more is stagnant (Elo)")
    ] = 5
    stagnant_evaluations: Annotated[
        int, Meta(ge=1, description="stagnant evaluations until a harder tier is wanted")
    ] = 3
    failures_until_reduced: Annotated[
        int, Meta(ge=1, description="trainings that fail in a row until the pace is reduced")
    ] = 3
