"""What is told of a run comes from its journal and its counters."""

from __future__ import annotations

from typing import Any

import msgspec

from ringleader.actors.base import Actor
from ringleader.actors.journal_memory import MemoryJournal
from ringleader.actors.letters import Outcome
from ringleader.progress import news
from ringleader.summary import EventSummary, IterationSummary, iteration_rows, summarize
from ringleader.supervisors.spec import ChildSpec
from ringleader.testing import TestSystem

RESULTS: dict[str, dict[str, Any]] = {
    "selfplay": {"games": 300},
    "npz_export": {},
    "npz_combination": {"total_samples": 9_000},
    "training": {"final_loss": 1.25},
    "evaluation": {
        "elo": 1400.0,
        "opponents": {"random": {"win_rate": 0.97}, "first": {"win_rate": 0.75}},
    },
    "promotion": {"promoted": True},
    "complete": {"promoted": True},
}


def journal(key: str = "k", iterations: int = 1) -> MemoryJournal:
    made = MemoryJournal()
    for iteration in range(1, iterations + 1):
        for number, (stage, result) in enumerate(RESULTS.items()):
            made.start_stage(key, iteration, stage, now=10.0 * number)
            made.finish_stage(key, iteration, stage, result, now=10.0 * number + 5)
    return made


def test_an_iteration_is_summed_up_from_its_stages() -> None:
    (row,) = iteration_rows(journal(), ["k"])
    assert row.facts == IterationSummary(
        games=300,
        samples=9_000,
        loss=1.25,
        win_rate_random=0.97,
        win_rate_first=0.75,
        elo=1400.0,
        promoted=True,
    )
    assert row.is_complete
    assert row.stage == "complete"
    assert row.seconds == 65.0


def test_the_json_of_an_iteration_has_the_agreed_keys_in_order() -> None:
    (row,) = iteration_rows(journal(), ["k"])
    assert list(msgspec.to_builtins(row.facts)) == [
        "games",
        "samples",
        "loss",
        "win_rate_random",
        "win_rate_first",
        "elo",
        "promoted",
    ]


def test_with_several_config_keys_each_iteration_names_its_own() -> None:
    made = journal("a", 2)
    made.begin_iteration("b", 1, now=1.0)
    rows = iteration_rows(made, ["a", "b"])
    assert [(row.config_key, row.iteration) for row in rows] == [("a", 1), ("a", 2), ("b", 1)]
    assert msgspec.to_builtins(rows[2].facts)["config_key"] == "b"


def test_what_is_not_known_yet_is_null() -> None:
    made = MemoryJournal()
    made.start_stage("k", 1, "selfplay", now=1.0)
    (row,) = iteration_rows(made, ["k"])
    assert row.facts == IterationSummary()
    assert (row.stage, row.seconds, row.is_complete) == ("selfplay", None, False)


def test_games_that_were_not_played_have_no_win_rate() -> None:
    made = MemoryJournal()
    made.finish_stage("k", 1, "evaluation", {"opponents": {"random": {}}, "elo": None}, now=1.0)
    (row,) = iteration_rows(made, ["k"])
    assert row.facts == IterationSummary()


def test_failures_and_what_was_left_out_are_told_with_the_reason() -> None:
    made = MemoryJournal()
    made.finish_stage("k", 1, "selfplay", {"skipped": "too few"}, now=1.0)
    made.start_stage("k", 1, "training", now=1.0)
    made.fail_stage("k", 1, "training", "no luck", now=2.0)
    (row,) = iteration_rows(made, ["k"])
    assert (row.skipped, row.failures) == ({"selfplay": "too few"}, {"training": "no luck"})
    assert list(news([], [row])) == [
        "k iteration 1: selfplay left out: too few",
        "k iteration 1: training failed: no luck",
    ]


def test_each_stage_that_begins_and_ends_is_news_once() -> None:
    made = MemoryJournal()
    made.start_stage("k", 1, "selfplay", now=1.0)
    first = iteration_rows(made, ["k"])
    assert list(news([], first)) == ["k iteration 1: selfplay begins"]
    made.finish_stage("k", 1, "selfplay", {"games": 7}, now=1.0)
    second = iteration_rows(made, ["k"])
    assert list(news(first, second)) == ["k iteration 1: selfplay done: 7 games"]
    assert list(news(second, second)) == []


def test_the_end_of_an_iteration_is_told_with_all_that_counts() -> None:
    *_, last = news([], iteration_rows(journal(), ["k"]))
    assert last == (
        "k iteration 1 complete in 65 s: loss 1.250, 97% against random, "
        "75% against generation 1, Elo 1400, promoted"
    )


def test_a_run_is_summed_up_when_its_tree_has_stopped() -> None:
    class Clumsy(Actor):
        def on_receive(self, message: Any) -> Any:
            raise ValueError(message)

    with TestSystem() as system:
        system.start_child(ChildSpec("clumsy", Clumsy)).tell("two\nlines")
        system.run()
    summary = summarize(
        iteration_rows(journal(), ["k"]), system.deaths.all(), system.statistics(), 2.0004
    )
    value = msgspec.to_builtins(summary)
    assert list(value) == ["iterations", "deaths", "restarts", "events", "wall_seconds"]
    assert value["deaths"] == (
        {"path": "/clumsy", "cause": "ValueError: two …", "decision": "restarted"},
    )
    assert (value["restarts"], value["wall_seconds"]) == (1, 2.0)
    assert list(value["events"]) == [
        "published",
        "deduplicated",
        "deliveries",
        "outcomes",
        "dead_letters",
    ]
    assert set(value["events"]["outcomes"]) == {str(outcome) for outcome in Outcome}
    assert value["events"]["dead_letters"] == 1
    assert summary.events.is_balanced


def test_deliveries_without_an_outcome_are_noticed() -> None:
    events = EventSummary(
        published=1, deduplicated=0, deliveries=2, outcomes={"handled": 1}, dead_letters=0
    )
    assert not events.is_balanced
