"""Reading the journal: which jobs are under way, and what they are called."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from msgspec import Struct

from ..events.shapes import split_config_key
from ..journal import NOTHING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from ..journal import Facts, ModelRecord, Stage, StageJournal
    from ..workloads.protocol import JobKind

STAGE_JOBS: Final[dict[Stage, tuple[JobKind, str]]] = {
    "npz_export": ("export", "export"),
    "npz_combination": ("combine", "export"),
    "training": ("train", "training"),
}
"""Stages that one job does: the job's kind, and what its task is called.

Self-play and evaluation are done by work items, whose ids are their jobs'.
"""

WORK_TASKS: Final[dict[str, str]] = {"selfplay": "selfplay", "evaluation": "evaluation"}
"""Kinds of work items that jobs do, and what their tasks are called; also their stages."""


class UnderWay(Struct, frozen=True, kw_only=True):
    """A job that was started and has not ended."""

    task_id: str
    task_type: str
    config_key: str
    iteration: int
    stage: str


def players(config_key: str) -> int:
    """Return how many play a config; two where its key does not say."""
    try:
        return split_config_key(config_key)[1]
    except ValueError:  # a workload of one's own may name its configs as it likes
        return 2


def job_id(kind: str, config_key: str, iteration: int) -> str:
    """Return the id of a stage's only job: it follows from what the job is for."""
    return f"{kind}-{config_key}-{iteration}"


def under_way(journal: StageJournal, config_keys: Iterable[str]) -> Iterator[UnderWay]:
    """Yield every job that the journal has as started."""
    for config_key in config_keys:
        iteration = journal.iteration(config_key)
        for stage, (kind, task_type) in STAGE_JOBS.items():
            record = journal.stage(config_key, iteration, stage)
            if record is not None and record.status == "started":
                yield UnderWay(
                    task_id=job_id(kind, config_key, iteration),
                    task_type=task_type,
                    config_key=config_key,
                    iteration=iteration,
                    stage=stage,
                )
        for item in journal.work(config_key, status="started"):
            yield UnderWay(
                task_id=item.work_id,
                task_type=WORK_TASKS.get(item.kind, item.kind),
                config_key=config_key,
                iteration=item.iteration,
                stage=item.kind,
            )


def is_under_way(journal: StageJournal, task: UnderWay) -> bool:
    """Tell whether the journal has a job as started, or about to be."""
    if task.stage in WORK_TASKS:
        item = journal.work_item(task.task_id)
        return item is not None and item.status in {"claimed", "started"}
    record = journal.stage(task.config_key, task.iteration, task.stage)
    return record is not None and record.status == "started"


def selfplay_target(journal: StageJournal, config_key: str, iteration: int) -> int | None:
    """Return how many games an iteration wants; None while its self-play is not open."""
    record = journal.stage(config_key, iteration, "selfplay")
    if record is None or record.status != "started":
        return None
    return max(int(record.inputs.get("target", 0)), raised_target(journal, config_key, iteration))


def raised_target(journal: StageJournal, config_key: str, iteration: int) -> int:
    """Return what somebody asked for beyond the iteration's own target; 0 if nobody did."""
    return int(journal.noted(f"target:{config_key}:{iteration}", 0))


def raise_target(journal: StageJournal, config_key: str, games: int) -> None:
    """Want at least so many games: in this iteration while it plays, else in the next."""
    iteration = journal.iteration(config_key)
    record = journal.stage(config_key, iteration, "selfplay")
    if record is not None and record.status != "started":
        iteration += 1
    wanted = max(games, raised_target(journal, config_key, iteration))
    journal.note(f"target:{config_key}:{iteration}", wanted)


def last_evaluation(journal: StageJournal, model: ModelRecord) -> Facts:
    """Return the result of a model's last round of evaluation; empty before the first."""
    rounds = journal.work(
        model.config_key, iteration=model.iteration, kind="evaluation", status="done"
    )
    return max(rounds, key=lambda item: item.part).result if rounds else NOTHING


def rating(journal: StageJournal, model: ModelRecord | None) -> float | None:
    """Return a model's rating by its last round of evaluation."""
    elo = None if model is None else last_evaluation(journal, model).get("elo", model.elo)
    return None if elo is None else float(elo)


def win_rate(result: Facts, opponent: str) -> float | None:
    """Return the win rate in a round against one opponent; None where nobody was played."""
    score = result.get("opponents", {}).get(opponent)
    return None if score is None or not score["games"] else float(score["win_rate"])
