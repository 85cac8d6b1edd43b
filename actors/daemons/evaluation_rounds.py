"""Rounds of evaluation: work items of the queue, and what is told of them."""

from __future__ import annotations

from typing import Final

from ..coordinators.layer4.population import work_id
from ..events.evaluation import EvaluationCompleted
from ..journal import WorkItem

KIND: Final = "evaluation"
"""The kind of their work items, and their stage."""


def round_of(config_key: str, iteration: int, number: int, path: str, now: float) -> WorkItem:
    """Return the work item of one round; putting it twice is one item."""
    return WorkItem(
        work_id=work_id(KIND, config_key, iteration, number),
        kind=KIND,
        config_key=config_key,
        iteration=iteration,
        part=number,
        options={"model_path": path},
        queued_at=now,
    )


def completed(item: WorkItem, model_id: str, node_id: str) -> EvaluationCompleted:
    """Return what says how a round went."""
    result = item.result
    opponents = result.get("opponents", {})
    rates = {name: float(score["win_rate"]) for name, score in opponents.items()}
    return EvaluationCompleted(
        config_key=item.config_key,
        model_id=model_id,
        model_path=str(item.options["model_path"]),
        games_played=result.get("games_played"),
        win_rate=result.get("win_rate"),
        elo=result.get("elo"),
        elo_delta=result.get("elo_delta"),
        opponent_results={
            name: {key: float(value) for key, value in score.items()}
            for name, score in opponents.items()
        },
        win_rates=rates,
        vs_random_rate=rates.get("random"),
        vs_heuristic_rate=rates.get("heuristic"),
        node_id=node_id,
        job_id=item.work_id,
        iteration=item.iteration,
    )
