"""What gives the actors of a replay their turns: in order, shuffled, or on real threads."""

from __future__ import annotations

import random
import threading
from collections import Counter
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Protocol, cast

from ringleader.actors.dispatch import Pool, here
from ringleader.testing import Stepper

if TYPE_CHECKING:
    from collections.abc import Callable, Generator
    from contextlib import AbstractContextManager

    from ringleader.actors.dispatch import Dispatcher
    from ringleader.actors.turns import Turns

SHORT_TURN = 4
"""The most messages in a shuffled turn, so that turns end in the middle of things."""
PATIENCE = 30.0
"""Seconds after which a replay on threads has hung: the oracle's own limit for a scenario."""


class Player(Protocol):
    """Gives turns, and knows when nobody wants one."""

    @property
    def dispatcher(self) -> Dispatcher:
        """What the actors run on."""
        ...

    @property
    def abandoned(self) -> set[int]:
        """The threads that were given up."""
        ...

    def run_until_quiescent(self) -> None:
        """Return when nothing is left to do."""
        ...

    def hold(self, runnable: Turns) -> AbstractContextManager[None]:
        """Let messages reach it meanwhile, but give it no turn. Only while nothing runs."""
        ...

    def hold_for_this_turn(self, runnable: Turns) -> None:
        """Give it no turn until the calling one has ended. Only from a turn."""
        ...

    def close(self) -> object:
        """End every thread."""
        ...


class OneByOne:
    """One turn after the other in the calling thread.

    Args:
        shuffle: draws who is next and for how long; else always the same order.
    """

    def __init__(self, shuffle: random.Random | None = None) -> None:
        self._stepper = Stepper() if shuffle is None else Stepper(SHORT_TURN, shuffle)
        self.abandoned = set[int]()
        self.run_until_quiescent = self._stepper.run_until_quiescent
        self.hold = self._stepper.hold

    @property
    def dispatcher(self) -> Dispatcher:
        """What the actors run on."""
        return self._stepper

    def hold_for_this_turn(self, runnable: Turns) -> None:
        """Do nothing: nobody has a turn beside the calling one."""

    def close(self) -> None:
        """Do nothing."""


def shuffled(seed: int, name: str) -> OneByOne:
    """Return a player whose order is drawn from a seed and a scenario's name."""
    return OneByOne(random.Random(f"{seed}/{name}"))  # noqa: S311  # no secret


class Ticket:
    """A turn that tells when it is over; it stands for a cell in the pool's queue."""

    def __init__(self, runnable: Turns, over: Callable[[Turns], None]) -> None:
        self._runnable, self._over = runnable, over

    def run(self, turn: int) -> None:
        """Give the turn."""
        here.seat.cell = self._runnable
        try:
            self._runnable.run(turn)
        finally:
            self._over(self._runnable)


class Threads:
    """The pool that a system has, with more workers, and a count of the turns that are due."""

    is_async = False
    inline = False

    def __init__(self, workers: int = 4) -> None:
        self.abandoned = set[int]()
        self._pool = Pool(workers, abandoned=self.abandoned, name="replay")
        self._due: Counter[Turns] = Counter()
        self._changed = threading.Condition()
        self._held: dict[Turns, bool] = {}
        self._held_by: dict[Turns, Turns] = {}

    @property
    def dispatcher(self) -> Dispatcher:
        """What the actors run on."""
        return cast("Dispatcher", self)

    def __getattr__(self, name: str) -> Any:
        """Leave all but turns to the pool."""
        return getattr(self._pool, name)

    def put(self, runnable: Turns, /) -> None:
        """Give it a turn soon, or when it is not held any more."""
        with self._changed:
            if runnable in self._held:
                self._held[runnable] = True
            else:
                self._give_turn(runnable)

    def _give_turn(self, runnable: Turns) -> None:
        self._due[runnable] += 1
        self._pool.put(cast("Any", Ticket(runnable, self._over)))

    def _over(self, runnable: Turns) -> None:
        with self._changed:
            for held in [held for held, by in self._held_by.items() if by is runnable]:
                del self._held_by[held]
                self._let_go(held)
            self._due[runnable] -= 1
            if not self._due[runnable]:
                del self._due[runnable]
                self._changed.notify_all()

    def run_until_quiescent(self) -> None:
        """Wait until no turn is due."""
        with self._changed:
            if not self._changed.wait_for(lambda: not self._due, PATIENCE):
                raise TimeoutError(f"{list(self._due)} have not ended within {PATIENCE} s")

    @contextmanager
    def hold(self, runnable: Turns) -> Generator[None]:
        """Let messages reach it meanwhile, but give it no turn."""
        with self._changed:
            self._held[runnable] = False
        try:
            yield
        finally:
            with self._changed:
                self._let_go(runnable)

    def hold_for_this_turn(self, runnable: Turns) -> None:
        """Wait until it has no turn; give it none until the calling one has ended."""
        caller = here.seat.cell
        assert caller is not None
        with self._changed:
            if runnable in self._held:
                return  # by the scenario, for longer
            self._held[runnable] = False
            self._held_by[runnable] = caller
            if not self._changed.wait_for(lambda: runnable not in self._due, PATIENCE):
                raise TimeoutError(f"the turn of {runnable!r} has not ended within {PATIENCE} s")

    def _let_go(self, runnable: Turns) -> None:
        if self._held.pop(runnable):
            self._give_turn(runnable)

    def close(self, timeout: float = PATIENCE) -> bool:
        """End every thread."""
        return self._pool.close(timeout)
