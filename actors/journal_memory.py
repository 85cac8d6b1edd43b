"""A stage journal that keeps nothing beyond its process: for tests, and for trying things out."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

from msgspec.structs import replace

from . import journal_rules as rules
from .journal import (
    NOTHING,
    IterationRecord,
    JournalError,
    ModelRecord,
    StageRecord,
    WorkItem,
)

if TYPE_CHECKING:
    from .journal import Facts, Stage, WorkStatus


class MemoryJournal:
    """The `StageJournal` in dictionaries."""

    def __init__(self) -> None:
        self._lock = threading.RLock()
        self._closed = False
        self._forget()

    def _forget(self) -> None:
        self._began: dict[tuple[str, int], float] = {}
        self._stages: dict[tuple[str, int, Stage], StageRecord] = {}
        self._work: dict[str, WorkItem] = {}
        self._models: dict[str, ModelRecord] = {}
        self._production: dict[str, str] = {}
        self._notes: dict[str, bytes] = {}

    def _use(self) -> threading.RLock:
        if self._closed:
            raise JournalError("the journal in memory is closed")
        return self._lock

    # ---------------------------------------------------------------- iterations

    def begin_iteration(self, config_key: str, iteration: int, *, now: float) -> IterationRecord:
        """Record that an iteration began."""
        rules.check_iteration(iteration)
        with self._use():
            self._began.setdefault((config_key, iteration), now)
            return self._iteration(config_key, iteration)

    def iteration(self, config_key: str) -> int:
        """Return the iteration to go on with."""
        return rules.next_iteration(self.iterations(config_key))

    def iterations(self, config_key: str) -> list[IterationRecord]:
        """Return all that began, in order."""
        with self._use():
            known = sorted(i for key, i in self._began if key == config_key)
            return [self._iteration(config_key, i) for i in known]

    def _iteration(self, config_key: str, iteration: int) -> IterationRecord:
        last = self._stages.get((config_key, iteration, "complete"))
        return IterationRecord(
            config_key=config_key,
            iteration=iteration,
            began_at=self._began[config_key, iteration],
            finished_at=last.finished_at if last is not None and last.status == "done" else None,
        )

    # ---------------------------------------------------------------- stages

    def start_stage(
        self, config_key: str, iteration: int, stage: str, inputs: Facts = NOTHING, *, now: float
    ) -> StageRecord:
        """Record that a stage starts."""
        inputs = rules.as_kept(inputs, f"what {stage} starts from")
        key = config_key, iteration, rules.check_stage(stage)
        with self._use():
            self.begin_iteration(config_key, iteration, now=now)
            self._stages[key] = record = rules.start(self._stages.get(key), key, inputs, now)
            return record

    def finish_stage(
        self, config_key: str, iteration: int, stage: str, result: Facts = NOTHING, *, now: float
    ) -> bool:
        """Record that a stage is done, once."""
        result = rules.as_kept(result, f"the result of {stage}")
        key = config_key, iteration, rules.check_stage(stage)
        with self._use():
            self.begin_iteration(config_key, iteration, now=now)
            return self._keep(key, rules.finish(self._stages.get(key), key, result, now))

    def fail_stage(
        self, config_key: str, iteration: int, stage: str, error: str, *, now: float
    ) -> bool:
        """Record that a started stage failed."""
        key = config_key, iteration, rules.check_stage(stage)
        with self._use():
            return self._keep(key, rules.fail(self._stages.get(key), error, now))

    def _keep(self, key: tuple[str, int, Stage], record: StageRecord | None) -> bool:
        if record is not None:
            self._stages[key] = record
        return record is not None

    def stage(self, config_key: str, iteration: int, stage: str) -> StageRecord | None:
        """Return what is known of a stage."""
        with self._use():
            return self._stages.get((config_key, iteration, rules.check_stage(stage)))

    def stages(self, config_key: str, iteration: int) -> list[StageRecord]:
        """Return what is known of an iteration's stages."""
        with self._use():
            return rules.in_order(
                record
                for (key, number, _), record in self._stages.items()
                if (key, number) == (config_key, iteration)
            )

    # ---------------------------------------------------------------- the work queue

    def put_work(self, item: WorkItem) -> bool:
        """Put an item into the queue, once."""
        item = replace(
            item,
            options=rules.as_kept(item.options, f"the options of {item.work_id}"),
            result=rules.as_kept(item.result, f"the result of {item.work_id}"),
        )
        with self._use():
            return self._work.setdefault(item.work_id, item) is item

    def work(
        self,
        config_key: str | None = None,
        *,
        iteration: int | None = None,
        kind: str | None = None,
        status: WorkStatus | None = None,
    ) -> list[WorkItem]:
        """Return the items that match, in the order to do them."""
        with self._use():
            matching = [
                item
                for item in self._work.values()
                if config_key in {None, item.config_key}
                and iteration in {None, item.iteration}
                and kind in {None, item.kind}
                and status in {None, item.status}
            ]
        return sorted(matching, key=lambda item: -item.priority)

    def work_item(self, work_id: str) -> WorkItem | None:
        """Return one item."""
        with self._use():
            return self._work.get(work_id)

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
        with self._use():
            item = self._work.get(work_id)
            changed = None if item is None else change(item)
            if changed is not None:
                self._work[work_id] = changed
            return changed

    # ---------------------------------------------------------------- models

    def save_model(self, model: ModelRecord) -> None:
        """Keep a model."""
        metrics = rules.as_kept(model.metrics, f"the metrics of {model.model_id}")
        with self._use():
            self._models[model.model_id] = replace(model, metrics=metrics)

    def model(self, model_id: str) -> ModelRecord | None:
        """Return a model."""
        with self._use():
            return self._models.get(model_id)

    def models(self, config_key: str) -> list[ModelRecord]:
        """Return all models of a config key."""
        with self._use():
            mine = [m for m in self._models.values() if m.config_key == config_key]
        return sorted(mine, key=lambda model: model.iteration)

    def set_production(self, config_key: str, model_id: str) -> None:
        """Make a model the current best."""
        with self._use():
            model = self._models.get(model_id)
            rules.check_production(model, config_key, model_id)
            self._production[config_key] = model_id

    def production(self, config_key: str) -> ModelRecord | None:
        """Return the current best model."""
        with self._use():
            return self._models.get(self._production.get(config_key, ""))

    def first(self, config_key: str) -> ModelRecord | None:
        """Return the model of iteration 1."""
        return next((m for m in self.models(config_key) if m.iteration == 1), None)

    # ---------------------------------------------------------------- anything else

    def note(self, key: str, value: Any) -> None:
        """Keep a small fact."""
        text = rules.kept(value, f"the note {key!r}")
        with self._use():
            self._notes[key] = text

    def noted(self, key: str, default: Any = None) -> Any:
        """Return what was noted."""
        with self._use():
            text = self._notes.get(key)
        return default if text is None else rules.found(text)

    def reset(self) -> None:
        """Forget everything."""
        with self._use():
            self._forget()

    def close(self) -> None:
        """Refuse every later call."""
        self._closed = True
