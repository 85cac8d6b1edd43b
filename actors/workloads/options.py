"""The settings of the job programs, one struct a stage; a job file's `options` are one of these.

Defaults are real volumes: what one job of a fleet does. Importing this needs neither NumPy nor
OpenSpiel.
"""

from __future__ import annotations

from typing import Annotated

import msgspec
from msgspec import Meta


class JobOptions(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What every stage has."""

    checkpoint_seconds: Annotated[
        float,
        Meta(ge=0, le=3, description="write a checkpoint when the last is this old (s)"),
    ] = 2.0


class SelfplayOptions(JobOptions, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How games against oneself are played."""

    games: Annotated[int, Meta(ge=1, description="games to play in this job")] = 100
    first_game: Annotated[
        int,
        Meta(
            ge=0,
            description="number of the job's first game; jobs that share an iteration get ranges "
            "that don't overlap, since equal numbers are equal games",
        ),
    ] = 0
    simulations: Annotated[int, Meta(ge=1, description="positions tried per move")] = 200
    c_puct: Annotated[
        float, Meta(gt=0, description="weight of the network's prior in the search")
    ] = 1.5
    first_play_reduction: Annotated[
        float,
        Meta(ge=0, le=2, description="a move not yet tried counts as its position less this"),
    ] = 0.2
    noise_alpha: Annotated[
        float, Meta(gt=0, description="Dirichlet parameter of the noise at the root")
    ] = 0.4
    noise_share: Annotated[
        float, Meta(ge=0, le=1, description="share of noise in the root's priors")
    ] = 0.25
    temperature_plies: Annotated[
        int,
        Meta(ge=0, description="opening plies that are sampled by visits, not the best one taken"),
    ] = 4
    rollout_exploration: Annotated[
        float,
        Meta(gt=0, description="UCT constant of the search that plays while there is no model"),
    ] = 0.7
    games_at_once: Annotated[
        int, Meta(ge=1, le=4096, description="games whose positions are judged in one batch")
    ] = 64


class ExportOptions(JobOptions, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How games become samples."""

    augment: Annotated[
        bool, Meta(description="add each position turned by 180°, which is the same to Hex")
    ] = True


class CombineOptions(JobOptions, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How exports become one training set."""

    half_life_hours: Annotated[
        float,
        Meta(
            gt=0, description="a source this much older than the newest counts half (h, whole ones)"
        ),
    ] = 24.0
    half_life_iterations: Annotated[
        float,
        Meta(ge=0, description="the same by the iteration that played the games; 0 = by time only"),
    ] = 0.0
    min_quality: Annotated[
        float, Meta(ge=0, le=1, description="sources below this quality are left out")
    ] = 0.2


class TrainOptions(JobOptions, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How a network learns."""

    epochs: Annotated[int, Meta(ge=1, description="passes over the samples")] = 50
    batch_size: Annotated[int, Meta(ge=1, description="samples per step")] = 512
    learning_rate: Annotated[
        float, Meta(gt=0, le=1, description="Adam's step at the start; falls to 0 along a cosine")
    ] = 2e-3
    weight_decay: Annotated[
        float, Meta(ge=0, le=1, description="decoupled weight decay per unit of learning rate")
    ] = 0.1
    hidden: Annotated[
        tuple[Annotated[int, Meta(ge=1, le=4096)], ...],
        Meta(
            min_length=1,
            max_length=8,
            description="widths of a new network's hidden layers; a network that is trained on "
            "keeps its own",
        ),
    ] = (128, 128)
    validation_share: Annotated[
        float, Meta(ge=0, lt=1, description="share of games that is only judged, not learned from")
    ] = 0.1
    patience: Annotated[
        int,
        Meta(
            ge=0,
            description="end after so many epochs without a better validation loss, with the best "
            "epoch's weights; 0 = never",
        ),
    ] = 10


class EvaluateOptions(JobOptions, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a gauntlet consists of."""

    random_games: Annotated[int, Meta(ge=0, description="games against random play")] = 30
    heuristic_games: Annotated[
        int, Meta(ge=0, description="games against plain Monte Carlo tree search")
    ] = 30
    best_games: Annotated[
        int, Meta(ge=0, description="games against the current best model, if there is one")
    ] = 30
    first_games: Annotated[
        int, Meta(ge=0, description="games against the first generation's model, if given")
    ] = 30
    simulations: Annotated[
        int, Meta(ge=1, description="positions a model tries per move; 1 = its policy alone")
    ] = 64
    c_puct: Annotated[
        float, Meta(gt=0, description="weight of the network's prior in the search")
    ] = 1.5
    first_play_reduction: Annotated[
        float,
        Meta(ge=0, le=2, description="a move not yet tried counts as its position less this"),
    ] = 0.2
    sampled_plies: Annotated[
        int, Meta(ge=0, description="opening plies that are sampled, so that games differ")
    ] = 2
    heuristic_simulations: Annotated[
        int, Meta(ge=1, description="random games the heuristic tries per move")
    ] = 64
    heuristic_exploration: Annotated[
        float, Meta(gt=0, description="UCT constant of the heuristic")
    ] = 0.7
    stop_early_confidence: Annotated[
        float,
        Meta(
            ge=0,
            lt=1,
            description="stop against an opponent when it is this sure who is better; 0 = never",
        ),
    ] = 0.95
    stop_early_games: Annotated[
        int, Meta(ge=1, description="games before stopping early is thought of")
    ] = 10
    games_at_once: Annotated[
        int, Meta(ge=1, le=4096, description="games that are played in one batch")
    ] = 50
    random_elo: Annotated[float, Meta(description="rating that random play is fixed at")] = 400.0
    heuristic_elo: Annotated[float, Meta(description="rating that the heuristic is fixed at")] = (
        1200.0
    )
    best_elo: Annotated[
        float | None,
        Meta(description="the current best model's rating; none = it is no anchor"),
    ] = None
    first_elo: Annotated[
        float | None,
        Meta(description="the first generation's rating; none = it is no anchor"),
    ] = None
