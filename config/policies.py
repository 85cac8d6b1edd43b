"""What entries and settings say about restarts and care, as supervisors take it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from ringleader.actors.care import HealthCheck
from ringleader.actors.osprocess_limits import ProcessLimits
from ringleader.supervisors.cascade import CascadeLimits, Threshold
from ringleader.supervisors.options import QuarantineOptions
from ringleader.supervisors.quarantine import BY_HAND, Quarantine
from ringleader.supervisors.spec import Limit

from .backoff import strategy
from .entry import HealthEntry

if TYPE_CHECKING:
    from ringleader.supervisors.options import (
        CascadeOptions,
        HealthOptions,
        PauseOptions,
        QuarantineWord,
        SupervisionOptions,
    )

    from .entry import LimitEntry, ProcessEntry, TreeEntry

_SIZE: Final = re.compile(r"([0-9]+(?:\.[0-9]+)?) ?([kKMGT]?)(i?)B")
_POWERS: Final = ("", "K", "M", "G", "T")


@dataclass(frozen=True, slots=True)
class Policies:
    """Turns an entry into fields of its child spec.

    Args:
        supervision: what holds where an entry says nothing.
    """

    supervision: SupervisionOptions

    def of_child(self, entry: TreeEntry, above: Limit) -> dict[str, Any]:
        """Return the fields beyond OTP that any child has.

        Args:
            entry: says it.
            above: what its supervisor allows.
        """
        defaults = self.supervision
        backoff = defaults.backoff if entry.backoff is None else entry.backoff
        return {
            "backoff": strategy(backoff),
            "healthy_after": _or(entry.healthy_after, defaults.healthy_after),
            "limit": _limit(entry.limit, above),
            "category": entry.category,
            "critical": entry.critical,
            "depends_on": entry.depends_on,
            "soft_depends_on": entry.soft_depends_on,
            "start_timeout": entry.start_timeout or None,
        }

    def of_actor(self, entry: TreeEntry, *, is_worker: bool) -> dict[str, Any]:
        """Return the fields that only an actor has.

        Args:
            entry: says it.
            is_worker: whether it is no supervisor written in code: those start and stop children
                for as long as it takes, and nobody looks after them unless the entry says so.
        """
        defaults = self.supervision
        fields: dict[str, Any] = {
            "on_limit": entry.on_limit,
            "signals_ready": entry.signals_ready,
            "ready_timeout": _or(entry.ready_timeout, defaults.ready_timeout),
            "progress_deadline": entry.progress_deadline or None,
            "health": self._health(entry, is_worker=is_worker),
            "isolation": entry.isolation,
            "limits": process_limits(entry.limits),
            "spares": entry.spares,
        }
        if is_worker:
            start = _or(entry.start_timeout, defaults.start_timeout)
            progress = _or(entry.progress_deadline, defaults.progress_deadline)
            fields |= {"start_timeout": start or None, "progress_deadline": progress or None}
        return fields

    def of_supervisor(self, entry: TreeEntry) -> dict[str, Any]:
        """Return how a declared supervisor treats its children, as its constructor takes it."""
        defaults = self.supervision
        return {
            "on_limit": entry.on_limit or defaults.on_limit,
            "quarantine": quarantine(entry.quarantine or defaults.quarantine, defaults.pauses),
            "crash_loop_count": defaults.crash_loop_count,
            "crash_loop_window": defaults.crash_loop_window,
        }

    def _health(self, entry: TreeEntry, *, is_worker: bool) -> HealthCheck | None:
        defaults, said = self.supervision.health, entry.health
        if said is None:
            said = defaults.enabled and is_worker
        if said is False:
            return None
        own = said if isinstance(said, HealthEntry) else HealthEntry()
        return _health_check(own, defaults, critical=entry.critical)


def quarantine(said: QuarantineWord | QuarantineOptions, pauses: PauseOptions) -> Quarantine:
    """Return how long a child is parked: what a table says, or what a word stands for."""
    if isinstance(said, QuarantineOptions):
        return Quarantine(said.release_after, said.growth, said.longest, said.critical_after)
    if said == "by_hand":
        return BY_HAND
    if said == "cool_down":
        return Quarantine(pauses.cool_down)
    return Quarantine(
        pauses.degraded, pauses.growth, pauses.longest, critical_after=pauses.degraded_critical
    )


def cascade_limits(options: CascadeOptions) -> CascadeLimits | None:
    """Return what the node's cascade breaker goes by; None if there is to be none."""
    if not options.enabled:
        return None
    return CascadeLimits(
        overall=Threshold(options.restarts, options.window, options.cooldown),
        grace=options.grace,
        grace_restarts=options.grace_restarts,
        categories={
            name: Threshold(own.restarts, own.window, own.cooldown, own.ignores_all)
            for name, own in options.categories.items()
        },
    )


def process_limits(entry: ProcessEntry | None) -> ProcessLimits | None:
    """Return what a process may use, in bytes and seconds; None if nothing is said.

    Raises:
        ValueError: a limit is out of its range.
    """
    if entry is None:
        return None
    return ProcessLimits(
        memory=size(entry.memory),
        address_space=size(entry.address_space),
        cpu_time=entry.cpu_time,
        nice=entry.nice,
    )


def size(said: int | str | None) -> int | None:
    """Return bytes: `512MB` is 512 · 10⁶, `512MiB` 512 · 2²⁰."""
    if not isinstance(said, str):
        return said
    found = _SIZE.fullmatch(said)
    if found is None:
        raise ValueError(f"{said!r} is no size; write 512MB or 512MiB")
    number, letter, binary = found.groups()
    factor: int = (1024 if binary else 1000) ** _POWERS.index(letter.upper())
    return int(float(number) * factor)


def _limit(own: LimitEntry | None, above: Limit) -> Limit | None:
    if own is None:
        return None
    return Limit(
        above.intensity if own.intensity is None else own.intensity,
        above.period if own.period is None else own.period,
    )


def _health_check(own: HealthEntry, defaults: HealthOptions, *, critical: bool) -> HealthCheck:
    usual = defaults.critical_interval if critical else defaults.interval
    return HealthCheck(
        interval=_or(own.interval, usual),
        timeout=_or(own.timeout, defaults.timeout),
        grace=_or(own.grace, defaults.grace),
        failures=defaults.failures if own.failures is None else own.failures,
    )


def _or(said: float | None, default: float) -> float:
    return default if said is None else said
