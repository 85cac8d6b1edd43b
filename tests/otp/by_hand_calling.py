"""Scenarios by hand: stopping, and calls."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.otp.writing import (
    COUNT,
    WHICH,
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


def stopping(add: Add) -> None:
    """Rules 32 to 36."""
    abc = [w("a"), w("b"), w("c")]
    add(
        "stop_order_nested",
        "32",
        sup(
            children=[
                w("a"),
                s("m", sup(children=[w("x"), w("y")])),
                w("b", "temporary"),
                s("n", sup("one_for_all", [w("u"), w("v")])),
            ]
        ),
        {"op": "stop"},
    )
    add(
        "stop_ways",
        "33",
        sup(
            children=[
                w("plain"),
                w("trap", trap_exit=True),
                w("brutal", shutdown="brutal_kill"),
                w("hang", shutdown=30, on_shutdown="hang"),
                w("slow", shutdown=2000, on_shutdown=["delay", 20]),
                w("too_slow", shutdown=20, on_shutdown=["delay", 500]),
                w("inf", shutdown="infinity", on_shutdown=["delay", 20]),
                w("zero", shutdown=0, on_shutdown="hang"),
            ]
        ),
        {"op": "stop"},
        reports=True,
    )
    for kind in ("permanent", "transient", "temporary"):
        add(
            f"stop_other_reason_{kind}",
            "34",
            sup(
                children=[
                    w("a", kind),
                    w("n", kind, on_shutdown=["exit", "normal"]),
                    w("s", kind, on_shutdown=["exit", ["shutdown", "x"]]),
                    w("b", kind, on_shutdown=["exit", "boom"]),
                    w("z"),
                ]
            ),
            {"op": "stop"},
            reports=True,
        )
    add(
        "stop_kills_supervisor_on_time",
        "33 36",
        sup(
            children=[
                w("a"),
                s("m", sup(children=[w("x", on_shutdown="hang", shutdown=2000)]), shutdown=30),
            ]
        ),
        api("terminate_child", "m"),
        COUNT,
        final_stop=True,
    )
    add("stop_reason_passes", "35", sup(children=abc), {"op": "stop", "reason": "boom"})
    add("stop_reason_normal", "35", sup(children=abc), {"op": "stop", "reason": "normal"})
    add(
        "stop_sup_from_outside",
        "35",
        sup(
            children=[
                s("m", sup(children=[w("x"), w("y")])),
                s("t", sup(children=[w("x")]), "transient"),
            ],
            intensity=2,
        ),
        {"op": "stop_sup", "path": "root/m", "reason": "normal"},
        {"op": "stop_sup", "path": "root/t", "reason": "shutdown"},
        {"op": "stop_sup", "path": "root/m", "reason": "boom"},
        COUNT,
    )
    add(
        "kill_supervisor",
        "36",
        sup(
            children=[
                w("a"),
                s(
                    "m",
                    sup(
                        children=[
                            w("x"),
                            w("y", trap_exit=True),
                            s("n", sup(children=[w("u"), w("v")])),
                        ]
                    ),
                ),
                w("b"),
            ]
        ),
        crash("m", "kill"),
        WHICH,
    )
    add("kill_root", "36", sup(children=abc), crash("", "kill"), COUNT)


def calling(add: Add) -> None:
    """Rules 37 to 43."""
    abc = [w("a"), w("b"), w("c")]
    add(
        "call_start_child",
        "37",
        sup(children=[w("a")]),
        start(w("b")),
        start(w("b")),
        start(w("a")),
        api("terminate_child", "a"),
        start(w("a")),
        start(w("c", starts=["error"])),
        start(w("c")),
        start(w("i", starts=["ignore"])),
        start(w("i")),
        start(w("j", "temporary", starts=["ignore"])),
        start(w("j", "temporary")),
        start(s("m", sup(children=[w("x"), w("y", starts=["error"])]))),
        start(s("m", sup(children=[w("x"), w("y")]))),
        WHICH,
        COUNT,
    )
    add(
        "call_terminate_child",
        "38",
        sup(children=[w("a"), w("t", "temporary"), w("n", "transient")], intensity=0),
        api("terminate_child", "a"),
        api("terminate_child", "a"),
        api("terminate_child", "t"),
        api("terminate_child", "t"),
        api("terminate_child", "n"),
        api("terminate_child", "nobody"),
        WHICH,
        COUNT,
    )
    add(
        "call_restart_child",
        "39",
        sup(children=[w("a", starts=["ok", "error", "crash", "ok"]), w("b")], intensity=0),
        api("restart_child", "a"),
        api("terminate_child", "a"),
        api("restart_child", "a"),
        api("restart_child", "a"),
        COUNT,
        api("restart_child", "a"),
        api("restart_child", "no"),
        COUNT,
    )
    add(
        "call_delete_child",
        "40",
        sup(children=[w("a"), w("b")]),
        api("delete_child", "a"),
        api("terminate_child", "a"),
        api("delete_child", "a"),
        api("delete_child", "a"),
        api("restart_child", "a"),
        api("delete_child", "nobody"),
        start(w("a")),
        WHICH,
    )
    add(
        "call_counts",
        "41",
        sup(
            children=[
                w("a"),
                w("b", "transient"),
                s("m", sup(children=[w("x")])),
                s("n", sup(), "temporary"),
                w("i", starts=["ignore"]),
            ]
        ),
        WHICH,
        COUNT,
        crash("b", "normal"),
        COUNT,
        api("terminate_child", "m"),
        COUNT,
        api("terminate_child", "n"),
        COUNT,
        WHICH,
    )
    add("call_count_sees_dead", "41", sup(children=abc), batch(WHICH, COUNT, crash("a"), WHICH))
    add(
        "call_terminate_races_crash",
        "38 20",
        sup(children=abc, intensity=0),
        batch(api("terminate_child", "a"), crash("a")),
        WHICH,
        COUNT,
        reports=True,
    )
    add(
        "call_get_childspec",
        "42",
        sup(
            children=[w("a", "transient", shutdown=100, significant=True), s("m", sup())],
            auto_shutdown="all_significant",
        ),
        api("get_childspec", "a"),
        api("get_childspec", "m"),
        api("get_childspec", "no"),
    )
    add(
        "call_on_dead_supervisor",
        "43",
        sup(children=[w("a")], intensity=0),
        crash("a"),
        WHICH,
        COUNT,
        start(w("b")),
        api("terminate_child", "a"),
        api("restart_child", "a"),
        api("delete_child", "a"),
        api("get_childspec", "a"),
    )
