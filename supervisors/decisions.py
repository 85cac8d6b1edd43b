"""A supervisor's decisions in words, for people."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from ringleader.actors import reasons
from ringleader.actors.letters import Decision

from .plan import Decided, Verdict
from .problems import explain

if TYPE_CHECKING:
    from collections.abc import Mapping

    from .spec import Flags, Restart

_FOR_GOOD: Final = (Verdict.GAVE_UP, Verdict.QUARANTINED)
_LEFT: Final = (Verdict.LEFT_DOWN, Verdict.REMOVED)
_ENDS: Final[Mapping[Restart, str]] = {
    "permanent": "after every end",
    "transient": "after an end that is not normal",
    "temporary": "never",
}
_RULES: Final[Mapping[Verdict, str]] = {
    Verdict.RETRYING: "a restart that fails is tried again, and each try counts",
    Verdict.GAVE_UP: "one restart too many ends the supervisor",
    Verdict.QUARANTINED: "one restart too many of a child parks this child (on_limit)",
    Verdict.START_ENDED: "a supervisor starts with all its children, or not at all",
    Verdict.CALLER_TOLD: "whoever asks for a start hears of its failure; it is not tried again",
    Verdict.WAS_STOPPING: "it was being stopped, and ended otherwise than it should",
}


def describe(reason: Any) -> str:
    """Say why something ended, in one line."""
    match reason:
        case BaseException():
            return reasons.describe(reason).partition("\n")[0]
        case ("shutdown", ("failed_to_start_child", child_id, inner)):
            return f"its child {child_id!r} did not start: {describe(inner)}"
        case ("supervisor_data" | "start_spec" | "bad_start_spec", _):
            return explain(reason)
        case _:
            return reason if isinstance(reason, str) else repr(reason)


def decision(decided: Decided, flags: Flags) -> Decision:
    """Say what was decided, by which rule, and what is left of the budget."""
    left = None if decided.window is None else decided.window.left
    return Decision(words(decided, flags), rule(decided, flags), left)


def rule(decided: Decided, flags: Flags) -> str:
    """Name the rule that a decision comes from."""
    restart = decided.child.spec.restart
    if decided.verdict is Verdict.RESTARTED:
        return f"a {restart} child is restarted {_ENDS[restart]}; {flags.strategy}"
    if decided.verdict in _LEFT:
        return f"a {restart} child is restarted {_ENDS[restart]}"
    return _RULES[decided.verdict]


def words(decided: Decided, flags: Flags) -> str:
    """Say what was decided, as a report of a death has it.

    `restarted`, `restarted with 3 siblings in 5 s`, `retrying`, `left down`, `removed`,
    `gave up: intensity 10 in 60 s exceeded`, ...
    """
    said, window = decided.verdict.value, decided.window
    if decided.verdict in _FOR_GOOD:
        if window is None:
            limit = decided.cause or f"intensity {flags.intensity} in {flags.period} s exceeded"
        else:
            limit = f"intensity {window.intensity} in {window.period} s exceeded"
        return f"{said}: {limit}"
    if decided.siblings:
        said += f" with {decided.siblings} sibling" + ("s" if decided.siblings > 1 else "")
    if decided.after > 0.0:
        said += f" in {decided.after:.3g} s"
        if decided.cause:
            said += f" ({decided.cause})"
    if decided.ends_supervisor:
        said += f"; its supervisor shuts down ({flags.auto_shutdown})"
    return said
