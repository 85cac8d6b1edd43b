"""Erlang's terms as JSON, both ways."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ringleader.actors.incarnation import Incarnation
from ringleader.supervisors.spec import ChildSpec

if TYPE_CHECKING:
    from collections.abc import Callable

    from ringleader.actors.lifecycle import Reason
    from ringleader.supervisors.management import Row


def reason_of(x: Any) -> Reason:
    """Read a reason: lists are tuples."""
    match x:
        case [*items]:
            return tuple(reason_of(item) for item in items)
        case _:
            return x


def term(x: Any, label: Callable[[Incarnation], str]) -> Any:
    """Write an answer or a reason as the oracle does; `label` writes a pid."""
    match x:
        case ("ok", None):
            return ["ok", "undefined"]
        case ("bad_start_spec", specs):
            return ["bad_start_spec", [_as_given(spec) for spec in specs]]
        case ("error", (reason, ChildSpec() as spec)):
            return ["error", [term(reason, label), ["child", spec.id]]]
        case [*items]:
            return [term(item, label) for item in items]
        case _:
            return _plain(x, label)


def _plain(x: Any, label: Callable[[Incarnation], str]) -> Any:
    match x:
        case Incarnation():
            return label(x)
        case ChildSpec():
            return _spec(x)
        case float():
            return _ms(x)
        case _:
            return x


def rows(children: list[Row], number: Callable[[Incarnation], int]) -> list[list[Any]]:
    """Write the answer to `which_children`; children of a template are sorted by name."""
    out: list[list[Any]] = []
    for child_id, state, kind in children:
        if isinstance(state, Incarnation):
            name = child_id or state.path.rpartition("/")[2]
            out.append([name, f"up#{number(state)}", kind])
        else:
            out.append([child_id or "?", state or "undefined", kind])
    of_template = bool(children) and children[0][0] is None
    return sorted(out) if of_template else out


def _spec(spec: ChildSpec) -> dict[str, Any]:
    return {
        "id": spec.id,
        "restart": spec.restart,
        "shutdown": spec.shutdown if isinstance(spec.shutdown, str) else _ms(spec.shutdown),
        "significant": spec.significant,
        "type": spec.type,
    }


def _ms(seconds: float) -> int:
    return round(seconds * 1000)


def _as_given(spec: ChildSpec) -> dict[str, Any]:
    """Return the keys that the scenario gave: OTP answers the whole list, as it was."""
    given = spec.args[1]
    keys = ("id", "restart", "significant", "shutdown", "type")
    return {key: given[key] for key in keys if key in given}
