"""Whatever crashes whenever: the pipeline ends with the same stages in the same order."""

from __future__ import annotations

import random
from functools import partial
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings, strategies as st

from ringleader.actors.journal_memory import MemoryJournal

from .fakes import CONFIG, IN_ORDER, JOBS, ChaosError, Pipeline, Work

if TYPE_CHECKING:
    from collections.abc import Callable

TWO = [(iteration, stage) for iteration in (1, 2) for stage in IN_ORDER]
TURNS = 320
"""About as many turns as a run of two iterations takes."""

PATHS = (
    JOBS,
    "/coordination",
    *(f"/coordination/layer{number}" for number in (1, 2, 3, 4, 5, 7, 8)),
    "/coordination/layer1/task_coordinator",
    "/coordination/layer1/global_task_coordinator",
    "/coordination/layer2/model_coordinator",
    "/coordination/layer3/training_coordinator",
    "/coordination/layer4/queue_populator",
    "/coordination/layer5/selfplay_orchestrator",
    "/coordination/layer5/selfplay_scheduler",
    "/coordination/layer7/auto_export_daemon",
    "/coordination/layer7/npz_combination_daemon",
    "/coordination/layer7/training_trigger_daemon",
    "/coordination/layer7/evaluation_daemon",
    "/coordination/layer7/auto_promotion_daemon",
    "/coordination/layer8/data_pipeline_orchestrator",
)
WRITES = (
    "start_stage",
    "finish_stage",
    "put_work",
    "claim_work",
    "start_work",
    "finish_work",
    "save_model",
    "set_production",
    "note",
)


def check(pipeline: Pipeline) -> None:
    """Every stage was done once, in order; nothing was left open."""
    told = pipeline.stages()

    assert pipeline.finished
    assert list(dict.fromkeys(told)) == TWO  # a fact may be told twice, and in order all the same
    for iteration in (1, 2):
        records = pipeline.journal.stages(CONFIG, iteration)
        assert {record.status for record in records} == {"done"}
        assert [record.attempts for record in records] == [1] * len(records)
    statuses = {item.status for item in pipeline.journal.work()}
    assert statuses == {"done"}
    assert len(pipeline.work.results) == 2 * (3 + 4)


@pytest.mark.parametrize("path", PATHS)
def test_it_survives_the_crash_of_anybody_at_any_turn(path: str) -> None:
    for turn in range(PATHS.index(path) % 7, TURNS, 47):
        with Pipeline(iterations=2) as pipeline:
            pipeline.start()
            pipeline.run(each=partial(_strike_at, pipeline, turn, path))

            check(pipeline)


def _strike_at(pipeline: Pipeline, turn: int, path: str, now: int) -> None:
    if now == turn:
        pipeline.strike(path)


@settings(max_examples=30, deadline=None)
@given(
    st.lists(st.tuples(st.integers(0, TURNS), st.sampled_from(PATHS)), max_size=8),
    st.integers(0, 1000),
)
def test_it_survives_any_crashes_in_any_order_of_turns(
    blows: list[tuple[int, str]], seed: int
) -> None:
    with Pipeline(iterations=2, shuffle=random.Random(seed)) as pipeline:  # noqa: S311  # a test
        pipeline.start()

        def strike(turn: int) -> None:
            for when, path in blows:
                if when == turn:
                    pipeline.strike(path)

        pipeline.run(each=strike)

        check(pipeline)


class Brittle(MemoryJournal):
    """A journal whose caller dies at its `fatal`th write: before it is done, or just after."""

    def __init__(self, fatal: int, *, after: bool) -> None:
        super().__init__()
        self.writes = 0
        self._fatal, self._after = fatal, after
        for name in WRITES:
            setattr(self, name, self._brittle(getattr(self, name)))

    def _brittle(self, write: Callable[..., Any]) -> Callable[..., Any]:
        def call(*args: Any, **kwargs: Any) -> Any:
            self.writes += 1
            dies = self.writes == self._fatal
            if dies and not self._after:
                raise ChaosError("before a write")
            result = write(*args, **kwargs)
            if dies:
                raise ChaosError("after a write")
            return result

        return call


@pytest.mark.parametrize("after", [False, True])
def test_it_survives_the_crash_of_whoever_writes_at_any_write(*, after: bool) -> None:
    fatal, writes = 1, TURNS
    while fatal <= writes:
        journal = Brittle(fatal, after=after)
        with Pipeline(iterations=2, journal=journal) as pipeline:
            pipeline.start()
            pipeline.run()

            check(pipeline)
        writes, fatal = journal.writes, fatal + 3


def test_a_run_that_was_ended_goes_on_where_it_was() -> None:
    journal, work = MemoryJournal(), Work()
    told: list[tuple[int, str]] = []
    for turns in (60, 120, 180, 10_000):
        with Pipeline(iterations=2, journal=journal, work=work) as pipeline:
            pipeline.start()
            _run_for(pipeline, turns)
            told += pipeline.stages()

    assert list(dict.fromkeys(told)) == TWO


def _run_for(pipeline: Pipeline, turns: int) -> None:
    done: list[int] = []
    pipeline.run(each=done.append, until=lambda: pipeline.finished or len(done) >= turns)
