"""Durable consumers through publications, crashes, restarts and kills in any order."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from hypothesis import settings, strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from ringleader import Outcome
from tests.events.places import Durable, Kept, Place, Twice, a_place

if TYPE_CHECKING:
    from ringleader import Actor

KINDS: dict[str, type[Actor]] = {"once": Durable, "twice": Twice}
SOME = st.integers(min_value=1, max_value=3)


class Consumers(RuleBasedStateMachine):
    """Two consumers, one of them idempotent, and what each is to have heard by now.

    Numbers that 7 divides fail: once for who is not idempotent, twice for who is.
    """

    backend: ClassVar[str] = "memory"

    @initialize()
    def begin(self) -> None:
        self.directory = tempfile.TemporaryDirectory()
        self.place: Place = a_place(self.backend, Path(self.directory.name))
        self.place.start()
        self.number = 0
        self.published: list[int] = []
        self.fails = {n for n in range(1000) if n % 7 == 0}
        self.heard: dict[str, list[int]] = {name: [] for name in KINDS}
        self.present: set[str] = set()
        for name in KINDS:
            self.add(name)

    def add(self, name: str) -> None:
        spec = {"shutdown": "brutal_kill"}
        self.place.add(name, KINDS[name], self.heard[name], self.fails, **spec)
        self.present.add(name)

    def teardown(self) -> None:
        if hasattr(self, "place"):
            for name in set(KINDS) - self.present:
                self.add(name)
            self.everything_was_heard_in_order()
            self.place.stop()
            self.directory.cleanup()

    def send(self, many: int) -> None:
        for _ in range(many):
            self.number += 1
            self.place.system.publish(Kept(number=self.number), source="/test")
            self.published.append(self.number)

    # ---------------------------------------------------------------- what happens

    @rule(many=SOME)
    def publish(self, many: int) -> None:
        self.send(many)
        self.place.settle()

    @rule(name=st.sampled_from(list(KINDS)))
    def crash(self, name: str) -> None:
        if name in self.present:
            self.place.system.ref(f"/{name}").tell("crash")
            self.send(1)
            self.place.settle()

    @rule(name=st.sampled_from(list(KINDS)), many=SOME)
    def delete(self, name: str, many: int) -> None:
        """With events in its mailbox that it has not begun."""
        if name not in self.present:
            return
        top = self.place.system._top
        with self.place.system.stepper.hold(self.place.system.ref(f"/{name}").cell):
            self.send(many)
            self.place.settle()
            top.terminate_child(name)
            top.delete_child(name)
            self.place.settle()
        self.present.remove(name)

    @precondition(lambda self: len(self.present) < len(KINDS))
    @rule()
    def bring_back(self) -> None:
        for name in set(KINDS) - self.present:
            self.add(name)

    @rule(many=SOME)
    def crash_the_registry(self, many: int) -> None:
        registry = self.place.system.ref("/system/registry").cell
        with self.place.system.stepper.hold(registry):
            self.send(many)
            assert registry.current is not None
            registry.inject(registry.current, ValueError("injected"))
        self.place.settle()

    @rule(kills=st.booleans(), comes_back=st.sampled_from([[], ["once"], ["twice", "once"]]))
    def end_the_node(self, *, kills: bool, comes_back: list[str]) -> None:
        if kills:
            self.place.kill()
        else:
            self.place.stop()
        self.place.start()
        self.present.clear()
        for name in comes_back:
            self.add(name)

    @rule(seconds=st.sampled_from([1, 6]))
    def wait(self, seconds: int) -> None:
        self.place.advance(seconds)

    # ---------------------------------------------------------------- what holds

    @invariant()
    def everything_was_heard_in_order(self) -> None:
        for name in getattr(self, "present", ()):
            times = 2 if name == "twice" else 1
            expected = [n for n in self.published for _ in range(times if n in self.fails else 1)]
            assert self.heard[name] == expected, name
            info = self.place.consumer(f"/{name}")
            assert (info.active, info.lag, info.in_hand) == (True, 0, 0)

    @invariant()
    def nothing_but_failures_is_set_aside(self) -> None:
        if hasattr(self, "place"):
            letters = self.place.found()
            assert {letter.reason for letter in letters} <= {Outcome.FAILED}
            failed = {n for n in self.published if n in self.fails}
            assert len(letters) <= len(failed) * len(KINDS)

    @invariant()
    def each_delivery_has_one_outcome(self) -> None:
        if hasattr(self, "place"):
            self.place.check()


class OnSqlite(Consumers):
    """The same on a file."""

    backend = "sqlite"


Consumers.TestCase.settings = settings(max_examples=30, stateful_step_count=20, deadline=None)
OnSqlite.TestCase.settings = settings(max_examples=15, stateful_step_count=20, deadline=None)
test_it_holds_in_memory = Consumers.TestCase
test_it_holds_in_a_file = OnSqlite.TestCase
