"""Scenarios by hand: start, specs, and which exits are restarted."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.otp.writing import (
    COUNT,
    EVERY_END,
    WHICH,
    advance,
    api,
    crash,
    s,
    start,
    sup,
    w,
)

if TYPE_CHECKING:
    from tests.otp.writing import Add


def starting(add: Add) -> None:
    """Rules 1 to 8: order, failures, and `ignore`."""
    add(
        "start_order",
        "1 2",
        sup(children=[w("a"), s("m", sup(children=[w("x"), w("y")])), w("b")]),
        WHICH,
        COUNT,
    )
    add("start_empty", "1", sup(children=[]), WHICH, COUNT, start(w("a")))
    add("start_fails_midway", "3", sup(children=[w("a"), w("b"), w("c", starts=["error"]), w("d")]))
    add(
        "start_fails_nested",
        "3 4",
        sup(
            children=[
                w("a"),
                s("m", sup(children=[w("x"), w("y", starts=["error"]), w("z")])),
                w("b"),
            ]
        ),
    )
    add(
        "start_fails_temporary_too",
        "3",
        sup(children=[w("a"), w("t", "temporary", starts=["error"])]),
    )
    add(
        "start_fails_every_way",
        "7",
        sup(children=[w("z")]),
        *[
            start(w(k, starts=[v]))
            for k, v in [
                ("e", "error"),
                ("c", "crash"),
                ("r", "raise"),
                ("b", "bad_return"),
                ("f", ["refuse", "busy"]),
                ("x", ["extra", "info"]),
                ("i", "ignore"),
            ]
        ],
        WHICH,
    )
    add(
        "start_ignore",
        "5",
        sup(
            children=[
                w("p", starts=["ignore"]),
                w("t", "transient", starts=["ignore"]),
                w("q", "temporary", starts=["ignore"]),
                w("a"),
            ]
        ),
        WHICH,
        COUNT,
        api("restart_child", "p"),
        api("delete_child", "t"),
        api("delete_child", "q"),
        start(w("p")),
    )
    add(
        "start_ignore_then_ok",
        "5 39",
        sup(children=[w("p", starts=["ignore", "ok"])]),
        api("restart_child", "p"),
        COUNT,
    )
    add(
        "start_ignore_supervisor",
        "5",
        sup(children=[s("m", sup(children=[w("x")]), starts=["ignore", "ok"])]),
        COUNT,
        api("restart_child", "m"),
        COUNT,
    )


def bad_specs(add: Add) -> None:
    """Rules 6, 8, 42 and 47: what a spec and the flags may say."""
    abc = [w("a"), w("b"), w("c")]
    add("bad_spec_duplicate_id", "6", sup(children=[w("a"), w("a")]))
    add("bad_spec_restart", "6", sup(children=[w("a", "sometimes")]))
    add("bad_spec_shutdown", "6", sup(children=[w("a", shutdown=-1)]))
    add("bad_spec_type", "6", sup(children=[{"id": "a", "type": "gadget"}]))
    add("bad_flag_strategy", "6", sup("two_for_one", abc))
    add("bad_flag_intensity", "6", sup(children=abc, intensity=-1))
    add("bad_flag_period", "6", sup(children=abc, period=0))
    add("bad_flag_auto_shutdown", "6", sup(children=abc, auto_shutdown="sometimes"))
    add("bad_significant_never", "6 47", sup(children=[w("a", "transient", significant=True)]))
    add(
        "bad_significant_permanent",
        "6 47",
        sup(children=[w("a", significant=True)], auto_shutdown="any_significant"),
    )
    add(
        "bad_start_child_specs",
        "6",
        sup(children=[w("a")]),
        start(w("b", "sometimes")),
        start(w("b", shutdown="later")),
        start(w("b", "temporary", significant=True)),
        start({"id": "b", "start": None}),
        start(w("b", start="nowhere")),
        start(w("b", modules="abc")),
        start({"type": "worker"}),
        WHICH,
    )
    add(
        "check_childspecs",
        "42",
        sup(),
        {"op": "check_childspecs", "specs": [w("a"), w("b")]},
        {"op": "check_childspecs", "specs": [w("a"), w("a")]},
        {"op": "check_childspecs", "specs": [w("a", "never")]},
        {"op": "check_childspecs", "specs": [w("a", "transient", significant=True)]},
        {
            "op": "check_childspecs",
            "specs": [w("a", "transient", significant=True)],
            "auto_shutdown": "never",
        },
        {
            "op": "check_childspecs",
            "specs": [w("a", "transient", significant=True)],
            "auto_shutdown": "all_significant",
        },
        {
            "op": "check_childspecs",
            "specs": [w("a", significant=True)],
            "auto_shutdown": "all_significant",
        },
    )
    add(
        "defaults",
        "8",
        {
            "children": [
                {"id": "a"},
                {"id": "b"},
                {"id": "m", "type": "supervisor", "sup": {"children": [{"id": "x"}]}},
            ]
        },
        api("get_childspec", "a"),
        api("get_childspec", "m"),
        crash("a"),
        advance(5000),
        crash("b"),
    )


def exits(add: Add) -> None:
    """Rules 9 to 12: which exits are restarted."""
    for kind in ("permanent", "transient", "temporary"):
        add(
            f"restart_{kind}",
            "9 10 11 12",
            sup(children=[w(f"c{i}", kind) for i in range(5)], intensity=9),
            *[crash(f"c{i}", r) for i, r in enumerate(EVERY_END)],
            WHICH,
            COUNT,
            reports=True,
        )
    add(
        "transient_done_keeps_spec",
        "12 37 39 40",
        sup(children=[w("a", "transient"), w("b", "transient")]),
        crash("a", "normal"),
        crash("b", "normal"),
        COUNT,
        start(w("a")),
        api("restart_child", "a"),
        api("delete_child", "b"),
        WHICH,
    )
