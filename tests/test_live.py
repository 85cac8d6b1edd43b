"""What the live view shows, as text."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Any

import pytest
from rich.console import Console

from ringleader.joblines import JobLine
from ringleader.live import View, render, results, tree_line
from ringleader.snapshot import CellSnapshot, DeathLine, HoldLine
from ringleader.summary import EventSummary, IterationRow, IterationSummary, Summary

if TYPE_CHECKING:
    from rich.console import RenderableType

CELLS = (
    CellSnapshot(path="/system", actor="a:A", state="running", strategy="one_for_one"),
    CellSnapshot(path="/system/registry", actor="a:A", state="running"),
    CellSnapshot(path="/top", actor="a:A", state="running", strategy="rest_for_one"),
    CellSnapshot(path="/top/worker", actor="a:A", state="backoff", restarts=2, mailbox=7),
)
HELD = HoldLine(kind="hold", by="ada", why="", since=0.0)
PARKED = HoldLine(kind="quarantine", by="/top", why="", since=0.0, until=7200.0)
ROW = IterationRow(
    config_key="hex5_2p",
    iteration=1,
    stages={"selfplay": "done", "npz_export": "started"},
    facts=IterationSummary(games=300),
)
DONE = IterationRow(
    config_key="hex5_2p",
    iteration=2,
    stages={"selfplay": "done", "promotion": "done", "complete": "done"},
    facts=IterationSummary(games=1234, loss=1.25, win_rate_random=0.97, elo=1400, promoted=True),
    seconds=31.0,
)


def text(view: View, height: int = 24, width: int = 120) -> str:
    return printed(render(view, height), width)


def printed(what: RenderableType, width: int = 120) -> str:
    console = Console(width=width, file=io.StringIO())
    with console.capture() as capture:
        console.print(what)
    return capture.get()


def view(**fields: Any) -> View:
    everything: dict[str, Any] = {"node_id": "n1", "run": 3, "phase": "running", **fields}
    return View(**everything)


def test_the_head_says_where_the_node_is() -> None:
    head = text(view(rows=(ROW,), wanted=3, uptime=83.0, rate=412.4, deaths=2, restarts=5))
    assert "n1 run 3, iteration 1 of 3 running 1:23, 412 events/s, 2 deaths, 5 restarts" in head


def test_iterations_are_rows_with_their_stage() -> None:
    shown = text(view(rows=(ROW, DONE)))
    assert "●◐····" in shown
    assert "npz_export" in shown
    assert "1,234" in shown
    assert "97%" in shown
    assert "1400" in shown
    assert "yes" in shown
    assert "31 s" in shown


def test_the_config_key_has_a_column_where_there_are_several() -> None:
    other = IterationRow(config_key="other", iteration=1, stages={}, facts=IterationSummary())
    assert "hex5_2p" in text(view(rows=(ROW, other)))
    assert "hex5_2p" not in text(view(rows=(ROW,)))


def test_it_fits_into_a_small_terminal() -> None:
    cells = tuple(CellSnapshot(path=f"/top/w{n}", actor="a:A", state="running") for n in range(40))
    shown = text(view(rows=(ROW, DONE), cells=cells, hint="Ctrl-C stops"), height=23, width=80)
    assert len(shown.splitlines()) <= 23
    assert max(map(len, shown.splitlines())) <= 80
    assert "…" not in shown.splitlines()[3]


def test_a_failed_iteration_says_so() -> None:
    failed = IterationRow(
        config_key="k",
        iteration=1,
        stages={"selfplay": "failed"},
        facts=IterationSummary(),
        failures={"selfplay": "no"},
    )
    assert "✗····· failed" in text(view(rows=(failed,)))


def test_the_tree_shows_who_fares_badly_and_leaves_out_the_system() -> None:
    shown = text(view(cells=CELLS))
    assert "● top rest_for_one" in shown
    assert "worker backoff 2 restarts 7 waiting" in shown
    assert "registry" not in shown


@pytest.mark.parametrize(
    ("fields", "line"),
    [
        ({"state": "backoff", "left": 4.0}, "w backoff for 4 s"),
        ({"state": "held", "hold": HELD}, "w held by ada"),
        ({"state": "quarantined", "hold": PARKED, "left": 7200.0}, "w quarantined for 2 h"),
        ({"state": "waiting", "waits_for": "b"}, "w waiting for b"),
        ({"state": "running", "os_pid": 77}, "w running process 77"),
    ],
)
def test_a_line_of_the_tree_says_what_is_known_of_a_state(
    fields: dict[str, Any], line: str
) -> None:
    assert tree_line(CellSnapshot(path="/top/w", actor="a:A", **fields)).plain == line


def test_of_a_tree_that_is_too_long_those_who_fare_well_are_left_out() -> None:
    many = tuple(
        CellSnapshot(path=f"/top/w{n}", actor="a:A", state="down" if n == 40 else "running")
        for n in range(60)
    )
    shown = text(view(cells=(*CELLS, *many)), height=15)
    assert "w40 down" in shown
    assert "worker backoff" in shown
    assert "more" in shown
    assert len(shown.splitlines()) <= 15


def test_jobs_have_bars_and_deaths_a_line_each() -> None:
    shown = text(
        view(
            jobs=(
                JobLine(job_id="sp-1", done=4, total=10, unit="games", seconds=12.0),
                JobLine(job_id="sp-2"),
            ),
            last_deaths=(
                DeathLine(
                    path="/top/worker", cause="ValueError: x", decision="restarted", time=0.0
                ),
            ),
            hint="Ctrl-C stops",
        )
    )
    assert "sp-1" in shown
    assert " 40% 4/10 games 12 s" in shown
    assert "sp-2" in shown
    assert "worker died: ValueError: x → restarted" in shown
    assert "Ctrl-C stops" in shown


def test_the_table_at_the_end_has_all_iterations_and_what_became_of_events() -> None:
    summary = Summary(
        iterations=(ROW.facts, DONE.facts),
        deaths=(),
        restarts=4,
        events=EventSummary(
            published=10,
            deduplicated=1,
            deliveries=12,
            outcomes={"handled": 11, "failed": 1, "expired": 0},
            dead_letters=1,
        ),
        wall_seconds=83.2,
    )
    shown = printed(results([ROW, DONE], summary))
    assert "0 deaths, 4 restarts, 83 seconds" in shown
    assert "10 events, 1 of them duplicates; 12 deliveries: 11 handled, 1 failed; 1 dead" in shown
