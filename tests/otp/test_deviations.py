"""The deviations are narrow: what a rule does not name is still a difference."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.otp.comparing import Verdict, compare
from tests.otp.deviations import template_paths
from tests.otp.normal import line
from tests.otp.replay import playing
from tests.otp.stored import Golden, golden
from tests.otp.writing import SOFO, dyn, s, start, sup, w

ALL = golden("named")


def one(name: str) -> Golden:
    return next(pair for pair in ALL if pair.scenario["name"] == name)


def verdict(pair: Golden, trace: Any = None) -> Verdict:
    with playing() as play:
        return compare(pair.scenario, pair.trace if trace is None else line(trace), play)


@pytest.mark.parametrize(
    ("name", "rule"),
    [
        ("bad_start_child_specs", "modules"),
        ("stop_kills_supervisor_on_time", "36"),
        ("sofo_restart_ignore_quirk", "56 a"),
        ("sofo_retry_cancelled_count_quirk", "56 b"),
    ],
)
def test_each_rule_has_a_scenario_that_needs_it(name: str, rule: str) -> None:
    found = verdict(one(name))

    assert found.difference == ""
    assert found.rules == (rule,)


def test_all_other_scenarios_by_hand_need_no_rule() -> None:
    assert sum(bool(verdict(pair).rules) for pair in ALL) == 4


def test_who_is_orphaned_is_compared() -> None:
    pair = one("stop_kills_supervisor_on_time")
    trace = json.loads(pair.trace)
    trace["left_alive"] = ["root/a#1"]

    assert "left_alive" not in verdict(pair).difference
    assert ".orphans" in verdict(pair, trace).difference


def test_a_count_that_is_too_low_without_a_cancelled_retry_is_a_difference() -> None:
    pair = one("sofo_retry")
    trace = json.loads(pair.trace)
    trace["final"]["root"]["count"]["active"] -= 1

    found = verdict(pair, trace)

    assert found.difference == ".final.root.count.active: OTP 1, ours 2"


def test_a_count_that_is_too_low_by_two_after_one_cancelled_retry_is_a_difference() -> None:
    pair = one("sofo_retry_cancelled_count_quirk")
    trace = json.loads(pair.trace)
    trace["final"]["root"]["count"]["active"] -= 1

    assert ".count.active" in verdict(pair, trace).difference


def test_what_comes_before_an_ignored_restart_is_compared() -> None:
    pair = one("sofo_restart_ignore_quirk")
    trace = json.loads(pair.trace)
    trace["steps"][0]["result"] = "ok"

    assert verdict(pair, trace).difference.startswith(".steps[0].result")


def test_a_step_that_modules_do_not_make_fail_is_compared() -> None:
    pair = one("bad_start_child_specs")
    trace = json.loads(pair.trace)
    trace["steps"][0]["result"] = ["ok", "root/b#1"]

    assert verdict(pair, trace).difference.startswith(".steps[0].result")


def test_a_scenario_that_the_oracle_could_not_run_is_a_difference() -> None:
    trace = {"name": "start_order", "error": "timeout", "detail": "none"}

    assert verdict(one("start_order"), trace).difference != ""


def test_templates_are_found_wherever_they_are_declared() -> None:
    pool = sup(SOFO, [w("t")])
    tree = sup(children=[s("a", pool), s("b", sup(SOFO, [s("t", sup(children=[s("c", pool)]))]))])
    steps = [start(s("n", pool), "root"), dyn("d1", "root/b")]

    found = template_paths({"tree": tree, "steps": steps})

    assert sorted(found) == ["root/a", "root/b", "root/b/d1/c", "root/n"]


def test_who_lives_on_is_a_stranger_to_the_next_supervisor() -> None:
    pair = next(p for p in golden("found") if p.scenario["name"] == "random_320333_0")
    assert verdict(pair).rules == ("36",)

    trace = json.loads(pair.trace)
    trace["left_alive"] = []
    trace["steps"][1]["orphans"] = [["exit", "root/b/d1", 1, "killed"]]
    assert ".result" in verdict(pair, trace).difference
