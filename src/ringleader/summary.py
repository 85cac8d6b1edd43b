"""What came of a run, as values: of each iteration, of each death, of all events."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

from msgspec import UNSET, Struct, UnsetType

from ringleader.actors.journal import STAGES, Stage, StageRecord, StageStatus
from ringleader.actors.letters import Outcome

from .snapshot import one_line

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from ringleader.actors.journal import StageJournal

    from .deaths import Death
    from .statistics import SystemStatistics


NOBODY: Final = "ended with its supervisor"
"""The decision about a child whose supervisor was killed with it."""


class IterationSummary(Struct, frozen=True, kw_only=True):
    """What one iteration brought; None where it did not get so far.

    Attributes:
        games: played against itself.
        samples: that the training set has.
        loss: of training, at its end.
        win_rate_random: share of games won against random play.
        win_rate_first: share of games won against generation 1.
        elo: of the new model.
        promoted: whether it became the current best.
        config_key: what was learned; left out of a run that has one key only.
    """

    games: int | None = None
    samples: int | None = None
    loss: float | None = None
    win_rate_random: float | None = None
    win_rate_first: float | None = None
    elo: float | None = None
    promoted: bool = False
    config_key: str | UnsetType = UNSET


class IterationRow(Struct, frozen=True, kw_only=True):
    """One iteration, as the journal has it.

    Attributes:
        stages: how far each one is that has begun, in order.
        seconds: from its first stage's begin to its last one's end; None while it is under way.
        failures: the stages that failed, with their errors.
        skipped: why stages were left out.
    """

    config_key: str
    iteration: int
    stages: Mapping[Stage, StageStatus]
    facts: IterationSummary
    seconds: float | None = None
    failures: Mapping[Stage, str] = {}
    skipped: Mapping[Stage, str] = {}

    @property
    def stage(self) -> Stage:
        """The stage that it is at."""
        for stage in STAGES:
            if self.stages.get(stage) != "done":
                return stage
        return STAGES[-1]

    @property
    def is_complete(self) -> bool:
        """Whether nothing of it is left to do."""
        return self.stages.get("complete") == "done"


class DeathSummary(Struct, frozen=True, kw_only=True):
    """One end that nobody ordered, and what was done about it."""

    path: str
    cause: str
    decision: str


class EventSummary(Struct, frozen=True, kw_only=True):
    """What became of events.

    Attributes:
        published: taken from publishers.
        deduplicated: of these, suppressed as duplicates.
        deliveries: one for each event and subscriber.
        outcomes: of the deliveries, every possible one; their sum is `deliveries`.
        dead_letters: messages of all kinds that could not be handled, and were kept.
    """

    published: int
    deduplicated: int
    deliveries: int
    outcomes: Mapping[str, int]
    dead_letters: int

    @property
    def is_balanced(self) -> bool:
        """Whether every delivery has exactly one outcome."""
        return self.deliveries == sum(self.outcomes.values())


class Summary(Struct, frozen=True, kw_only=True):
    """A whole run of a node: what `--summary` writes.

    Attributes:
        wall_seconds: from the start of the tree to its end.
    """

    iterations: tuple[IterationSummary, ...]
    deaths: tuple[DeathSummary, ...]
    restarts: int
    events: EventSummary
    wall_seconds: float


def summarize(
    rows: Sequence[IterationRow],
    deaths: Iterable[Death],
    statistics: SystemStatistics,
    seconds: float,
) -> Summary:
    """Put together what is known; the counters are those of a tree that has stopped."""
    events = statistics.events
    return Summary(
        iterations=tuple(row.facts for row in rows),
        deaths=tuple(
            DeathSummary(path=d.path, cause=one_line(d.cause), decision=d.decision or NOBODY)
            for d in deaths
        ),
        restarts=statistics.restarts,
        events=EventSummary(
            published=events.published,
            deduplicated=events.deduplicated,
            deliveries=events.deliveries,
            outcomes={str(outcome): events.outcomes.get(outcome, 0) for outcome in Outcome},
            dead_letters=sum(statistics.dead_letters.values()),
        ),
        wall_seconds=round(seconds, 3),
    )


def iteration_rows(journal: StageJournal, config_keys: Sequence[str]) -> list[IterationRow]:
    """Read all iterations, by config key and number."""
    only = len(config_keys) == 1
    return [
        _row(journal.stages(key, record.iteration), key, record.iteration, only=only)
        for key in config_keys
        for record in journal.iterations(key)
    ]


def _row(
    records: Sequence[StageRecord], config_key: str, iteration: int, *, only: bool
) -> IterationRow:
    results: dict[Stage, Mapping[str, Any]] = {record.stage: record.result for record in records}
    began = min((record.started_at for record in records), default=None)
    complete = next((r for r in records if r.stage == "complete" and r.status == "done"), None)
    ended = None if complete is None else complete.finished_at
    return IterationRow(
        config_key=config_key,
        iteration=iteration,
        stages={record.stage: record.status for record in records},
        facts=_facts(results, UNSET if only else config_key),
        seconds=None if began is None or ended is None else max(0.0, ended - began),
        failures={r.stage: r.error for r in records if r.status == "failed"},
        skipped={r.stage: str(r.result["skipped"]) for r in records if _is_skipped(r)},
    )


def _is_skipped(record: StageRecord) -> bool:
    return record.stage != "complete" and "skipped" in record.result


def _facts(
    results: Mapping[Stage, Mapping[str, Any]], config_key: str | UnsetType
) -> IterationSummary:
    def found(stage: Stage, name: str) -> Any:
        return results.get(stage, {}).get(name)

    return IterationSummary(
        games=found("selfplay", "games"),
        samples=found("npz_combination", "total_samples"),
        loss=found("training", "final_loss"),
        win_rate_random=_win_rate(found("evaluation", "opponents"), "random"),
        win_rate_first=_win_rate(found("evaluation", "opponents"), "first"),
        elo=found("evaluation", "elo"),
        promoted=bool(found("promotion", "promoted")),
        config_key=config_key,
    )


def _win_rate(opponents: Any, name: str) -> float | None:
    try:
        return float(opponents[name]["win_rate"])
    except (TypeError, KeyError):
        return None  # no such games were played
