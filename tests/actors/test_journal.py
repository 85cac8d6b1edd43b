"""What every store of the stage journal does: one suite, run on all of them."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, given, settings, strategies as st
from msgspec.structs import replace

from ringleader.actors.journal import STAGES, JournalError, ModelRecord, WorkItem
from ringleader.actors.journal_memory import MemoryJournal
from ringleader.transport.journal import SqliteJournal

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from ringleader.actors.journal import StageJournal

KEY = "hex5_2p"


@pytest.fixture(params=["memory", "sqlite"])
def journal(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[StageJournal]:
    made: StageJournal = (
        MemoryJournal() if request.param == "memory" else SqliteJournal(tmp_path / "journal.db")
    )
    yield made
    made.close()


def item(work_id: str = "w1", **fields: Any) -> WorkItem:
    return replace(
        WorkItem(work_id=work_id, kind="selfplay", config_key=KEY, iteration=1, queued_at=1.0),
        **fields,
    )


def model(model_id: str = "m1", **fields: Any) -> ModelRecord:
    return replace(
        ModelRecord(model_id=model_id, config_key=KEY, iteration=1, path="m.npz", created_at=1.0),
        **fields,
    )


# ---------------------------------------------------------------- iterations


def test_the_first_iteration_is_the_one_to_begin(journal: StageJournal) -> None:
    assert journal.iteration(KEY) == 1
    assert journal.iterations(KEY) == []


def test_an_iteration_goes_on_until_its_last_stage_is_done(journal: StageJournal) -> None:
    journal.begin_iteration(KEY, 1, now=10.0)
    journal.finish_stage(KEY, 1, "promotion", now=11.0)
    assert journal.iteration(KEY) == 1
    journal.finish_stage(KEY, 1, "complete", now=12.0)
    assert journal.iteration(KEY) == 2
    assert [(r.began_at, r.finished_at) for r in journal.iterations(KEY)] == [(10.0, 12.0)]


def test_the_lowest_unfinished_iteration_comes_first(journal: StageJournal) -> None:
    for iteration in (3, 1, 2):
        journal.begin_iteration(KEY, iteration, now=1.0)
    journal.finish_stage(KEY, 1, "complete", now=2.0)
    journal.finish_stage(KEY, 3, "complete", now=2.0)
    assert journal.iteration(KEY) == 2
    assert [r.iteration for r in journal.iterations(KEY)] == [1, 2, 3]


def test_beginning_an_iteration_twice_keeps_the_first_time(journal: StageJournal) -> None:
    first = journal.begin_iteration(KEY, 1, now=1.0)
    assert journal.begin_iteration(KEY, 1, now=2.0) == first


def test_config_keys_have_iterations_of_their_own(journal: StageJournal) -> None:
    journal.finish_stage(KEY, 1, "complete", now=1.0)
    assert journal.iteration("hex8_2p") == 1


@pytest.mark.parametrize("iteration", [0, -1])
def test_iterations_are_counted_from_one(journal: StageJournal, iteration: int) -> None:
    with pytest.raises(JournalError, match="counted from 1"):
        journal.begin_iteration(KEY, iteration, now=1.0)
    with pytest.raises(JournalError, match="counted from 1"):
        journal.start_stage(KEY, iteration, "training", now=1.0)


# ---------------------------------------------------------------- stages


def test_starting_a_stage_begins_its_iteration(journal: StageJournal) -> None:
    record = journal.start_stage(KEY, 1, "selfplay", {"games": 300}, now=5.0)
    assert (record.status, record.attempts, record.started_at) == ("started", 1, 5.0)
    assert record.inputs == {"games": 300}
    assert journal.iterations(KEY)[0].began_at == 5.0
    assert journal.stage(KEY, 1, "selfplay") == record


def test_starting_a_started_stage_changes_nothing(journal: StageJournal) -> None:
    first = journal.start_stage(KEY, 1, "training", {"samples": 1}, now=1.0)
    assert journal.start_stage(KEY, 1, "training", {"samples": 2}, now=2.0) == first


def test_starting_a_done_stage_changes_nothing(journal: StageJournal) -> None:
    journal.start_stage(KEY, 1, "training", now=1.0)
    journal.finish_stage(KEY, 1, "training", {"loss": 0.5}, now=2.0)
    record = journal.start_stage(KEY, 1, "training", now=3.0)
    assert (record.status, record.result, record.finished_at) == ("done", {"loss": 0.5}, 2.0)


def test_a_failed_stage_is_started_again_with_new_inputs(journal: StageJournal) -> None:
    journal.start_stage(KEY, 1, "training", {"samples": 1}, now=1.0)
    assert journal.fail_stage(KEY, 1, "training", "out of memory", now=2.0)
    failed = journal.stage(KEY, 1, "training")
    assert failed is not None
    assert (failed.status, failed.error, failed.finished_at) == ("failed", "out of memory", 2.0)
    again = journal.start_stage(KEY, 1, "training", {"samples": 2}, now=3.0)
    assert (again.status, again.attempts, again.error) == ("started", 2, "")
    assert (again.inputs, again.started_at, again.finished_at) == ({"samples": 2}, 1.0, None)


def test_a_stage_is_done_once(journal: StageJournal) -> None:
    journal.start_stage(KEY, 1, "training", now=1.0)
    assert journal.finish_stage(KEY, 1, "training", {"loss": 0.5}, now=2.0)
    assert not journal.finish_stage(KEY, 1, "training", {"loss": 0.1}, now=3.0)
    assert not journal.fail_stage(KEY, 1, "training", "late", now=4.0)
    record = journal.stage(KEY, 1, "training")
    assert record is not None
    assert (record.result, record.finished_at) == ({"loss": 0.5}, 2.0)


def test_a_stage_that_nobody_started_can_be_done(journal: StageJournal) -> None:
    assert journal.finish_stage(KEY, 2, "promotion", {"promoted": True}, now=9.0)
    record = journal.stage(KEY, 2, "promotion")
    assert record is not None
    assert (record.status, record.started_at, record.finished_at) == ("done", 9.0, 9.0)
    assert journal.iteration(KEY) == 2


def test_a_stage_that_failed_can_still_be_done(journal: StageJournal) -> None:
    journal.start_stage(KEY, 1, "training", now=1.0)
    journal.fail_stage(KEY, 1, "training", "given up", now=2.0)
    assert journal.finish_stage(KEY, 1, "training", now=3.0)
    record = journal.stage(KEY, 1, "training")
    assert record is not None
    assert (record.status, record.error) == ("done", "")


def test_only_a_started_stage_can_fail(journal: StageJournal) -> None:
    assert not journal.fail_stage(KEY, 1, "training", "why", now=1.0)
    assert journal.stage(KEY, 1, "training") is None
    assert journal.iterations(KEY) == []


def test_stages_come_in_their_order(journal: StageJournal) -> None:
    for stage in reversed(STAGES):
        journal.start_stage(KEY, 1, stage, now=1.0)
    journal.start_stage(KEY, 2, "selfplay", now=1.0)
    assert [record.stage for record in journal.stages(KEY, 1)] == list(STAGES)


def test_an_unknown_stage_is_named_with_the_nearest(journal: StageJournal) -> None:
    uses: list[Callable[[], object]] = [
        lambda: journal.start_stage(KEY, 1, "npz_exprot", now=1.0),
        lambda: journal.finish_stage(KEY, 1, "npz_exprot", now=1.0),
        lambda: journal.fail_stage(KEY, 1, "npz_exprot", "", now=1.0),
        lambda: journal.stage(KEY, 1, "npz_exprot"),
    ]
    for use in uses:
        with pytest.raises(JournalError, match="'npz_exprot' is not a stage; did you mean npz_exp"):
            use()
    with pytest.raises(JournalError, match="there are selfplay, npz_export"):
        journal.stage(KEY, 1, "zzz")


# ---------------------------------------------------------------- values


def test_values_come_out_read_only_with_lists_as_tuples(journal: StageJournal) -> None:
    journal.start_stage(KEY, 1, "training", {"files": ["a", "b"], "deep": {"n": 1}}, now=1.0)
    record = journal.stage(KEY, 1, "training")
    assert record is not None
    assert record.inputs == {"files": ("a", "b"), "deep": {"n": 1}}
    inputs: Any = record.inputs
    with pytest.raises(TypeError, match="read-only"):
        inputs["files"] = ()
    with pytest.raises(TypeError, match="read-only"):
        inputs["deep"]["n"] = 2


def test_a_value_that_is_not_json_is_refused_and_nothing_changes(journal: StageJournal) -> None:
    with pytest.raises(JournalError, match=r"result of training can't be kept, it is not JSON"):
        journal.finish_stage(KEY, 1, "training", {"model": object()}, now=1.0)
    assert journal.stages(KEY, 1) == []
    with pytest.raises(JournalError, match="the note 'x' can't be kept"):
        journal.note("x", object())


def test_a_value_that_is_nested_too_deep_is_refused(journal: StageJournal) -> None:
    deep: dict[str, Any] = {}
    for _ in range(100):
        deep = {"d": deep}
    with pytest.raises(JournalError, match="deeper than 64 levels"):
        journal.start_stage(KEY, 1, "training", deep, now=1.0)


# ---------------------------------------------------------------- the work queue


def test_an_item_is_put_once(journal: StageJournal) -> None:
    assert journal.put_work(item(units=50))
    assert not journal.put_work(item(units=99))
    assert [i.units for i in journal.work()] == [50]


def test_work_comes_by_priority_and_then_in_the_order_it_was_put(journal: StageJournal) -> None:
    for name, priority in (("a", 50), ("b", 100), ("c", 50), ("d", 100)):
        journal.put_work(item(name, priority=priority))
    assert [i.work_id for i in journal.work()] == ["b", "d", "a", "c"]


def test_work_can_be_looked_up_by_what_it_is(journal: StageJournal) -> None:
    journal.put_work(item("a"))
    journal.put_work(item("b", iteration=2))
    journal.put_work(item("c", kind="training"))
    journal.put_work(item("d", config_key="hex8_2p"))
    journal.claim_work("a", "me", now=2.0)
    assert [i.work_id for i in journal.work(KEY)] == ["a", "b", "c"]
    assert [i.work_id for i in journal.work(iteration=2)] == ["b"]
    assert [i.work_id for i in journal.work(KEY, kind="selfplay")] == ["a", "b"]
    assert [i.work_id for i in journal.work(KEY, status="claimed")] == ["a"]
    assert [i.work_id for i in journal.work(KEY, iteration=1, status="queued")] == ["c"]


def test_an_item_is_claimed_started_and_finished(journal: StageJournal) -> None:
    journal.put_work(item(options={"sims": 64}))
    claimed = journal.claim_work("w1", "worker-a", now=2.0)
    assert claimed is not None
    assert (claimed.status, claimed.claimed_by, claimed.changed_at) == ("claimed", "worker-a", 2.0)
    started = journal.start_work("w1", now=3.0)
    assert started is not None
    assert (started.status, started.attempts) == ("started", 1)
    done = journal.finish_work("w1", {"games": 50}, now=4.0)
    assert done is not None
    assert (done.status, done.result, done.options) == ("done", {"games": 50}, {"sims": 64})
    assert journal.work_item("w1") == done


def test_a_claimed_item_is_not_claimed_again(journal: StageJournal) -> None:
    journal.put_work(item())
    assert journal.claim_work("w1", "a", now=2.0) is not None
    assert journal.claim_work("w1", "b", now=3.0) is None


def test_an_item_is_not_started_before_it_is_claimed(journal: StageJournal) -> None:
    journal.put_work(item())
    assert journal.start_work("w1", now=2.0) is None


def test_an_item_is_finished_once(journal: StageJournal) -> None:
    journal.put_work(item())
    assert journal.finish_work("w1", now=2.0) is not None
    assert journal.finish_work("w1", now=3.0) is None
    assert journal.fail_work("w1", "late", now=3.0) is None
    assert journal.release_work("w1", now=3.0) is None


def test_a_failed_item_can_be_put_back_for_another_try(journal: StageJournal) -> None:
    journal.put_work(item())
    journal.claim_work("w1", "a", now=2.0)
    journal.start_work("w1", now=3.0)
    failed = journal.fail_work("w1", "killed", now=4.0)
    assert failed is not None
    assert (failed.status, failed.error) == ("failed", "killed")
    back = journal.release_work("w1", "again", now=5.0)
    assert back is not None
    assert (back.status, back.claimed_by, back.error, back.attempts) == ("queued", "", "again", 1)
    journal.claim_work("w1", "b", now=6.0)
    again = journal.start_work("w1", now=7.0)
    assert again is not None
    assert again.attempts == 2


def test_an_item_that_nobody_has_is_not_released(journal: StageJournal) -> None:
    journal.put_work(item())
    assert journal.release_work("w1", now=2.0) is None


def test_an_unknown_item_changes_in_no_way(journal: StageJournal) -> None:
    assert journal.work_item("x") is None
    assert journal.claim_work("x", "a", now=1.0) is None
    assert journal.finish_work("x", now=1.0) is None


def test_of_many_threads_that_claim_one_gets_each_item(journal: StageJournal) -> None:
    for number in range(8):
        journal.put_work(item(f"w{number}"))
    won: list[str] = []

    def run(name: str) -> None:
        names = (f"w{number}" for number in range(8))
        won.extend(n for n in names if journal.claim_work(n, name, now=1.0) is not None)

    threads = [threading.Thread(target=run, args=(f"t{n}",)) for n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert sorted(won) == [f"w{n}" for n in range(8)]


# ---------------------------------------------------------------- models


def test_a_model_is_replaced_under_its_id(journal: StageJournal) -> None:
    journal.save_model(model(metrics={"loss": 1.0}))
    journal.save_model(model(elo=1600.0, state="evaluated", metrics={"loss": 0.5}))
    assert journal.model("m1") == model(elo=1600.0, state="evaluated", metrics={"loss": 0.5})
    assert len(journal.models(KEY)) == 1
    assert journal.model("m2") is None


def test_models_come_by_iteration(journal: StageJournal) -> None:
    for name, iteration in (("c", 3), ("a", 1), ("b", 1)):
        journal.save_model(model(name, iteration=iteration))
    journal.save_model(model("other", config_key="hex8_2p"))
    assert [m.model_id for m in journal.models(KEY)] == ["a", "b", "c"]


def test_the_first_model_is_that_of_iteration_one(journal: StageJournal) -> None:
    journal.save_model(model("later", iteration=2))
    assert journal.first(KEY) is None
    journal.save_model(model("g1", iteration=1))
    first = journal.first(KEY)
    assert first is not None
    assert first.model_id == "g1"


def test_the_best_model_is_one_per_config_key(journal: StageJournal) -> None:
    assert journal.production(KEY) is None
    journal.save_model(model("m1"))
    journal.save_model(model("m2", iteration=2))
    journal.save_model(model("h1", config_key="hex8_2p"))
    journal.set_production(KEY, "m1")
    journal.set_production("hex8_2p", "h1")
    journal.set_production(KEY, "m2")
    journal.save_model(model("m2", iteration=2, elo=1700.0))
    best = journal.production(KEY)
    assert best is not None
    assert (best.model_id, best.elo) == ("m2", 1700.0)


def test_only_a_saved_model_of_the_config_key_can_be_the_best(journal: StageJournal) -> None:
    with pytest.raises(JournalError, match="'m1' was not saved"):
        journal.set_production(KEY, "m1")
    journal.save_model(model("h1", config_key="hex8_2p"))
    with pytest.raises(JournalError, match="'h1' plays hex8_2p; it can't be the best of hex5_2p"):
        journal.set_production(KEY, "h1")


# ---------------------------------------------------------------- anything else


def test_a_note_is_kept_and_replaced(journal: StageJournal) -> None:
    assert journal.noted("seed") is None
    assert journal.noted("seed", 7) == 7
    journal.note("seed", 1)
    journal.note("seed", {"run": [2, 3]})
    assert journal.noted("seed", 7) == {"run": (2, 3)}


def test_reset_forgets_everything(journal: StageJournal) -> None:
    journal.finish_stage(KEY, 1, "complete", now=1.0)
    journal.put_work(item())
    journal.save_model(model())
    journal.set_production(KEY, "m1")
    journal.note("seed", 1)
    journal.reset()
    assert journal.iteration(KEY) == 1
    assert journal.stages(KEY, 1) == []
    assert journal.work() == []
    assert journal.models(KEY) == []
    assert journal.production(KEY) is None
    assert journal.noted("seed") is None
    assert journal.put_work(item())


def test_a_closed_journal_refuses_every_call(journal: StageJournal) -> None:
    journal.close()
    journal.close()
    with pytest.raises(JournalError, match="closed"):
        journal.iteration(KEY)
    with pytest.raises(JournalError, match="closed"):
        journal.put_work(item())


# ---------------------------------------------------------------- all stores agree

STAGE = st.sampled_from(STAGES)
WORK = st.sampled_from(["a", "b"])
NUMBER = st.integers(1, 3)
STEPS = st.one_of(
    st.tuples(st.just("begin_iteration"), st.tuples(st.just(KEY), NUMBER)),
    st.tuples(st.just("start_stage"), st.tuples(st.just(KEY), NUMBER, STAGE)),
    st.tuples(st.just("finish_stage"), st.tuples(st.just(KEY), NUMBER, STAGE)),
    st.tuples(st.just("fail_stage"), st.tuples(st.just(KEY), NUMBER, STAGE, st.just("why"))),
    st.tuples(st.just("put_work"), st.tuples(WORK.map(item))),
    st.tuples(st.just("claim_work"), st.tuples(WORK, st.sampled_from(["x", "y"]))),
    st.tuples(st.just("start_work"), st.tuples(WORK)),
    st.tuples(st.just("finish_work"), st.tuples(WORK)),
    st.tuples(st.just("fail_work"), st.tuples(WORK, st.just("why"))),
    st.tuples(st.just("release_work"), st.tuples(WORK)),
)


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=st.lists(STEPS, max_size=25))
def test_all_stores_answer_the_same(
    steps: list[tuple[str, tuple[Any, ...]]], tmp_path: Path
) -> None:
    memory, sqlite = MemoryJournal(), SqliteJournal(tmp_path / "journal.db")
    sqlite.reset()
    try:
        for number, (name, args) in enumerate(steps):
            now: dict[str, float] = {} if name == "put_work" else {"now": float(number)}
            assert getattr(memory, name)(*args, **now) == getattr(sqlite, name)(*args, **now)
        assert memory.iterations(KEY) == sqlite.iterations(KEY)
        assert [memory.stages(KEY, i) for i in (1, 2, 3)] == [
            sqlite.stages(KEY, i) for i in (1, 2, 3)
        ]
        assert memory.work() == sqlite.work()
    finally:
        sqlite.close()
