"""Scenarios by hand: restarts that fail."""

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


def retrying(add: Add) -> None:
    """Rules 28 to 31."""
    add(
        "retry_until_ok",
        "28",
        sup(children=[w("a"), w("b", starts=["ok", "error", "crash", "ok"])], intensity=3),
        crash("b"),
        WHICH,
        crash("a"),
        reports=True,
    )
    add(
        "retry_exhausts",
        "28 24",
        sup(children=[w("a"), w("b", starts=["ok", "error"]), w("c")], intensity=3),
        crash("b"),
        reports=True,
    )
    add(
        "retry_nested",
        "28 25",
        sup(
            children=[
                s("m", sup(children=[w("x", starts=["ok", "error", "error", "ok"])], intensity=1))
            ],
            intensity=1,
        ),
        crash("m/x"),
    )
    add(
        "retry_nested_fails_at_start",
        "3 28",
        sup(
            children=[
                w("a"),
                s(
                    "m",
                    sup(
                        children=[w("x", starts=["ok", "error", "error", "error", "ok"])],
                        intensity=0,
                    ),
                ),
            ],
            intensity=3,
        ),
        crash("m/x"),
    )
    for strategy in ("one_for_all", "rest_for_one"):
        add(
            f"retry_{strategy}_later_fails",
            "29",
            sup(
                strategy,
                [w("a"), w("b"), w("c", starts=["ok", "error", "ok"]), w("d")],
                intensity=2,
            ),
            crash("b"),
            WHICH,
            crash("a"),
            reports=True,
        )
        add(
            f"retry_{strategy}_self_fails",
            "29",
            sup(strategy, [w("a"), w("b", starts=["ok", "error", "ok"]), w("c")], intensity=2),
            crash("b"),
            WHICH,
        )
        add(
            f"retry_{strategy}_exhausts",
            "29 24",
            sup(strategy, [w("a"), w("b"), w("c", starts=["ok", "error"]), w("d")], intensity=2),
            crash("b"),
        )
        add(
            f"retry_{strategy}_seen_between",
            "29 31",
            sup(
                strategy,
                [w("a"), w("b"), w("c", starts=["ok", "error", "ok"]), w("d")],
                intensity=3,
            ),
            batch(
                crash("b"),
                WHICH,
                COUNT,
                api("restart_child", "c"),
                api("restart_child", "d"),
                api("terminate_child", "c"),
            ),
            WHICH,
            crash("a"),
            WHICH,
        )
    add(
        "retry_ignore_ends_it",
        "30",
        sup(children=[w("a", starts=["ok", "ignore", "ok"]), w("b")], intensity=1),
        crash("a"),
        COUNT,
        api("restart_child", "a"),
        COUNT,
    )
    add(
        "retry_group_ignore",
        "30",
        sup("one_for_all", [w("a"), w("b", starts=["ok", "ignore", "ok"])]),
        crash("a"),
        COUNT,
        crash("a"),
        COUNT,
    )
    bad = [w("a", starts=["ok", "error", "ok"]), w("b")]
    add(
        "restarting_seen",
        "31",
        sup(children=bad, intensity=5),
        batch(
            crash("a"),
            WHICH,
            COUNT,
            api("restart_child", "a"),
            api("delete_child", "a"),
            start(w("a")),
            api("get_childspec", "a"),
        ),
        WHICH,
    )
    add(
        "restarting_terminate_cancels",
        "31",
        sup(children=bad, intensity=5),
        batch(crash("a"), api("terminate_child", "a"), WHICH),
        COUNT,
        api("restart_child", "a"),
        WHICH,
    )
    add(
        "restarting_terminate_delete",
        "31",
        sup(children=bad, intensity=5),
        batch(crash("a"), api("terminate_child", "a"), api("delete_child", "a"), start(w("a"))),
        WHICH,
    )
    add(
        "dies_right_after_start",
        "1 21",
        sup(
            children=[w("a", starts=[["die", "boom"], ["die", "boom"], "ok"]), w("b")], intensity=2
        ),
        WHICH,
        crash("b"),
    )
    add(
        "dies_right_after_start_for_ever",
        "24",
        sup(children=[w("a", starts=[["die", "boom"]]), w("b")], intensity=3),
    )
    add(
        "dies_right_after_start_all",
        "14 24",
        sup(
            "one_for_all",
            [w("a", starts=[["die", "boom"], ["die", "boom"], "ok"]), w("b")],
            intensity=2,
        ),
        WHICH,
    )
