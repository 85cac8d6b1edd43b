"""When games become samples, and when samples are merged: functions of state and time."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta, Struct


class AutoExportOptions(Struct, frozen=True, kw_only=True):
    """When games are exported."""

    games_two_players: Annotated[
        int, Meta(ge=1, description="new games wanted for an export, two players (games)")
    ] = 50
    games_three_players: Annotated[int, Meta(ge=1, description="three players (games)")] = 75
    games_four_players: Annotated[int, Meta(ge=1, description="four players (games)")] = 100
    cooldown: Annotated[
        float, Meta(ge=0, description="time between two exports of a config (seconds)")
    ] = 60
    batch_interval: Annotated[
        float, Meta(gt=0, description="time between two looks for exports to start (seconds)")
    ] = 30
    urgent_factor: Annotated[
        float,
        Meta(ge=1, description="so many times the games start an export without waiting for it"),
    ] = 2
    max_concurrent: Annotated[int, Meta(ge=1, description="exports at once (jobs)")] = 4
    max_attempts: Annotated[
        int, Meta(ge=1, description="tries of one export until it has failed (tries)")
    ] = 3


class NPZCombinationOptions(Struct, frozen=True, kw_only=True):
    """When exports are merged."""

    cooldown: Annotated[
        float, Meta(ge=0, description="time between two merges of a config (seconds)")
    ] = 30
    min_samples: Annotated[
        int, Meta(ge=1, description="samples wanted in all exports together (samples)")
    ] = 100
    recheck_interval: Annotated[
        float, Meta(gt=0, description="time between two comparisons with the journal (seconds)")
    ] = 30
    max_concurrent: Annotated[int, Meta(ge=1, description="merges at once (jobs)")] = 2
    max_attempts: Annotated[
        int, Meta(ge=1, description="tries of one merge until it has failed (tries)")
    ] = 3


def games_wanted(players: int, options: AutoExportOptions) -> int:
    """Return how many new games an export wants: more players, more games."""
    if players <= 2:  # noqa: PLR2004  # the reference system's table
        return options.games_two_players
    return options.games_three_players if players == 3 else options.games_four_players  # noqa: PLR2004


def is_urgent(games: int, players: int, options: AutoExportOptions) -> bool:
    """Tell whether there are so many games that the next batch is not waited for."""
    return games >= options.urgent_factor * games_wanted(players, options)


def seconds_left(last: float | None, cooldown: float, now: float) -> float:
    """Return how long to wait after the last time; times in seconds UTC."""
    return 0.0 if last is None else max(0.0, last + cooldown - now)


def unready(games: int, quality: float | None, players: int, options: AutoExportOptions) -> str:
    """Say why games can't be exported: too few, or none of them sound; empty if they can."""
    wanted = games_wanted(players, options)
    if games < wanted:
        return f"{games} new games, {wanted} are wanted"
    if quality is not None and quality <= 0:
        return "none of the games is sound"
    return ""
