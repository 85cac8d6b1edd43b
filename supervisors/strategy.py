"""The decisions of OTP's supervisor, as functions of values."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

from ringleader.actors.lifecycle import is_normal

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ringleader.actors.lifecycle import Reason

    from .spec import AutoShutdown, ChildSpec, Restart, Strategy

T = TypeVar("T")


def is_restarted(restart: Restart, reason: Reason) -> bool:
    """Tell whether an end is followed by a restart.

    OTP supervisor, *Restart type*: a permanent child always, a temporary one never, a transient
    one unless it ended with `normal`, `shutdown` or `(shutdown, _)`. `killed` is not normal.
    """
    return restart == "permanent" or (restart == "transient" and not is_normal(reason))


def group(strategy: Strategy, children: Sequence[T], failed: T) -> list[T]:
    """Return who is stopped and started along with `failed`, itself included, in start order.

    OTP supervisor, *Restart strategy*: `one_for_all` means all, `rest_for_one` those started
    after it, the others nobody else.
    """
    if strategy == "one_for_all":
        return list(children)
    if strategy == "rest_for_one":
        return list(children[children.index(failed) :])
    return [failed]


def is_expected_end(spec: ChildSpec, reason: Reason) -> bool:
    """Tell whether a child that was ordered to stop ended as it should; else it is reported.

    OTP supervisor, `shutdown_error`: expected is `shutdown`, or `killed` with `brutal_kill`; of
    a child that is not permanent also any normal end.
    """
    if spec.shutdown == "brutal_kill":
        if reason == "killed":
            return True
    elif reason == "shutdown":
        return True
    return spec.restart != "permanent" and is_normal(reason)


def ends_supervisor(
    auto_shutdown: AutoShutdown, *, significant: bool, significant_left: int
) -> bool:
    """Tell whether the end of a child that is not restarted ends its supervisor.

    OTP supervisor, *Automatic shutdown*: the end of `any_significant` child does, or that of the
    last one of `all_significant`.
    """
    if not significant or auto_shutdown == "never":
        return False
    return auto_shutdown == "any_significant" or significant_left == 0
