"""The stage journal in a SQLite file."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ringleader.actors import journal_rules as rules
from ringleader.actors.journal import (
    NOTHING,
    IterationRecord,
    JournalError,
    ModelRecord,
    StageRecord,
    WorkItem,
)

from .journal_schema import (
    SCHEMA,
    TABLES,
    R,
    as_text,
    begin,
    finished_at,
    keep_stage,
    read_record,
    stage_in,
)
from .sqlite import Database

if TYPE_CHECKING:
    from pathlib import Path

    from ringleader.actors.journal import Facts, WorkStatus


class SqliteJournal:
    """The `StageJournal` in one SQLite file that one process owns.

    Args:
        path: the file; made if it is missing, its directory must exist.

    Raises:
        JournalError: it can't be opened; says why, and what would be right.
    """

    def __init__(self, path: Path) -> None:
        self._database = Database(path, "the stage journal", SCHEMA, JournalError)

    @property
    def path(self) -> Path:
        """The file."""
        return self._database.path

    # ---------------------------------------------------------------- iterations

    def begin_iteration(self, config_key: str, iteration: int, *, now: float) -> IterationRecord:
        """Record that an iteration began."""
        rules.check_iteration(iteration)
        with self._database.transaction() as tables:
            begin(tables, config_key, iteration, now)
            return next(r for r in self.iterations(config_key) if r.iteration == iteration)

    def iteration(self, config_key: str) -> int:
        """Return the iteration to go on with."""
        return rules.next_iteration(self.iterations(config_key))

    def iterations(self, config_key: str) -> list[IterationRecord]:
        """Return all that began, in order."""
        found = self._database.rows(
            "SELECT began.iteration, began_at, record FROM iterations AS began "
            "LEFT JOIN stages AS last ON last.config_key = began.config_key "
            "AND last.iteration = began.iteration AND last.stage = 'complete' "
            "WHERE began.config_key = ? ORDER BY began.iteration",
            (config_key,),
        )
        return [
            IterationRecord(
                config_key=config_key,
                iteration=iteration,
                began_at=began_at,
                finished_at=finished_at(record),
            )
            for iteration, began_at, record in found
        ]

    # ---------------------------------------------------------------- stages

    def start_stage(
        self, config_key: str, iteration: int, stage: str, inputs: Facts = NOTHING, *, now: float
    ) -> StageRecord:
        """Record that a stage starts."""
        inputs = rules.as_kept(inputs, f"what {stage} starts from")
        key = config_key, iteration, rules.check_stage(stage)
        with self._database.transaction() as tables:
            begin(tables, config_key, iteration, now)
            old = stage_in(tables, key)
            record = rules.start(old, key, inputs, now)
            if record is not old:
                keep_stage(tables, record)
            return record

    def finish_stage(
        self, config_key: str, iteration: int, stage: str, result: Facts = NOTHING, *, now: float
    ) -> bool:
        """Record that a stage is done, once."""
        result = rules.as_kept(result, f"the result of {stage}")
        key = config_key, iteration, rules.check_stage(stage)
        with self._database.transaction() as tables:
            begin(tables, config_key, iteration, now)
            return keep_stage(tables, rules.finish(stage_in(tables, key), key, result, now))

    def fail_stage(
        self, config_key: str, iteration: int, stage: str, error: str, *, now: float
    ) -> bool:
        """Record that a started stage failed."""
        key = config_key, iteration, rules.check_stage(stage)
        with self._database.transaction() as tables:
            return keep_stage(tables, rules.fail(stage_in(tables, key), error, now))

    def stage(self, config_key: str, iteration: int, stage: str) -> StageRecord | None:
        """Return what is known of a stage."""
        rules.check_stage(stage)
        return self._one(
            StageRecord,
            "SELECT record FROM stages WHERE config_key = ? AND iteration = ? AND stage = ?",
            (config_key, iteration, stage),
        )

    def stages(self, config_key: str, iteration: int) -> list[StageRecord]:
        """Return what is known of an iteration's stages."""
        return rules.in_order(
            self._all(
                StageRecord,
                "SELECT record FROM stages WHERE config_key = ? AND iteration = ?",
                (config_key, iteration),
            )
        )

    # ---------------------------------------------------------------- the work queue

    def put_work(self, item: WorkItem) -> bool:
        """Put an item into the queue, once."""
        text = as_text(item, f"work item {item.work_id!r}")
        with self._database.transaction() as tables:
            added = tables.write(
                "INSERT INTO work (work_id, config_key, iteration, kind, status, priority, record) "
                "VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING",
                (
                    item.work_id,
                    item.config_key,
                    item.iteration,
                    item.kind,
                    item.status,
                    item.priority,
                    text,
                ),
            )
            return added == 1

    def work(
        self,
        config_key: str | None = None,
        *,
        iteration: int | None = None,
        kind: str | None = None,
        status: WorkStatus | None = None,
    ) -> list[WorkItem]:
        """Return the items that match, in the order to do them."""
        asked = (
            ("config_key", config_key),
            ("iteration", iteration),
            ("kind", kind),
            ("status", status),
        )
        wanted = [(name, value) for name, value in asked if value is not None]
        where = " AND ".join(f"{name} = ?" for name, _ in wanted) or "1"
        return self._all(
            WorkItem,
            f"SELECT record FROM work WHERE {where} ORDER BY priority DESC, number",  # noqa: S608  # the names are ours
            tuple(value for _, value in wanted),
        )

    def work_item(self, work_id: str) -> WorkItem | None:
        """Return one item."""
        return self._one(WorkItem, "SELECT record FROM work WHERE work_id = ?", (work_id,))

    def claim_work(self, work_id: str, by: str, *, now: float) -> WorkItem | None:
        """Take a queued item."""
        return self._change(work_id, rules.claim(by, now))

    def start_work(self, work_id: str, *, now: float) -> WorkItem | None:
        """Begin with a claimed item."""
        return self._change(work_id, rules.begin(now))

    def finish_work(self, work_id: str, result: Facts = NOTHING, *, now: float) -> WorkItem | None:
        """Finish an item, once."""
        result = rules.as_kept(result, f"the result of {work_id}")
        return self._change(work_id, rules.complete(result, now))

    def fail_work(self, work_id: str, error: str, *, now: float) -> WorkItem | None:
        """Give up an item."""
        return self._change(work_id, rules.give_up(error, now))

    def release_work(self, work_id: str, error: str = "", *, now: float) -> WorkItem | None:
        """Put an item back into the queue."""
        return self._change(work_id, rules.release(error, now))

    def _change(self, work_id: str, change: rules.Change) -> WorkItem | None:
        with self._database.transaction() as tables:
            item = self.work_item(work_id)
            changed = None if item is None else change(item)
            if changed is not None:
                tables.write(
                    "UPDATE work SET status = ?, record = ? WHERE work_id = ?",
                    (changed.status, as_text(changed, f"work item {work_id!r}"), work_id),
                )
            return changed

    # ---------------------------------------------------------------- models

    def save_model(self, model: ModelRecord) -> None:
        """Keep a model."""
        text = as_text(model, f"model {model.model_id!r}")
        with self._database.transaction() as tables:
            tables.write(
                "INSERT INTO models (model_id, config_key, iteration, record) VALUES (?, ?, ?, ?) "
                "ON CONFLICT (model_id) DO UPDATE SET config_key = excluded.config_key, "
                "iteration = excluded.iteration, record = excluded.record",
                (model.model_id, model.config_key, model.iteration, text),
            )

    def model(self, model_id: str) -> ModelRecord | None:
        """Return a model."""
        return self._one(ModelRecord, "SELECT record FROM models WHERE model_id = ?", (model_id,))

    def models(self, config_key: str) -> list[ModelRecord]:
        """Return all models of a config key."""
        return self._all(
            ModelRecord,
            "SELECT record FROM models WHERE config_key = ? ORDER BY iteration, number",
            (config_key,),
        )

    def set_production(self, config_key: str, model_id: str) -> None:
        """Make a model the current best."""
        with self._database.transaction() as tables:
            rules.check_production(self.model(model_id), config_key, model_id)
            tables.write("INSERT OR REPLACE INTO production VALUES (?, ?)", (config_key, model_id))

    def production(self, config_key: str) -> ModelRecord | None:
        """Return the current best model."""
        return self._one(
            ModelRecord,
            "SELECT record FROM production JOIN models USING (model_id) "
            "WHERE production.config_key = ?",
            (config_key,),
        )

    def first(self, config_key: str) -> ModelRecord | None:
        """Return the model of iteration 1."""
        return next((m for m in self.models(config_key) if m.iteration == 1), None)

    # ---------------------------------------------------------------- anything else

    def note(self, key: str, value: Any) -> None:
        """Keep a small fact."""
        text = rules.kept(value, f"the note {key!r}").decode()
        with self._database.transaction() as tables:
            tables.write("INSERT OR REPLACE INTO notes VALUES (?, ?)", (key, text))

    def noted(self, key: str, default: Any = None) -> Any:
        """Return what was noted."""
        found = self._database.rows("SELECT value FROM notes WHERE name = ?", (key,))
        return rules.found(found[0][0]) if found else default

    def reset(self) -> None:
        """Forget everything."""
        with self._database.transaction() as tables:
            for table in TABLES:
                tables.write(f"DELETE FROM {table}")  # noqa: S608  # the names are ours

    def close(self) -> None:
        """Let go of the file."""
        self._database.close()

    # ---------------------------------------------------------------- records

    def _one(self, kind: type[R], query: str, bindings: tuple[Any, ...]) -> R | None:
        found = self._all(kind, query, bindings)
        return found[0] if found else None

    def _all(self, kind: type[R], query: str, bindings: tuple[Any, ...]) -> list[R]:
        return [read_record(kind, text) for (text,) in self._database.rows(query, bindings)]
