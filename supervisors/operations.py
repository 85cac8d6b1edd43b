"""Plans for what operators do: their word stands above the rules of supervision."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ringleader.actors.holds import Hold

from . import management
from .plan import Regroup

if TYPE_CHECKING:
    from ringleader.actors.holds import HoldKind

    from .calls import HoldChild
    from .child import Child
    from .family import Family
    from .plan import Plan
    from .spec import Term


def hold_child(family: Family, call: HoldChild) -> Plan[Term]:
    """Stop a child and keep it down: `"ok"`, or `("error", "not_found")`.

    No supervisor starts it again, not with its group and not after a restart of the node. One
    that is in quarantine gets the new hold; a quarantine does not take the place of a hold, which
    only an operator lifts: `("error", ("held", hold))`. A temporary child is stopped, and is gone.
    """
    child = family.children.get(call.name)
    if child is None:
        return ("error", "not_found")
    if child.hold is not None and child.hold.kind == "hold" and call.kind == "quarantine":
        return ("error", ("held", child.hold))
    if child.spec.restart == "temporary":
        yield from family.stop_one(child)
        yield from family.drop(child)
        return "ok"
    yield from _stop(family, child)
    now = family.policy.wall()
    hold = Hold(
        path=f"{family.policy.path}/{call.name}",
        kind=call.kind,
        by=call.by,
        why=call.why,
        since=now,
        until=None if call.release_after is None else now + call.release_after,
        times=child.quarantines,
    )
    yield from family.park(child, hold)
    return "ok"


def release_child(family: Family, name: str, only: HoldKind | None = None) -> Plan[Term]:
    """Take the hold or the quarantine off a child, and start it if it is down.

    Answers as OTP's `restart_child`: if the start fails the child is down, and not held. A hold
    of another kind than `only` stays: `("error", ("held", hold))`.
    """
    child = family.children.get(name)
    if child is None:
        return ("error", "not_found")
    if child.hold is not None and only is not None and child.hold.kind != only:
        return ("error", ("held", child.hold))
    if child.hold is not None:
        yield from family.lift(child)
    elif child.running:
        return ("error", "running")
    else:
        yield from _stop(family, child)  # void a restart that waits
    return (yield from _start(family, child))


def renew_child(family: Family, name: str) -> Plan[Term]:
    """Stop a child and start it again; that counts as no failure.

    Answers as OTP's `restart_child`, or `("error", ("held", hold))`.
    """
    child = family.children.get(name)
    if child is None:
        return ("error", "not_found")
    if child.hold is not None:
        return ("error", ("held", child.hold))
    yield from _stop(family, child)
    return (yield from _start(family, child))


def _stop(family: Family, child: Child) -> Plan[None]:
    """Stop it; if it was to be restarted, those who were down for that don't wait any longer."""
    if child.restarting:
        yield Regroup(child)
    yield from family.stop_one(child)


def _start(family: Family, child: Child) -> Plan[Term]:
    if not family.is_free(child) and (yield from family.is_kept_down(child)):
        return management.kept_down(child)
    family.clear(child)
    return (yield from management.start_down(family, child))
