"""What may be wrong with child specs."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import fields
from typing import TYPE_CHECKING, Any, Final, cast

import pykka

from ringleader.actors.care import HealthCheck

from .dependencies import check_dependencies
from .errors import BadChildSpec
from .spec import (
    CHILD_TYPES,
    GRACE_WORDS,
    ISOLATIONS,
    MISSING,
    ON_LIMITS,
    RESTARTS,
    ChildSpec,
    Limit,
    is_whole,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from .spec import Term


def problem(spec: ChildSpec, auto_shutdown: str | None) -> Term | None:
    """Say what is wrong with a spec, in OTP's terms; without `auto_shutdown` any will do."""
    if not isinstance(spec, ChildSpec):  # pyright: ignore[reportUnnecessaryIsInstance]  # from users
        return ("invalid_child_spec", spec)
    return (
        _problem_of_start(spec) or _problem_of_policy(spec, auto_shutdown) or _problem_beyond(spec)
    )


def _problem_of_start(spec: ChildSpec) -> Term | None:
    if spec.id is MISSING:
        return "missing_id"
    if not _is_name(spec.id):
        return ("invalid_id", spec.id)
    if spec.actor_class is MISSING:
        return "missing_start"
    if not _is_actor_class(spec.actor_class):
        return ("invalid_mfa", spec.actor_class)
    if not isinstance(spec.args, tuple) or not isinstance(spec.kwargs, Mapping):  # pyright: ignore[reportUnnecessaryIsInstance]  # from users
        return ("invalid_mfa", (spec.actor_class, spec.args, spec.kwargs))
    return None


def _problem_of_policy(spec: ChildSpec, auto_shutdown: str | None) -> Term | None:
    if spec.restart not in RESTARTS:
        return ("invalid_restart_type", spec.restart)
    if spec.significant and auto_shutdown == "never":
        return ("bad_combination", {"auto_shutdown": "never", "significant": True})
    if spec.significant and spec.restart == "permanent":
        return ("bad_combination", {"restart": "permanent", "significant": True})
    if spec.type not in CHILD_TYPES:
        return ("invalid_child_type", spec.type)
    if not _is_grace(spec.shutdown):
        return ("invalid_shutdown", spec.shutdown)
    return None


def specs_problem(
    specs: Sequence[ChildSpec], auto_shutdown: str | None = None, known: Iterable[str] = ()
) -> Term | None:
    """Return what is wrong with the first bad spec, in OTP's terms, or None.

    Args:
        specs: all of one supervisor's: no id may come twice.
        auto_shutdown: that supervisor's; without it a significant child is only compared with
            its own restart type.
        known: ids of children that it has already: others may depend on them.
    """
    seen = set[str]()
    for spec in specs:
        wrong = problem(spec, auto_shutdown)
        if wrong is not None:
            return wrong
        if spec.id in seen:
            return ("duplicate_child_name", spec.id)
        seen.add(spec.id)
    return check_dependencies(specs, known)


def check_childspecs(specs: Iterable[ChildSpec], auto_shutdown: str | None = None) -> None:
    """Check the specs of one supervisor without starting anything.

    Args:
        specs: all of one supervisor's.
        auto_shutdown: that supervisor's; without it a significant child is only compared with
            its own restart type.

    Raises:
        BadChildSpec: the first that is wrong; says what would be right.
    """
    specs = list(specs)
    for spec in specs:
        wrong = problem(spec, auto_shutdown)
        if wrong is not None:
            raise BadChildSpec(getattr(spec, "id", spec), wrong)
    wrong = specs_problem(specs, auto_shutdown)
    if wrong is not None:
        raise BadChildSpec([spec.id for spec in specs], wrong)


def _is_name(x: object) -> bool:
    return isinstance(x, str) and x != "" and "/" not in x


def _is_actor_class(x: object) -> bool:
    return isinstance(x, type) and issubclass(x, pykka.Actor)


def _is_grace(x: object) -> bool:
    return _is_seconds(x) or x in GRACE_WORDS


def _is_seconds(x: object) -> bool:
    return isinstance(x, int | float) and not isinstance(x, bool) and x >= 0


def _is_seconds_or_none(x: object) -> bool:
    return x is None or _is_seconds(x)


def _is_limit(x: object) -> bool:
    if x is None:
        return True
    return (
        isinstance(x, Limit)
        and is_whole(x.intensity)
        and x.intensity >= 0
        and is_whole(x.period)
        and x.period > 0
    )


def _are_ids(x: object) -> bool:
    if not isinstance(x, tuple):
        return False
    return all(isinstance(one, str) for one in cast("tuple[object, ...]", x))


_BEYOND: Final[Mapping[str, Callable[[Any], bool]]] = {
    "backoff": lambda x: x is None or callable(x),
    "healthy_after": _is_seconds,
    "limit": _is_limit,
    "on_limit": lambda x: x is None or x in ON_LIMITS,
    "category": lambda x: isinstance(x, str),
    "depends_on": _are_ids,
    "soft_depends_on": _are_ids,
    "ready_timeout": _is_seconds,
    "start_timeout": _is_seconds_or_none,
    "progress_deadline": _is_seconds_or_none,
    "health": lambda x: x is None or isinstance(x, HealthCheck),
    "isolation": lambda x: x in ISOLATIONS,
    "spares": lambda x: is_whole(x) and x >= 0,
}
"""What the fields that OTP does not have must be."""
_DEFAULTS: Final = tuple(
    (field.name, field.default) for field in fields(ChildSpec) if field.name in _BEYOND
)


def _problem_beyond(spec: ChildSpec) -> Term | None:
    for name, default in _DEFAULTS:
        value = getattr(spec, name)
        # Most are as they were: then each child of many is checked at next to no cost.
        if value is not default and not _BEYOND[name](value):
            return (f"invalid_{name}", value)
    return None
