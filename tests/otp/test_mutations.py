"""A replay that could not fail would prove nothing: each broken rule must change some trace."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from ringleader.supervisors.family import Family
from ringleader.supervisors.inbox import Inbox
from ringleader.supervisors.intensity import Window
from ringleader.supervisors.strategy import ends_supervisor, group, is_expected_end, is_restarted
from tests.otp.comparing import compare
from tests.otp.replay import playing
from tests.otp.stored import golden

if TYPE_CHECKING:
    from collections.abc import Callable

    from ringleader.supervisors.child import Child

RESTARTS = "ringleader.supervisors.restarts"
FAMILY = "ringleader.supervisors.family"
INTENSITY = "ringleader.supervisors.intensity"
SAMPLE = golden("named")


def as_one_for_all(strategy: Any, children: Any, failed: Any) -> Any:
    return group("one_for_all" if strategy == "rest_for_one" else strategy, children, failed)


def without_those_after(strategy: Any, children: Any, failed: Any) -> Any:
    return group("one_for_one" if strategy == "rest_for_one" else strategy, children, failed)


def shutdown_is_abnormal(restart: Any, reason: Any) -> bool:
    return is_restarted(restart, "boom" if reason == "shutdown" else reason)


def killed_is_normal(restart: Any, reason: Any) -> bool:
    return is_restarted(restart, "normal" if reason == "killed" else reason)


def normal_is_unexpected(spec: Any, reason: Any) -> bool:
    return is_expected_end(spec, reason) and reason != "normal"


def any_for_all(auto_shutdown: Any, *, significant: bool, significant_left: int) -> bool:
    del significant_left
    return ends_supervisor(auto_shutdown, significant=significant, significant_left=0)


def exclusive_window(window: Window, now: float) -> Window:
    added = ADD(window, now)
    second = int(now // 1)
    return replace(added, restarts=tuple(at for at in added.restarts if at > second - added.period))


def window_of_fractions(window: Window, now: float) -> Window:
    recent = [at for at in window.restarts if at >= now - window.period]
    fraction: Any = now
    return replace(window, restarts=(*recent, fraction))


def one_restart_less(window: Window) -> bool:
    return len(window.restarts) >= window.intensity


def stop_in_start_order(family: Family, children: list[Child]) -> Any:
    return STOP(family, children[::-1])


def keep_temporary(family: Family, child: Child) -> Any:
    if child.spec.restart != "temporary":
        yield from REMOVE(family, child)


def nothing_consumed(inbox: Inbox, pid: Any) -> Any:
    found = TAKE_EXIT(inbox, pid)
    if found is not None:
        inbox.put(found, None)
    return found


ADD, STOP, REMOVE, TAKE_EXIT = Window.add, Family.stop, Family.remove, Inbox.take_exit

MUTATIONS: dict[str, Any] = {
    f"{RESTARTS}.group": (as_one_for_all, without_those_after),
    f"{RESTARTS}.is_restarted": (shutdown_is_abnormal, killed_is_normal),
    f"{RESTARTS}.ends_supervisor": (any_for_all,),
    f"{FAMILY}.is_expected_end": (normal_is_unexpected,),
    f"{FAMILY}.Family.stop": (stop_in_start_order,),
    f"{FAMILY}.Family.remove": (keep_temporary,),
    f"{INTENSITY}.Window.add": (exclusive_window, window_of_fractions),
    f"{INTENSITY}.Window.exceeded": (property(one_restart_less),),
}
CASES = [(target, broken) for target, all_of_it in MUTATIONS.items() for broken in all_of_it]


def different() -> int:
    """Count the traces of the sample that are not OTP's."""
    with playing() as play:
        return sum(bool(compare(scenario, trace, play).difference) for scenario, trace in SAMPLE)


def name_of(case: Any) -> str:
    function: Callable[..., Any] = getattr(case, "fget", case)
    return getattr(function, "__name__", str(case))


def test_nothing_differs_while_nothing_is_broken() -> None:
    assert different() == 0


@pytest.mark.parametrize(("target", "broken"), CASES, ids=name_of)
def test_a_broken_rule_is_noticed(
    target: str, broken: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(target, broken)
    assert different() > 0
