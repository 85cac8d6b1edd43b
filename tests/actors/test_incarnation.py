from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from ringleader.actors.base import Actor
from ringleader.actors.incarnation import Phase
from ringleader.actors.lifecycle import Exit, Exited, Ignore, Ignored, Started, Terminated, Up

if TYPE_CHECKING:
    from tests.actors.stage import ManualStage


class Worker(Actor):
    def on_receive(self, message: Any) -> Any:
        if isinstance(message, Exception):
            raise message
        return self._cell.current


class Watcher(Actor):
    def __init__(self) -> None:
        super().__init__()
        self.seen: list[Terminated] = []

    def on_receive(self, message: Any) -> None:
        if isinstance(message, Terminated):
            self.seen.append(message)


def test_the_first_life_at_a_path_is_number_one(stage: ManualStage) -> None:
    cell = stage.start(Worker, path="/worker")
    incarnation = cell.current

    assert incarnation is not None
    assert (incarnation.number, incarnation.path, incarnation.ref) == (1, "/worker", cell.ref)
    assert cell.ref.ask("who") is incarnation


def test_a_restart_is_another_life_behind_the_same_ref(stage: ManualStage) -> None:
    cell = stage.start(Worker)
    first, ref = cell.current, cell.ref
    ref.tell(Exit("done"))
    stage.run()

    second = stage.restart(cell)
    stage.run()

    assert second.number == 2
    assert second is not first
    assert second.ref is ref
    assert ref.ask("who") is second


def test_phases_follow_one_another_and_the_last_has_a_reason(stage: ManualStage) -> None:
    seen: list[Phase] = []

    class Noting(Worker):
        def note(self) -> None:
            incarnation = self._cell.current
            assert incarnation is not None
            seen.append(incarnation.phase)

        def on_start(self) -> None:
            self.note()

        def on_receive(self, message: Any) -> None:
            raise AssertionError(message)

        def on_stop(self) -> None:
            self.note()

    cell = stage.start(Noting)
    incarnation = cell.current
    assert incarnation is not None
    cell.ref.tell("a message")
    cell.shutdown(incarnation, "shutdown")
    cell.ref.tell("another")
    stage.run()

    assert seen == [Phase.STARTING, Phase.STOPPING]  # the order overtakes the messages
    assert not incarnation.alive
    assert (incarnation.phase, incarnation.reason) == (Phase.ENDED, "shutdown")
    assert stage.parent.news == [
        Started(incarnation, Up()),
        Exited(incarnation, "shutdown"),
    ]


def test_the_text_of_an_incarnation_says_where_which_and_in_what_phase(
    stage: ManualStage,
) -> None:
    incarnation = stage.start(Worker, path="/worker").current

    assert repr(incarnation) == "</worker#1 running>"


@pytest.mark.parametrize(("error", "reason"), [(Ignore(), "ignored"), (Exit("no room"), "no room")])
def test_a_start_that_came_to_nothing_leaves_its_reason(
    stage: ManualStage, error: Exception, reason: str
) -> None:
    class Unwilling(Actor):
        def on_start(self) -> None:
            raise error

    cell = stage.start(Unwilling)
    started = stage.parent.news[0]

    assert isinstance(started, Started)
    assert started.incarnation.reason == reason
    assert cell.last_reason == reason
    assert (started.outcome == Ignored()) == isinstance(error, Ignore)


# ---------------------------------------------------------------- watching one life


def test_who_watches_an_incarnation_hears_of_its_end_and_not_of_the_next(
    stage: ManualStage,
) -> None:
    watched, watcher = stage.start(Worker), stage.start(Watcher)
    first = watched.current
    assert first is not None
    watcher.instance.watch(first)

    watched.ref.tell(Exit("done"))
    stage.run()
    stage.restart(watched)
    stage.run()
    watched.ref.tell(Exit("again"))
    stage.run()

    assert watcher.instance.seen == [Terminated(watched.ref, "done")]


def test_the_end_of_an_incarnation_that_has_ended_is_told_at_once(stage: ManualStage) -> None:
    watched, watcher = stage.start(Worker), stage.start(Watcher)
    first = watched.current
    assert first is not None
    watched.kill(first)

    watcher.instance.watch(first)
    stage.run()

    assert watcher.instance.seen == [Terminated(watched.ref, "killed")]


def test_watching_twice_is_watching_once(stage: ManualStage) -> None:
    watched, watcher = stage.start(Worker), stage.start(Watcher)
    first = watched.current
    assert first is not None
    watcher.instance.watch(first)
    watcher.instance.watch(first)

    watched.kill(first)
    stage.run()

    assert len(watcher.instance.seen) == 1


def test_who_does_not_watch_any_more_hears_nothing(stage: ManualStage) -> None:
    watched, watcher = stage.start(Worker), stage.start(Watcher)
    first = watched.current
    assert first is not None
    watcher.instance.watch(first)
    watcher.instance.unwatch(first)
    watcher.instance.unwatch(first)

    watched.kill(first)
    stage.run()

    assert watcher.instance.seen == []
