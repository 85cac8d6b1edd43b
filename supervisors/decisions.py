"""A supervisor's decisions in words, for people."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .plan import Decided, Verdict
from .problems import explain

if TYPE_CHECKING:
    from .spec import Flags


def describe(reason: Any) -> str:
    """Say why something ended, in one line."""
    match reason:
        case BaseException():
            said = str(reason).partition("\n")[0]
            return f"{type(reason).__name__}: {said}" if said else type(reason).__name__
        case ("shutdown", ("failed_to_start_child", child_id, inner)):
            return f"its child {child_id!r} did not start: {describe(inner)}"
        case ("supervisor_data" | "start_spec" | "bad_start_spec", _):
            return explain(reason)
        case _:
            return reason if isinstance(reason, str) else repr(reason)


def words(decided: Decided, flags: Flags) -> str:
    """Say what was decided, as a report of a death has it.

    `restarted`, `restarted with 3 siblings in 5 s`, `retrying`, `left down`, `removed`,
    `gave up: intensity 10 in 60 s exceeded`, ...
    """
    said = decided.verdict.value
    if decided.verdict is Verdict.GAVE_UP:
        return f"{said}: intensity {flags.intensity} in {flags.period} s exceeded"
    if decided.siblings:
        said += f" with {decided.siblings} sibling" + ("s" if decided.siblings > 1 else "")
    if decided.after > 0.0:
        said += f" in {decided.after:.3g} s"
    if decided.ends_supervisor:
        said += f"; its supervisor shuts down ({flags.auto_shutdown})"
    return said
