"""Backoff as a file writes it: checked, and made into one of tenacity's wait strategies."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import msgspec
from tenacity import wait

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from ringleader.supervisors.options import BackoffKind, BackoffOptions

    from .schema import KeyPath

LONGEST: Final = 300.0
"""Seconds that a wait grows to if nothing else is said (the reference system's)."""

_TAKES: Final[Mapping[BackoffKind, tuple[str, ...]]] = {
    "fixed": ("seconds", "jitter"),
    "exponential": ("multiplier", "exp_base", "min", "max", "jitter"),
    "exponential_jitter": ("multiplier", "exp_base", "max", "jitter"),
    "random": ("min", "max"),
    "random_exponential": ("multiplier", "exp_base", "min", "max"),
    "incrementing": ("start", "increment", "max", "jitter"),
    "chain": ("of",),
    "sum": ("of",),
}
"""Which keys say something to which kind."""
_NEEDS: Final[Mapping[BackoffKind, tuple[str, ...]]] = {
    "fixed": ("seconds",),
    "random": ("max",),
    "incrementing": ("increment",),
    "chain": ("of",),
    "sum": ("of",),
}


def faults(backoff: float | BackoffOptions, path: KeyPath) -> Iterator[tuple[KeyPath, str, str]]:
    """Yield what is wrong with it: the key, what is wrong, what would be right."""
    if isinstance(backoff, (int, float)):
        return
    kind, given = backoff.kind, set(_given(backoff))
    takes = _TAKES[kind]
    for name in sorted(given.difference(takes)):
        yield (*path, name), f"says nothing to the kind {kind}", f"it takes {', '.join(takes)}"
    for name in _NEEDS.get(kind, ()):
        if name not in given:
            yield (*path, name), f"is missing for the kind {kind}", f"set {name}"
    least, most = backoff.min or 0.0, LONGEST if backoff.max is None else backoff.max
    if least > most:
        yield (*path, "min"), f"is {least:g} s, above max, {most:g} s", "swap them"
    for number, part in enumerate(backoff.of):
        yield from faults(part, (*path, "of", str(number)))


def strategy(backoff: float | BackoffOptions) -> wait.wait_base | None:
    """Return the strategy that was meant; None: no wait at all. `faults` has nothing to say."""
    if isinstance(backoff, (int, float)):
        return wait.wait_fixed(backoff) if backoff > 0.0 else None
    made = _MAKE[backoff.kind](backoff)
    if backoff.jitter is not None and backoff.kind != "exponential_jitter":
        return wait.wait_combine(made, wait.wait_random(0, backoff.jitter))
    return made


def _given(backoff: BackoffOptions) -> Iterator[str]:
    for field in msgspec.structs.fields(backoff):
        if field.name != "kind" and getattr(backoff, field.name) != field.default:
            yield field.name


def _or(value: float | None, default: float) -> float:
    return default if value is None else value


def _parts(backoff: BackoffOptions) -> list[wait.wait_base]:
    return [strategy(part) or wait.wait_none() for part in backoff.of]


def _exponential(backoff: BackoffOptions) -> wait.wait_base:
    return wait.wait_exponential(
        multiplier=_or(backoff.multiplier, 1),
        exp_base=_or(backoff.exp_base, 2),
        min=_or(backoff.min, 0),
        max=_or(backoff.max, LONGEST),
    )


def _exponential_jitter(backoff: BackoffOptions) -> wait.wait_base:
    made = wait.wait_exponential_jitter(
        exp_base=_or(backoff.exp_base, 2),
        max=_or(backoff.max, LONGEST),
        jitter=_or(backoff.jitter, 1),
    )
    # Tenacity renamed this one in 9.2, and warns of the old name.
    setattr(
        made, "multiplier" if hasattr(made, "multiplier") else "initial", _or(backoff.multiplier, 1)
    )
    return made


def _random_exponential(backoff: BackoffOptions) -> wait.wait_base:
    return wait.wait_random_exponential(
        multiplier=_or(backoff.multiplier, 1),
        exp_base=_or(backoff.exp_base, 2),
        min=_or(backoff.min, 0),
        max=_or(backoff.max, LONGEST),
    )


def _incrementing(backoff: BackoffOptions) -> wait.wait_base:
    return wait.wait_incrementing(
        start=_or(backoff.start, 0),
        increment=_or(backoff.increment, 0),
        max=_or(backoff.max, LONGEST),
    )


_MAKE: Final[Mapping[BackoffKind, Callable[[BackoffOptions], wait.wait_base]]] = {
    "fixed": lambda backoff: wait.wait_fixed(_or(backoff.seconds, 0)),
    "exponential": _exponential,
    "exponential_jitter": _exponential_jitter,
    "random": lambda backoff: wait.wait_random(_or(backoff.min, 0), _or(backoff.max, LONGEST)),
    "random_exponential": _random_exponential,
    "incrementing": _incrementing,
    "chain": lambda backoff: wait.wait_chain(*_parts(backoff)),
    "sum": lambda backoff: wait.wait_combine(*_parts(backoff)),
}
