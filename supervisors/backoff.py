"""How long to wait before a restart: tenacity's strategies, by crashes in a row."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, TypeVar

from tenacity import Future, RetryCallState, wait

if TYPE_CHECKING:
    import random
    from collections.abc import Callable

    from ringleader.actors.lifecycle import Reason

W = TypeVar("W", bound=wait.wait_base)


@dataclass(frozen=True, slots=True)
class Streak:
    """Crashes of one child in a row: none of its lives between them was a healthy one.

    Attributes:
        crashes: how many; failed starts count, too.
        since: when the first was, monotonic seconds.
    """

    crashes: int = 0
    since: float = 0.0

    def crashed(self, now: float, up_since: float | None, healthy_after: float) -> Streak:
        """Take in a crash.

        Args:
            now: monotonic seconds.
            up_since: since when it was up; None if it never came up.
            healthy_after: seconds of being up that end a streak.
        """
        was_healthy = up_since is not None and now - up_since >= healthy_after
        if not self.crashes or was_healthy:
            return Streak(1, now)
        return Streak(self.crashes + 1, self.since)


def seconds(
    strategy: wait.wait_base, streak: Streak, now: float, reason: Reason, chance: random.Random
) -> float:
    """Return how many seconds to wait.

    Args:
        strategy: is given the number of crashes as `attempt_number`, the last one as `outcome`,
            and the time since the first as `seconds_since_start`.
        streak: the crashes, the present one included.
        now: monotonic seconds.
        reason: of the present crash.
        chance: what jitter is drawn from, in tenacity's own strategies: theirs is a generator
            of the whole process, which no seed reaches.

    Raises:
        ValueError: the strategy says something that is no time.
    """
    state = _state(streak, now, reason)
    found = float(_evaluate(strategy, state, chance))
    if not 0.0 <= found < float("inf"):
        raise ValueError(f"the backoff {strategy!r} says {found} s; it must be 0 or more")
    return found


def _state(streak: Streak, now: float, reason: Reason) -> RetryCallState:
    owner: Any = None  # no strategy looks at it
    state = RetryCallState(owner, None, (), {})
    state.attempt_number = streak.crashes
    state.start_time, state.outcome_timestamp = streak.since, now
    state.outcome = Future(streak.crashes)
    state.outcome.set_exception(reason if isinstance(reason, BaseException) else _Ended(reason))
    return state


class _Ended(Exception):  # noqa: N818  # stands for a reason that is no exception
    """Ended with a reason that is no exception."""


def _evaluate(strategy: Any, state: RetryCallState, chance: random.Random) -> float:
    kind: type[Any] = type(strategy)  # pyright: ignore[reportUnknownVariableType]  # of Any
    known = _WITH_CHANCE.get(kind)
    return float(strategy(state) if known is None else known(strategy, state, chance))


def _sum(strategy: Any, state: RetryCallState, chance: random.Random) -> float:
    return sum(_evaluate(part, state, chance) for part in strategy.wait_funcs)


def _chain(strategy: Any, state: RetryCallState, chance: random.Random) -> float:
    place = min(max(state.attempt_number, 1), len(strategy.strategies))
    return _evaluate(strategy.strategies[place - 1], state, chance)


def _uniform(strategy: Any, _: RetryCallState, chance: random.Random) -> float:
    return chance.uniform(strategy.wait_random_min, strategy.wait_random_max)


def _full_jitter(strategy: Any, state: RetryCallState, chance: random.Random) -> float:
    return chance.uniform(strategy.min, wait.wait_exponential.__call__(strategy, state))


def _exponential_jitter(strategy: Any, state: RetryCallState, chance: random.Random) -> float:
    first = getattr(strategy, "multiplier", 1) * getattr(strategy, "initial", 1)  # by version
    least = max(0.0, getattr(strategy, "min", 0.0))
    try:
        grown = float(first) * float(strategy.exp_base) ** (state.attempt_number - 1)
    except OverflowError:
        grown = strategy.max
    return float(max(least, min(grown + chance.uniform(0, strategy.jitter), strategy.max)))


_WITH_CHANCE: Final[dict[type, Callable[[Any, RetryCallState, random.Random], float]]] = {
    wait.wait_combine: _sum,
    wait.wait_chain: _chain,
    wait.wait_random: _uniform,
    wait.wait_random_exponential: _full_jitter,
    wait.wait_exponential_jitter: _exponential_jitter,
}
