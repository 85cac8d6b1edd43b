"""The live view of a node, and the table at its end: values in, renderables out."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

from msgspec import Struct
from rich import box
from rich.console import Group
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from ringleader.actors.journal import STAGES

from .durations import in_words
from .joblines import JobLine
from .snapshot import CellSnapshot, DeathLine, one_line
from .summary import DeathSummary, IterationRow, Summary

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rich.console import RenderableType

COLORS: Final = {
    "running": "green",
    "starting": "cyan",
    "stopping": "cyan",
    "restarting": "yellow",
    "backoff": "yellow",
    "waiting": "yellow",
    "held": "magenta",
    "quarantined": "red",
    "down": "red",
}
_MARKS: Final = {"done": "●", "started": "◐", "failed": "✗"}
_ROWS: Final = 6
_DEATHS: Final = 5
_LISTED: Final = 50
_CAUSE: Final = 60
_BAR: Final = 16


class View(Struct, frozen=True, kw_only=True):
    """All that the live view shows at one moment.

    Attributes:
        phase: what the node is at: `starting`, `running`, `stopping`.
        uptime: seconds.
        rate: events per second.
        wanted: iterations that there are to be; 0 for no end.
        deaths: how many there were, and the last ones.
        hint: what the person can do.
    """

    node_id: str
    run: int
    phase: str
    uptime: float = 0.0
    rate: float = 0.0
    published: int = 0
    restarts: int = 0
    wanted: int = 0
    rows: tuple[IterationRow, ...] = ()
    jobs: tuple[JobLine, ...] = ()
    cells: tuple[CellSnapshot, ...] = ()
    deaths: int = 0
    last_deaths: tuple[DeathLine, ...] = ()
    hint: str = ""


def render(view: View, height: int) -> RenderableType:
    """Draw the view into at most `height` lines; of the tree, what does not fit is left out."""
    rows, deaths = view.rows[-_ROWS:], _deaths(view.last_deaths[-_DEATHS:])
    used = 1 + (len(rows) + 4) + len(deaths) + 1
    body = Table.grid(padding=(0, 3))
    body.add_row(_tree(view.cells, max(3, height - used)), _jobs(view.jobs))
    hint = Text(view.hint, style="dim", no_wrap=True)
    return Group(_head(view), _iterations(rows), body, *deaths, hint)


def tree_line(cell: CellSnapshot, *, terse: bool = False) -> Text:
    """Say in one line who lives at a place, and how; tersely, what goes without saying is not."""
    line = Text(cell.name, style="bold" if cell.strategy else "", no_wrap=True, overflow="ellipsis")
    if terse and cell.state == "running":
        line = Text.assemble(("● ", "green"), line)
    else:
        line.append(f" {cell.state}{_more(cell)}", COLORS[cell.state])
    if cell.strategy is not None:
        line.append(f" {cell.strategy}", "dim")
    if cell.restarts:
        line.append(f" {cell.restarts} restart{'s' if cell.restarts > 1 else ''}", "yellow")
    if cell.mailbox:
        line.append(f" {cell.mailbox} waiting", "cyan")
    if cell.os_pid is not None:
        line.append(f" process {cell.os_pid}", "dim")
    return line


def _more(cell: CellSnapshot) -> str:
    """Say how long a state lasts, or whose it is, where that is known."""
    by = f" by {cell.hold.by}" if cell.hold is not None and cell.hold.kind == "hold" else ""
    left = "" if cell.left is None else f" for {in_words(cell.left)}"
    whom = "" if cell.waits_for is None else f" for {cell.waits_for}"
    return f"{by}{left}{whom}"


def results(rows: Sequence[IterationRow], summary: Summary) -> RenderableType:
    """Draw the table at the end, and what became of actors and events."""
    events = summary.events
    outcomes = ", ".join(f"{n} {name}" for name, n in events.outcomes.items() if n)
    facts = [
        (
            f"{len(summary.deaths)} deaths, {summary.restarts} restarts, "
            f"{summary.wall_seconds:.0f} seconds"
        ),
        (
            f"{events.published} events, {events.deduplicated} of them duplicates; "
            f"{events.deliveries} deliveries: {outcomes or 'none'}; "
            f"{events.dead_letters} dead letters"
        ),
    ]
    died = [] if not summary.deaths else [_dead(summary.deaths)]
    return Group(_iterations(rows), *died, *(Text(fact) for fact in facts))


def _dead(deaths: Sequence[DeathSummary]) -> Table:
    """List who died, of what, and what was done; of very many the last ones."""
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, show_edge=False)
    for heading in ("died", "of", "and was"):
        table.add_column(heading, overflow="fold")
    left_out = len(deaths) - _LISTED
    if left_out > 0:
        table.add_row(f"… {left_out} more", "", "")
    for death in deaths[-_LISTED:]:
        table.add_row(death.path, one_line(death.cause, _CAUSE), death.decision)
    table.add_section()
    return table


def _head(view: View) -> Text:
    wanted = f" of {view.wanted}" if view.wanted else ""
    current = max((row.iteration for row in view.rows), default=0)
    minutes, seconds = divmod(int(view.uptime), 60)
    return Text.assemble(
        (view.node_id, "bold cyan"),
        f" run {view.run}, iteration {current}{wanted} ",
        (view.phase, COLORS.get(view.phase, "")),
        f" {minutes}:{seconds:02}, {view.rate:.0f} events/s, ",
        (f"{view.deaths} deaths, {view.restarts} restarts", "yellow" if view.deaths else "dim"),
        no_wrap=True,
        overflow="ellipsis",
    )


def _iterations(rows: Sequence[IterationRow]) -> Table:
    several = len({row.config_key for row in rows}) > 1
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, collapse_padding=True)
    if several:
        table.add_column("config")
    table.add_column("#", justify="right")
    table.add_column("stage", no_wrap=True)
    for name in ("games", "samples", "loss", "random", "first", "Elo"):
        table.add_column(name, justify="right")
    table.add_column("promoted")
    for row in rows:
        key = (row.config_key,) if several else ()
        table.add_row(*key, str(row.iteration), _stage(row), *_facts(row))
    return table


def _facts(row: IterationRow) -> list[str]:
    facts = row.facts
    return [
        _cell(facts.games, ",d"),
        _cell(facts.samples, ",d"),
        _cell(facts.loss, ".3f"),
        _cell(facts.win_rate_random, ".0%"),
        _cell(facts.win_rate_first, ".0%"),
        _cell(facts.elo, ".0f"),
        "yes" if facts.promoted else "no" if "promotion" in row.stages else "",
    ]


def _stage(row: IterationRow) -> Text:
    marks = "".join(_MARKS.get(row.stages.get(stage, ""), "·") for stage in STAGES[:-1])
    if row.failures:
        return Text.assemble(marks, " ", ("failed", "red"))
    if row.is_complete:
        took = "" if row.seconds is None else f" {row.seconds:.0f} s"
        return Text.assemble((marks, "green"), took)
    return Text.assemble(marks, " ", (row.stage, "cyan"))


def _jobs(jobs: Sequence[JobLine]) -> Table:
    table = Table.grid(padding=(0, 1))
    for job in jobs:
        bar = ProgressBar(total=1.0, completed=job.share, width=_BAR)
        said = f"{job.done}/{job.total} {job.unit}" if job.total else ""
        seconds = Text(f"{said} {job.seconds:.0f} s", style="dim", no_wrap=True)
        table.add_row(Text(job.job_id, no_wrap=True), bar, f"{job.share:4.0%}", seconds)
    return table


def _deaths(deaths: Sequence[DeathLine]) -> list[Text]:
    return [
        Text.assemble(
            (_time(death.time), "dim"),
            f" {death.path.rpartition('/')[2]} died: ",
            (death.cause, "yellow"),
            (f" → {death.decision}", "dim"),
            no_wrap=True,
            overflow="ellipsis",
        )
        for death in deaths
    ]


def _tree(cells: Sequence[CellSnapshot], lines: int) -> Text:
    """Draw the tree; where it is too long, those who fare well are left out first."""
    own = [cell for cell in cells if not cell.path.startswith("/system")]
    shown = own
    if len(own) > lines:
        kept = {cell.path for cell in sorted(own, key=_dullness)[: lines - 1]}
        shown = [cell for cell in own if cell.path in kept]
    text = Text("\n", no_wrap=True, overflow="ellipsis").join(
        Text("  " * cell.depth).append_text(tree_line(cell, terse=True)) for cell in shown
    )
    if len(shown) < len(own):
        text.append(f"\n… and {len(own) - len(shown)} more", "dim")
    return text


def _dullness(cell: CellSnapshot) -> tuple[bool, bool, int]:
    return (cell.state == "running", cell.strategy is None, -cell.restarts)


def _cell(value: float | None, form: str) -> str:
    return "" if value is None else f"{value:{form}}"


def _time(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).astimezone().strftime("%H:%M:%S")
