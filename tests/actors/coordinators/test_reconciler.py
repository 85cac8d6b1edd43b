from __future__ import annotations

from ringleader.actors.coordinators.addresses import answer, send
from ringleader.actors.coordinators.reconciler import RECHECK, Reconciler
from ringleader.actors.coordinators.running import players
from ringleader.actors.events.work import TaskCancelled
from ringleader.actors.journal_memory import MemoryJournal
from ringleader.supervisors.spec import ChildSpec
from ringleader.testing import TestSystem


class Sample(Reconciler):
    """Counts its rechecks; asks for one more as often as it is told to."""

    def __init__(self, journal: MemoryJournal, times: list[float], later: list[float]) -> None:
        super().__init__(journal, 100.0)
        self._times, self._later = times, later

    def recheck(self) -> None:
        self._times.append(self.context.clock.now())
        for seconds in self._later:
            self.recheck_in(seconds)
        self._later.clear()

    def tell_once(self) -> tuple[bool, bool]:
        event = TaskCancelled(task_id="t")
        return self.publish_once("fact", event), self.publish_once("fact", event)


def started(system: TestSystem, later: list[float] | None = None) -> tuple[list[float], str]:
    times: list[float] = []
    spec = ChildSpec("sample", Sample, (MemoryJournal(), times, later or []))
    ref = system.start_child(spec)
    system.run()
    return times, ref.path


def test_it_rechecks_after_the_start_and_then_regularly() -> None:
    with TestSystem() as system:
        times, _ = started(system)
        system.advance(250)

        assert times == [0.0, 100.0, 200.0]


def test_of_several_further_times_the_soonest_counts() -> None:
    with TestSystem() as system:
        times, _ = started(system, [50.0, 30.0, 70.0])
        system.advance(99)

        assert times == [0.0, 30.0]


def test_a_time_that_has_passed_is_now() -> None:
    with TestSystem() as system:
        times, _ = started(system, [-5.0])
        system.advance(1)

        assert times == [0.0, 0.0]


def test_a_fact_is_published_once() -> None:
    with TestSystem() as system:
        _, path = started(system)
        assert system.ref(path).call(Sample.tell_once).get() == (True, False)
        system.run()

        assert system.statistics().events.by_type["TASK_CANCELLED"] == 1


def test_a_recheck_says_what_it_is() -> None:
    assert repr(RECHECK) == "Recheck()"


def test_nobody_is_told_where_nobody_lives() -> None:
    class Sender(Reconciler):
        def recheck(self) -> None:
            found.append(send(self, "/nobody", "hello"))
            found.append(send(self, self.path, "hello"))

        def on_receive(self, message: object) -> object:
            return None if message == "hello" else super().on_receive(message)

    found: list[bool] = []
    with TestSystem() as system:
        ref = system.start_child(ChildSpec("sender", Sender, (MemoryJournal(), 1.0)))
        system.run()

        assert found == [False, True]
        ref.cell.close()
        assert not answer(ref, "hello")


def test_a_config_that_does_not_say_is_played_by_two() -> None:
    assert [players(key) for key in ("hex5_2p", "square8_4p", "guess")] == [2, 4, 2]
