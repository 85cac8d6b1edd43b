"""What is wrong with a spec, in words: what was given, and what would be right."""

from __future__ import annotations

import difflib
from typing import TYPE_CHECKING, Any, Final

from .spec import (
    AUTO_SHUTDOWNS,
    CHILD_TYPES,
    GRACE_WORDS,
    ISOLATIONS,
    ON_LIMITS,
    RESTARTS,
    STRATEGIES,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from .spec import Term

_WHOLE: Final = {
    "missing_id": "it has no id: give it a name that none of its siblings has",
    "missing_start": "it has no actor_class",
    "significant_never": "significant children need a supervisor whose auto_shutdown is "
    "'any_significant' or 'all_significant'; here it is 'never'",
}


def explain(term: Term) -> str:
    """Say what OTP's term means."""
    match term:
        case str(word) if word in _WHOLE:
            return _WHOLE[word]
        case ("supervisor_data" | "start_spec", inner):
            return explain(inner)
        case ("bad_combination", {"auto_shutdown": "never"}):
            return _WHOLE["significant_never"]
        case (str(word), value) if word in _EXPLAIN:
            return _EXPLAIN[word](value)
        case _:
            return repr(term)


def nearest(given: object, known: Iterable[str]) -> str:
    """Return `; did you mean 'x'?` if something known is close to what was given."""
    close = difflib.get_close_matches(str(given), list(known), n=1)
    return f"; did you mean {close[0]!r}?" if close else ""


def _either(known: tuple[str, ...]) -> str:
    return ", ".join(map(repr, known[:-1])) + f" or {known[-1]!r}"


def _start(value: Any) -> str:
    match value:
        case (type(), args, _) if not isinstance(args, tuple):
            return f"args must be a tuple, not {args!r}"
        case (type(), _, kwargs):
            return f"kwargs must be a mapping, not {kwargs!r}"
        case _:
            return f"actor_class must be a class of actors, not {value!r}"


def _one_of(key: str, known: tuple[str, ...]) -> Callable[[Any], str]:
    def said(value: Any) -> str:
        return f"{key} must be {_either(known)}, not {value!r}{nearest(value, known)}"

    return said


def _should_be(right: str, words: tuple[str, ...] = ()) -> Callable[[Any], str]:
    def said(value: Any) -> str:
        return f"{right}, not {value!r}{nearest(value, words)}"

    return said


_EXPLAIN: Final[Mapping[str, Callable[[Any], str]]] = {
    "invalid_mfa": _start,
    "invalid_restart_type": _one_of("restart", RESTARTS),
    "invalid_child_type": _one_of("type", CHILD_TYPES),
    "invalid_strategy": _one_of("strategy", STRATEGIES),
    "invalid_auto_shutdown": _one_of("auto_shutdown", AUTO_SHUTDOWNS),
    "invalid_id": _should_be("id must be a string that is not empty and has no '/'"),
    "invalid_shutdown": _should_be(
        "shutdown must be seconds (0 or more), 'infinity' or 'brutal_kill'", GRACE_WORDS
    ),
    "invalid_intensity": _should_be("intensity must be a whole number, 0 or more"),
    "invalid_period": _should_be("period must be whole seconds, 1 or more"),
    "invalid_backoff": _should_be("backoff must be one of tenacity's wait strategies"),
    "invalid_healthy_after": _should_be("healthy_after must be seconds, 0 or more"),
    "invalid_limit": _should_be("limit must be a Limit(intensity, period), 0 or more in 1 or more"),
    "invalid_on_limit": _one_of("on_limit", ON_LIMITS),
    "invalid_category": _should_be("category must be a string"),
    "invalid_depends_on": _should_be("depends_on must be a tuple of ids"),
    "invalid_soft_depends_on": _should_be("soft_depends_on must be a tuple of ids"),
    "invalid_ready_timeout": _should_be("ready_timeout must be seconds, 0 or more"),
    "invalid_start_timeout": _should_be("start_timeout must be seconds or None"),
    "invalid_progress_deadline": _should_be("progress_deadline must be seconds or None"),
    "invalid_health": _should_be("health must be a HealthCheck or None"),
    "invalid_isolation": _one_of("isolation", ISOLATIONS),
    "invalid_spares": _should_be("spares must be a whole number, 0 or more"),
    "unknown_dependency": lambda which: (
        f"{which[0]!r} depends on {which[1]!r}, which is none of its siblings"
        f"{nearest(which[1], which[2])}"
    ),
    "dependency_cycle": lambda ids: f"they depend on each other in a circle: {' → '.join(ids)}",
    "invalid_child_spec": _should_be("it must be a ChildSpec"),
    "duplicate_child_name": "there are two children with the id {!r}; ids must differ".format,
    "bad_combination": lambda _: (
        "a permanent child can't be significant: make it 'transient' or 'temporary'"
    ),
    "bad_start_spec": lambda specs: (
        f"a simple_one_for_one supervisor has exactly one spec, not {len(specs)}"
    ),
}
