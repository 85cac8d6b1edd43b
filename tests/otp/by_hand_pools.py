"""Scenarios by hand: automatic shutdown, and children of a template."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tests.otp.writing import (
    COUNT,
    EVERY_END,
    SOFO,
    WHICH,
    api,
    batch,
    crash,
    dyn,
    on_dyn,
    s,
    sup,
    w,
)

if TYPE_CHECKING:
    from tests.otp.writing import Add, Tree


def automatic_shutdown(add: Add) -> None:
    """Rules 44 to 50."""
    sig = {"significant": True}
    trio = [w("a", "transient", **sig), w("b", "temporary", **sig), w("c"), w("d", "transient")]
    add(
        "auto_any_transient_normal",
        "44",
        sup(children=trio, auto_shutdown="any_significant"),
        crash("a", "normal"),
        reports=True,
    )
    add(
        "auto_any_temporary_boom",
        "44",
        sup(children=trio, auto_shutdown="any_significant"),
        crash("b"),
        reports=True,
    )
    add(
        "auto_any_not",
        "44 46 48",
        sup(children=trio, auto_shutdown="any_significant", intensity=9),
        crash("a"),
        crash("d", "normal"),
        crash("c", "normal"),
        api("terminate_child", "a"),
        api("terminate_child", "b"),
        WHICH,
    )
    add(
        "auto_all",
        "45",
        sup(children=trio, auto_shutdown="all_significant"),
        crash("a", "normal"),
        WHICH,
        crash("b"),
    )
    add(
        "auto_all_terminated_do_not_count",
        "45 46 49",
        sup(children=trio, auto_shutdown="all_significant"),
        api("terminate_child", "b"),
        crash("a", "normal"),
    )
    add(
        "auto_all_terminate_last_does_not_trigger",
        "46",
        sup(children=trio, auto_shutdown="all_significant"),
        crash("a", "normal"),
        api("terminate_child", "b"),
        WHICH,
        crash("d", "normal"),
    )
    add(
        "auto_all_ignored_do_not_count",
        "49",
        sup(
            children=[w("a", "transient", starts=["ignore"], **sig), w("b", "transient", **sig)],
            auto_shutdown="all_significant",
        ),
        crash("b", "normal"),
    )
    add(
        "auto_group_restart_revives",
        "17 46",
        sup(
            "one_for_all",
            [w("a", "transient", **sig), w("b", "transient", **sig), w("c")],
            auto_shutdown="all_significant",
        ),
        crash("a", "normal"),
        crash("c"),
        crash("a", "normal"),
        crash("b", "normal"),
    )
    add(
        "auto_group_drop_does_not_trigger",
        "16 46",
        sup("one_for_all", [w("a", "temporary", **sig), w("c")], auto_shutdown="any_significant"),
        crash("c"),
        WHICH,
    )
    for kind in ("permanent", "transient", "temporary"):
        inner = sup(children=[w("x", "transient", **sig), w("y")], auto_shutdown="any_significant")
        add(
            f"auto_seen_by_parent_{kind}",
            "50",
            sup(children=[w("a"), s("m", inner, kind)]),
            crash("m/x", "normal"),
            WHICH,
        )
    add(
        "auto_chain",
        "50",
        sup(
            children=[
                s(
                    "m",
                    sup(children=[w("x", "transient", **sig)], auto_shutdown="any_significant"),
                    "transient",
                    **sig,
                ),
                w("a"),
            ],
            auto_shutdown="any_significant",
        ),
        crash("m/x", "normal"),
    )
    add(
        "auto_significant_supervisor_exhausted",
        "50 25",
        sup(
            children=[s("m", sup(children=[w("x")], intensity=0), "transient", **sig), w("a")],
            auto_shutdown="any_significant",
        ),
        crash("m/x"),
    )
    add(
        "auto_restart_fails_is_not_exit",
        "48",
        sup(
            children=[w("a", "transient", starts=["ok", "error", "ok"], **sig), w("b")],
            auto_shutdown="any_significant",
        ),
        crash("a"),
        WHICH,
    )
    add(
        "auto_restart_ignored_is_not_exit",
        "48 49",
        sup(
            children=[
                w("a", "transient", starts=["ok", "ignore"], **sig),
                w("b", "temporary", **sig),
            ],
            auto_shutdown="all_significant",
        ),
        crash("a"),
        WHICH,
        crash("b"),
    )


def pool(
    restart: str = "permanent",
    intensity: int = 3,
    template: dict[str, Any] | None = None,
    **more: Any,
) -> Tree:
    """Return a supervisor with a template."""
    return sup(SOFO, [w("t", restart, **(template or {}))], intensity, **more)


def pools(add: Add) -> None:
    """Rules 51 to 56."""
    sig = {"significant": True}

    add(
        "sofo_basic",
        "51 55",
        pool(),
        WHICH,
        COUNT,
        dyn("d1"),
        dyn("d2"),
        dyn("d3"),
        crash("d2"),
        WHICH,
        COUNT,
    )
    add("sofo_no_template", "51", sup(SOFO, []))
    add("sofo_two_templates", "51", sup(SOFO, [w("t"), w("u")]))
    add(
        "sofo_start_results",
        "51",
        pool(),
        dyn("d1", starts=["ignore"]),
        dyn("d2", starts=["error"]),
        dyn("d3", starts=["raise"]),
        dyn("d4", starts=[["extra", "info"]]),
        dyn("d5", starts=["bad_return"]),
        WHICH,
        COUNT,
    )
    add(
        "sofo_calls",
        "52",
        pool(),
        dyn("d1"),
        dyn("d2"),
        api("terminate_child", "t"),
        api("restart_child", "t"),
        api("delete_child", "t"),
        api("get_childspec", "t"),
        on_dyn("get_childspec", "d1"),
        on_dyn("terminate_child", "d1"),
        on_dyn("terminate_child", "d1"),
        on_dyn("restart_child", "d1"),
        on_dyn("delete_child", "d1"),
        on_dyn("get_childspec", "d1"),
        COUNT,
    )
    for kind in ("permanent", "transient", "temporary"):
        add(
            f"sofo_restart_{kind}",
            "53",
            pool(kind, 9),
            *[dyn(f"d{i}") for i in range(5)],
            *[crash(f"d{i}", r) for i, r in enumerate(EVERY_END)],
            WHICH,
            COUNT,
        )
    add(
        "sofo_intensity",
        "53 54",
        pool("permanent", 1),
        dyn("d1"),
        dyn("d2"),
        dyn("d3"),
        crash("d1"),
        crash("d2"),
    )
    add(
        "sofo_retry",
        "53",
        pool("permanent", 3),
        dyn("d1", starts=["ok", "error", "ok"]),
        dyn("d2"),
        batch(crash("d1"), WHICH, COUNT),
        WHICH,
        COUNT,
    )
    add(
        "sofo_retry_exhausts",
        "53 54",
        pool("permanent", 2),
        dyn("d1", starts=["ok", "error"]),
        dyn("d2"),
        crash("d1"),
        reports=True,
    )
    add(
        "sofo_retry_cancelled_count_quirk",
        "56",
        pool("permanent", 3),
        dyn("d1", starts=["ok", "error", "ok"]),
        dyn("d2"),
        batch(crash("d1"), on_dyn("terminate_child", "d1"), WHICH, COUNT),
        WHICH,
        COUNT,
    )
    add(
        "sofo_restart_ignore_quirk",
        "56",
        pool("permanent", 3),
        dyn("d1", starts=["ok", "ignore"]),
        dyn("d2"),
        crash("d1"),
        WHICH,
        COUNT,
    )
    add(
        "sofo_stop_ways",
        "54",
        sup(SOFO, [w("t", shutdown=60)]),
        dyn("d1"),
        dyn("d2", on_shutdown="hang"),
        dyn("d3", on_shutdown=["delay", 10]),
        dyn("d4", on_shutdown=["exit", "boom"]),
        dyn("d5", on_shutdown="hang"),
        {"op": "stop"},
        reports=True,
    )
    add(
        "sofo_stop_brutal",
        "54",
        pool(template={"shutdown": "brutal_kill"}),
        dyn("d1"),
        dyn("d2", on_shutdown="hang"),
        {"op": "stop"},
    )
    add(
        "sofo_of_supervisors",
        "51 54 55",
        sup(SOFO, [s("t", sup("one_for_all", [w("x"), w("y")], intensity=0))], intensity=2),
        dyn("d1"),
        dyn("d2"),
        COUNT,
        crash("d1/x"),
        WHICH,
        {"op": "stop"},
    )
    add(
        "sofo_nested",
        "26 51",
        sup(children=[w("a"), s("pool", pool("transient", 1)), w("b")]),
        dyn("d1", "root/pool"),
        dyn("d2", "root/pool"),
        crash("pool/d1"),
        crash("pool/d2"),
        api("which_children", sup="root/pool"),
        dyn("d3", "root/pool"),
    )
    add(
        "sofo_auto_all",
        "45 51",
        sup(SOFO, [w("t", "temporary", **sig)], auto_shutdown="all_significant"),
        dyn("d1"),
        dyn("d2"),
        crash("d1"),
        crash("d2", "normal"),
    )
    add(
        "sofo_auto_any",
        "44 51",
        sup(SOFO, [w("t", "transient", **sig)], auto_shutdown="any_significant"),
        dyn("d1"),
        dyn("d2"),
        crash("d1"),
        crash("d2", "normal"),
    )
