"""The vigil: looks after progress and health of incarnations, and after threads that hang."""

from __future__ import annotations

import logging
from collections import deque
from typing import TYPE_CHECKING, ClassVar, Final, NamedTuple

from pykka import ActorDeadError

from .base import Actor
from .errors import RingleaderError, TooManyStuckThreads
from .handlers import handles
from .health_events import shut_down
from .lifecycle import is_normal
from .message import Chore
from .watched import NEVER, Watched

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from .care import Care
    from .context import Context
    from .events.base import Event
    from .health import Health
    from .incarnation import Incarnation
    from .lifecycle import Reason, Terminated
    from .probe import Probe
    from .ref import Ref

logger = logging.getLogger("ringleader.vigil")

GRAIN: Final = 0.05
"""Seconds between two looks at least: what is due in between is dealt with together."""
THREADS_HANG_AFTER: Final = 1.0
"""Seconds after which a given-up thread counts as one that hangs: most come back at once."""


class Look(Chore):
    """Do what is due."""

    __slots__ = ()


class _Answer(NamedTuple):
    watched: Watched
    probe: Probe
    health: Health


class _End(NamedTuple):
    watched: Watched
    reason: Reason
    waiting: int


class WatchList:
    """Whom the vigil looks after. It outlives the vigil's incarnations; any thread may add.

    Nobody is on it by default, and an empty list costs nothing: no timer, no turn.

    Args:
        context: of the system.
        give_up: ends the system for a reason, in order; called once, in the vigil's turn.
    """

    def __init__(self, context: Context, give_up: Callable[[RingleaderError], object]) -> None:
        self.context, self._give_up = context, give_up
        self.ref: Ref[Watchman] | None = None
        self._new: deque[tuple[Incarnation, Care]] = deque()
        self._answers: deque[_Answer] = deque()
        self._ends: deque[_End] = deque()
        self._watched: dict[Incarnation, Watched] = {}
        self._next = NEVER
        self._suspects: frozenset[int] = frozenset()
        self._suspected = 0.0
        self._checks_threads = self._has_given_up = self._is_poked = False

    # ---------------------------------------------------------------- for everybody

    def add(self, incarnation: Incarnation, care: Care) -> None:
        """Look after one that has just come up, until it ends."""
        self._new.append((incarnation, care))
        self._poke()

    def check_threads(self) -> None:
        """Look whether too many threads hang."""
        if not self._checks_threads and not self._has_given_up:
            self._checks_threads = True
            self._poke()

    def __len__(self) -> int:
        """Return how many are looked after."""
        return len(self._watched) + len(self._new)

    def _answered(self, watched: Watched, probe: Probe, health: Health) -> None:
        self._answers.append(_Answer(watched, probe, health))
        self._poke()

    def _ended(self, watched: Watched, message: Terminated) -> None:
        waiting = len(watched.incarnation.cell.mailbox)
        self._ends.append(_End(watched, message.reason, waiting))
        self._poke()

    def _poke(self) -> None:
        """Let the vigil look soon: one message, however much there is."""
        ref = self.ref
        if self._is_poked or ref is None:
            return
        self._is_poked = True
        try:
            ref.tell(Look())
        except (ActorDeadError, RingleaderError):  # it ends, or a given-up thread speaks
            self._is_poked = False

    # ---------------------------------------------------------------- for the vigil

    def look(self, now: float) -> list[tuple[Event, str]]:
        """Do what is due; return events, each with the path that it is about."""
        self._is_poked = False  # first: what comes from now on pokes again
        events: list[tuple[Event, str]] = []
        while self._new:
            self._begin(*self._new.popleft(), now)
        while self._answers:
            watched, probe, health = self._answers.popleft()
            events += _about(watched, watched.answer(probe, health, now))
        if self._next <= now:
            events += self._look_at_all(now)
        if self._checks_threads:
            self._look_at_threads(now)
        return events + self.take_ends()

    def take_ends(self) -> list[tuple[Event, str]]:
        """Forget those who have ended; return what to tell of coordinators that did in order."""
        events: list[tuple[Event, str]] = []
        while self._ends:
            watched, reason, waiting = self._ends.popleft()
            self._watched.pop(watched.incarnation, None)
            if watched.is_coordinator and is_normal(reason):
                path = watched.incarnation.path
                events.append((shut_down(path, reason, waiting), path))
        return events

    def next_look(self, now: float) -> float | None:
        """Return in how many seconds something is due, at least a grain; None: nothing is."""
        due = self._next if self._watched else NEVER
        if self._suspects:
            due = min(due, self._suspected + THREADS_HANG_AFTER)
        return None if due == NEVER else max(GRAIN, due - now)

    def _begin(self, incarnation: Incarnation, care: Care, now: float) -> None:
        watched = Watched(incarnation, care, now, answered=self._answered, ended=self._ended)
        self._watched[incarnation] = watched
        self._next = min(self._next, watched.due)
        incarnation.add_watcher(watched)

    def _look_at_all(self, now: float) -> list[tuple[Event, str]]:
        events: list[tuple[Event, str]] = []
        self._next = NEVER
        for watched in list(self._watched.values()):
            if watched.due <= now:
                events += _about(watched, watched.look(now))
            self._next = min(self._next, watched.due)
        return events

    def _look_at_threads(self, now: float) -> None:
        abandoned, limit = frozenset(self.context.abandoned), self.context.max_stuck_threads
        if self._suspects and now - self._suspected < THREADS_HANG_AFTER:
            return
        stuck = len(self._suspects & abandoned)
        if stuck >= limit:
            self._has_given_up = True
            self._give_up(TooManyStuckThreads(stuck, limit))
        self._checks_threads = len(abandoned) >= limit and not self._has_given_up
        self._suspects = abandoned if self._checks_threads else frozenset()
        self._suspected = now


def _about(watched: Watched, events: Iterable[Event]) -> list[tuple[Event, str]]:
    return [(event, watched.incarnation.path) for event in events]


class Watchman(Actor):
    """Looks when something is due; all that it knows is in the list, which outlives it."""

    dispatcher: ClassVar[str] = "thread"  # it must see that every worker of the pool hangs

    def __init__(self, watch_list: WatchList) -> None:
        super().__init__()
        self._list = watch_list

    def on_start(self) -> None:
        """Begin to look; take up what came while nobody did."""
        self._list.ref = self._cell.ref
        self.look(Look())

    @handles(Look)
    def look(self, _: Look) -> None:
        """Do what is due, and set the timer for what comes next."""
        self._publish(self._list.look(self.context.clock.now()))
        seconds = self._list.next_look(self.context.clock.now())
        if seconds is None:
            self.timers.cancel("look")
        else:
            self.timers.once(seconds, Look(), key="look")

    def on_stop(self) -> None:
        """Tell of those who ended before it did."""
        self._publish(self._list.take_ends())

    def _publish(self, events: Iterable[tuple[Event, str]]) -> None:
        for event, path in events:
            try:
                self.publish(event, subject=path)
            except (RingleaderError, ActorDeadError) as error:
                # Nobody hears of it, and that must not end the vigil.
                logger.warning("%s about %s not published: %s", type(event).__name__, path, error)
