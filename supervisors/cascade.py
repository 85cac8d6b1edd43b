"""The cascade breaker: too many restarts of a kind, and there are none for a while.

A failure that many share (a full disk, a database that is gone) restarts everything that needs
it, over and over, and each restart is load. Within one supervisor its intensity ends that; the
breaker looks at all supervisors of a node, by category.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass, field, replace
from threading import Lock
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

logger = logging.getLogger("ringleader.supervisor")


@dataclass(frozen=True, slots=True)
class Threshold:
    """When the breaker of one category opens, and for how long.

    Attributes:
        restarts: how many in the window open it.
        window: seconds.
        cooldown: seconds without restarts of this category once it is open.
        ignores_all: whether the breaker for all categories together leaves this one alone.
    """

    restarts: int
    window: float = 300.0
    cooldown: float = 60.0
    ignores_all: bool = False


CATEGORIES: Final[Mapping[str, Threshold]] = {
    "event": Threshold(10, cooldown=30, ignores_all=True),
    "pipeline": Threshold(8, cooldown=45, ignores_all=True),
    "feedback": Threshold(8, cooldown=45, ignores_all=True),
    "autonomous": Threshold(8, cooldown=30, ignores_all=True),
    "sync": Threshold(6),
    "health": Threshold(6),
    "queue": Threshold(5),
    "resource": Threshold(5, cooldown=90),
    "evaluation": Threshold(5, cooldown=90),
    "distribution": Threshold(4, cooldown=90),
    "recovery": Threshold(8, window=600, cooldown=180),
    "provider": Threshold(3, cooldown=120),
    "misc": Threshold(4, cooldown=120),
}
"""The reference system's table."""


@dataclass(frozen=True, slots=True)
class CascadeLimits:
    """What the breaker goes by.

    Attributes:
        overall: for all categories together.
        grace: seconds after the node's start in which `grace_restarts` count for all together:
            much may fail while a node comes up.
        grace_restarts: how many open the breaker for all within the grace.
        categories: by name; one that is not here counts as `misc`.
    """

    overall: Threshold = Threshold(25, cooldown=120)
    grace: float = 300.0
    grace_restarts: int = 100
    categories: Mapping[str, Threshold] = field(default_factory=lambda: CATEGORIES)

    def of(self, category: str) -> tuple[str, Threshold]:
        """Return the category that counts, and its threshold."""
        if category in self.categories:
            return category, self.categories[category]
        return "misc", self.categories.get("misc", CATEGORIES["misc"])


@dataclass(frozen=True, slots=True)
class Count:
    """The recent restarts of one category, or of all.

    Attributes:
        restarts: when they were, monotonic seconds, oldest first.
        open_until: until when there are none; 0 if it is closed.
    """

    restarts: tuple[float, ...] = ()
    open_until: float = 0.0

    def wait(self, now: float) -> float:
        """Return the seconds until restarts are allowed again; 0 if they are."""
        return max(0.0, self.open_until - now)

    def add(self, now: float, threshold: Threshold, allowed: int | None = None) -> Count:
        """Count a restart that is done; open where it is one of too many."""
        recent = (*(at for at in self.restarts if now - at < threshold.window), now)
        if len(recent) < (threshold.restarts if allowed is None else allowed):
            return replace(self, restarts=recent)
        return Count((), now + threshold.cooldown)  # the next time it counts from nothing


@dataclass(frozen=True, slots=True)
class Cascade:
    """The state of the breaker: a value; each decision makes the next one.

    Attributes:
        limits: what it goes by.
        began: when the node was started, monotonic seconds.
        overall: of all categories together.
        counts: by category.
    """

    limits: CascadeLimits
    began: float
    overall: Count = Count()
    counts: Mapping[str, Count] = field(default_factory=dict[str, Count])

    def delay(self, category: str, now: float, *, critical: bool) -> tuple[float, Cascade]:
        """Return how many seconds a restart has to wait, and the state after it.

        A critical child never waits; its restarts count like others while the breaker is closed.
        """
        name, threshold = self.limits.of(category)
        count = self.counts.get(name, Count())
        if not critical:
            wait = count.wait(now)
            if not threshold.ignores_all:
                wait = max(wait, self.overall.wait(now))
            if wait > 0.0:
                return wait, self
        in_grace = now - self.began < self.limits.grace
        allowed = self.limits.grace_restarts if in_grace else None
        overall = self.overall
        if overall.wait(now) == 0.0:
            overall = overall.add(now, self.limits.overall, allowed)
        if count.wait(now) == 0.0:
            count = count.add(now, threshold)
        return 0.0, replace(self, overall=overall, counts={**self.counts, name: count})

    def opened(self, before: Cascade, now: float) -> list[str]:
        """Return the categories (`all` for all) that are open now and were not before."""
        new = [n for n, c in self.counts.items() if c.wait(now) and not _wait(before, n, now)]
        if self.overall.wait(now) and not before.overall.wait(now):
            new.append("all")
        return new


class CascadeBreaker:
    """The breaker of one node, asked by all its supervisors: a `RestartGate`.

    Args:
        limits: what it goes by.
        now: gives monotonic seconds.
    """

    def __init__(self, limits: CascadeLimits, now: Callable[[], float]) -> None:
        self._now = now
        self._state = Cascade(limits, now())
        self._lock = Lock()

    def delay(self, category: str, *, critical: bool) -> float:
        """Return 0 if the restart may be now, and count it; else the seconds to wait."""
        if not category:
            return 0.0
        now = self._now()
        with self._lock:
            before = self._state
            wait, self._state = before.delay(category, now, critical=critical)
            opened = self._state.opened(before, now)
        for name in opened:
            count = self._state.overall if name == "all" else self._state.counts[name]
            logger.warning(
                "cascade breaker: too many restarts of %s daemons; none for %.3g s, but of "
                "critical ones",
                name,
                count.wait(now),
            )
        return wait

    def open(self) -> dict[str, float]:
        """Return the categories without restarts now (`all` for all), and for how many seconds."""
        now, state = self._now(), self._state
        waits = {name: count.wait(now) for name, count in state.counts.items()}
        waits["all"] = state.overall.wait(now)
        return {name: wait for name, wait in waits.items() if wait > 0.0}


def _wait(cascade: Cascade, name: str, now: float) -> float:
    return cascade.counts.get(name, Count()).wait(now)
