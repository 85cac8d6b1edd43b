"""Scenarios by hand: strategies, intensity, escalation, and restarts that fail."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.otp.writing import (
    COUNT,
    WHICH,
    advance,
    api,
    batch,
    crash,
    s,
    start,
    sup,
    w,
)

if TYPE_CHECKING:
    from tests.otp.writing import Add


def strategies(add: Add) -> None:
    """Rules 13 to 20."""
    abc = [w("a"), w("b"), w("c")]
    for strategy in ("one_for_one", "one_for_all", "rest_for_one"):
        for victim in "abc":
            add(f"{strategy}_{victim}", "13 14 15", sup(strategy, abc), crash(victim), WHICH)
    for strategy in ("one_for_all", "rest_for_one"):
        mixed = [
            w("a"),
            w("t", "temporary"),
            w("n", "transient"),
            w("p"),
            w("u", "temporary"),
            w("z", "transient"),
        ]
        add(
            f"{strategy}_drops_temporary",
            "16",
            sup(strategy, mixed, intensity=9),
            crash("n"),
            COUNT,
            crash("a"),
            WHICH,
        )
        add(
            f"{strategy}_revives_stopped",
            "17",
            sup(strategy, mixed, intensity=9),
            crash("z", "normal"),
            api("terminate_child", "p"),
            COUNT,
            crash("n"),
            WHICH,
        )
        add(
            f"{strategy}_no_group_action",
            "18",
            sup(strategy, mixed, intensity=0),
            crash("t"),
            crash("n", "normal"),
            crash("u", "normal"),
            crash("z", ["shutdown", "x"]),
            WHICH,
        )
        add(
            f"{strategy}_added_child_is_last",
            "14 15 37",
            sup(strategy, [w("a"), w("b")]),
            start(w("c")),
            crash("b"),
            crash("a"),
            WHICH,
        )
        add(
            f"{strategy}_two_die_together",
            "19",
            sup(strategy, abc, intensity=1),
            batch(crash("c"), crash("a"), COUNT),
            WHICH,
            crash("b"),
            reports=True,
        )
        add(
            f"{strategy}_two_die_together_other_order",
            "19",
            sup(strategy, abc, intensity=1),
            batch(crash("a"), crash("c")),
            WHICH,
            reports=True,
        )
        add(
            f"{strategy}_temporary_and_permanent_together",
            "16 19",
            sup(strategy, [w("t", "temporary"), w("a"), w("b", "transient")], intensity=1),
            batch(crash("t"), crash("b", "normal"), crash("a")),
            WHICH,
        )
    add(
        "one_for_one_two_die_together",
        "19 23",
        sup(children=abc, intensity=1),
        batch(crash("c"), crash("a")),
    )
    add(
        "restarted_in_place_keeps_order",
        "41 15",
        sup("rest_for_one", abc, intensity=9),
        crash("a"),
        api("terminate_child", "a"),
        api("restart_child", "a"),
        WHICH,
        crash("b"),
        api("delete_child", "c"),
        api("terminate_child", "c"),
        api("delete_child", "c"),
        start(w("c")),
        WHICH,
    )
    add(
        "stranger_exit_signals",
        "20",
        sup(children=[w("a", trap_exit=True), w("b"), s("m", sup(children=[w("x")]))]),
        {"op": "exit_signal", "path": "root/m", "reason": "boom"},
        {"op": "exit_signal", "path": "root/m", "reason": "shutdown"},
        {"op": "exit_signal", "path": "root/m", "reason": "normal"},
        {"op": "exit_signal", "path": "root/a", "reason": "boom"},
        {"op": "exit_signal", "path": "root/b", "reason": "normal"},
        {"op": "exit_signal", "path": "root/b", "reason": "boom"},
    )


def intensity(add: Add) -> None:
    """Rules 21 to 24 and 27."""
    abc = [w("a"), w("b"), w("c")]
    for i in range(4):
        add(
            f"intensity_{i}",
            "21 24",
            sup(children=[w("a"), w("b"), w("c")], intensity=i),
            *[crash("b")] * 4,
            COUNT,
            reports=True,
        )
    add(
        "intensity_shared_by_children",
        "23",
        sup(children=abc, intensity=2),
        crash("a"),
        crash("b"),
        crash("c"),
    )
    add(
        "intensity_group_counts_once",
        "23",
        sup("one_for_all", abc, intensity=2),
        crash("a"),
        crash("a"),
        crash("a"),
    )
    add(
        "intensity_window_inclusive",
        "22",
        sup(children=[w("a")], intensity=1, period=1),
        crash("a"),
        advance(1500),
        crash("a"),
    )
    add(
        "intensity_window_just_over",
        "22",
        sup(children=[w("a")], intensity=1, period=1),
        crash("a"),
        advance(2000),
        crash("a"),
    )
    add(
        "intensity_window_whole_seconds",
        "22",
        sup(children=[w("a")], intensity=1, period=1),
        advance(500),
        crash("a"),
        advance(1500),
        crash("a"),
    )
    add(
        "intensity_window_slides",
        "22",
        sup(children=[w("a")], intensity=2, period=2),
        crash("a"),
        advance(1000),
        crash("a"),
        advance(2000),
        crash("a"),
        advance(1000),
        crash("a"),
        crash("a"),
    )
    add(
        "intensity_not_api",
        "27",
        sup(children=[w("a")], intensity=0),
        api("terminate_child", "a"),
        api("restart_child", "a"),
        api("terminate_child", "a"),
        api("restart_child", "a"),
        start(w("b")),
        crash("a"),
    )
    add(
        "intensity_ignores_unrestarted",
        "21",
        sup(children=[w("a", "temporary"), w("b", "transient"), w("c")], intensity=0),
        crash("a"),
        crash("b", "normal"),
        crash("c"),
    )


def escalation(add: Add) -> None:
    """Rules 24 to 26."""
    inner = sup(children=[w("x"), w("y")], intensity=1)
    for kind in ("permanent", "transient", "temporary"):
        add(
            f"escalate_{kind}_supervisor",
            "25",
            sup(children=[w("a"), s("m", inner, kind), w("b")], intensity=1),
            crash("m/x"),
            crash("m/x"),
            WHICH,
            reports=True,
        )
    add(
        "escalate_to_root",
        "24 25",
        sup(
            children=[
                w("a"),
                s("m", sup(children=[s("n", sup(children=[w("x")], intensity=0))], intensity=0)),
            ],
            intensity=0,
        ),
        crash("m/n/x"),
    )
    add(
        "escalate_forgets",
        "26",
        sup(
            children=[
                s(
                    "m",
                    sup(children=[w("x"), w("y", "temporary"), w("z", "transient")], intensity=1),
                )
            ]
        ),
        start(w("new"), sup="root/m"),
        crash("m/z", "normal"),
        crash("m/y"),
        crash("m/x"),
        crash("m/x"),
        crash("m/x"),
        WHICH,
    )
    add(
        "escalate_one_for_all",
        "14 25",
        sup("one_for_all", [w("a"), s("m", sup(children=[w("x")], intensity=0)), w("b")]),
        crash("m/x"),
    )
    add(
        "escalate_rest_for_one",
        "15 25",
        sup("rest_for_one", [w("a"), s("m", sup(children=[w("x")], intensity=0)), w("b")]),
        crash("m/x"),
    )
