"""Cells without a system: on a manual clock and turns in the test's thread, or on real threads."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

from ringleader.actors.base import build
from ringleader.actors.cell import Cell
from ringleader.actors.context import Context
from ringleader.actors.letters import DeadLetters, NoSink, Outcome
from ringleader.actors.lifecycle import Exited, Up
from ringleader.testing import ManualClock, Stepper, unbalanced

if TYPE_CHECKING:
    import random

    from ringleader.actors.incarnation import Incarnation
    from ringleader.actors.letters import DeadLetter, DeathReport
    from ringleader.actors.lifecycle import News, Reason


class Parent:
    """Hears of starts and ends, and restarts nobody."""

    alive = True

    def __init__(self) -> None:
        self.news: list[News] = []

    def hear(self, news: News) -> None:
        self.news.append(news)

    @property
    def reasons(self) -> list[Reason]:
        """Why incarnations that were up have ended."""
        return [news.reason for news in self.news if isinstance(news, Exited)]


class Ledger(NoSink):
    """Counts starts and ends of each incarnation, and keeps the reports."""

    def __init__(self) -> None:
        self.up: Counter[Incarnation] = Counter()
        self.down: Counter[Incarnation] = Counter()
        self.reports: list[DeathReport] = []

    def started(self, incarnation: Incarnation, outcome: Any) -> None:
        if isinstance(outcome, Up):
            self.up[incarnation] += 1

    def exited(self, incarnation: Incarnation, report: DeathReport) -> None:
        self.down[incarnation] += 1
        self.reports.append(report)

    def odd(self) -> list[Incarnation]:
        """Return those that were up without exactly one start and one end."""
        return [one for one in {*self.up, *self.down} if (self.up[one], self.down[one]) != (1, 1)]


class Stage:
    """One context, and cells at its top that report to one parent."""

    def __init__(self, **kwargs: Any) -> None:
        self.sink, self.letters = Ledger(), DeadLetters(capacity=1_000_000)
        self.context = Context(seed=1, sink=self.sink, dead_letters=self.letters, **kwargs)
        self.context.kept = []
        self.parent = Parent()
        self._names = 0

    def start(
        self,
        actor_class: type[Any],
        *args: Any,
        path: str = "",
        dispatcher: str | None = None,
        **kwargs: Any,
    ) -> Cell:
        """Begin the first incarnation in a new cell."""
        self._names += 1
        cell = Cell(path or f"/a{self._names}", actor_class, self.context, dispatcher=dispatcher)
        self.restart(cell, *args, **kwargs)
        return cell

    def restart(self, cell: Cell, *args: Any, **kwargs: Any) -> Incarnation:
        """Begin another incarnation in a cell."""
        actor_class: type[Any] = cell.ref.actor_class
        return cell.launch(lambda: build(actor_class, cell, args, kwargs), self.parent)

    @property
    def buried(self) -> list[DeadLetter]:
        """The dead letters."""
        return self.letters.letters()

    def buried_messages(self, reason: Outcome | None = None) -> list[Any]:
        """Return what is in the dead letters, of one reason or of all."""
        return [letter.message for letter in self.buried if reason in (None, letter.reason)]

    def close(self) -> None:
        """End everybody and every thread; check the counters."""
        cells = self.context.kept or []
        for cell in cells:
            if cell.current is not None:
                cell.kill(cell.current)
            cell.close()
        assert self.context.close(5), "a thread has not ended"
        assert unbalanced(cells) == []
        assert not self.sink.odd(), self.sink.odd()


class ManualStage(Stage):
    """A stage on which nothing happens but when the test says so."""

    def __init__(self, shuffle: random.Random | None = None, **kwargs: Any) -> None:
        self.clock, self.stepper = ManualClock(), Stepper(shuffle=shuffle)
        super().__init__(clock=self.clock, dispatchers=self.stepper.dispatchers(), **kwargs)

    def start(self, actor_class: type[Any], *args: Any, **kwargs: Any) -> Cell:
        """Begin the first incarnation in a new cell, and let it come up."""
        cell = super().start(actor_class, *args, **kwargs)
        self.run()
        return cell

    def run(self) -> None:
        """Give turns until nothing is left to do."""
        self.stepper.drive()

    def advance(self, seconds: float) -> None:
        """Let time pass, stopping at each timer to run what it sets off."""
        end = self.clock.now() + seconds
        self.run()
        while (due := self.clock.next_time()) is not None and due <= end:
            self.clock.advance_to(due)
            self.run()
        self.clock.advance_to(end)


def outcomes(cell: Cell) -> dict[str, int]:
    """Return how messages to a cell ended."""
    return {outcome.value: number for outcome, number in cell.outcomes.items()}
