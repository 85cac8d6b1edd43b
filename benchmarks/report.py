"""Results for people (a table) and for programs (JSON)."""

from __future__ import annotations

import os
import platform
import sys
from importlib.metadata import version

import msgspec
from rich.box import SIMPLE_HEAD
from rich.table import Table

from .measure import Effort, Result

THOUSAND, MILLION = 1e3, 1e6


class Environment(msgspec.Struct, frozen=True, kw_only=True):
    """Where the figures were taken."""

    python: str
    implementation: str
    platform: str
    cpu_count: int | None
    switch_interval: float
    """Seconds after which CPython lets another thread run."""
    versions: dict[str, str]


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """A whole run."""

    environment: Environment
    effort: Effort
    cases: list[Result]


def environment() -> Environment:
    """Describe this machine and what is installed."""
    return Environment(
        python=platform.python_version(),
        implementation=platform.python_implementation(),
        platform=platform.platform(),
        cpu_count=os.cpu_count(),
        switch_interval=sys.getswitchinterval(),
        versions={name: version(name) for name in ("ringleader", "pykka", "msgspec")},
    )


def as_json(report: Report) -> str:
    """Write the report for programs."""
    return msgspec.json.format(msgspec.json.encode(report), indent=2).decode()


def as_table(report: Report) -> Table:
    """Lay the report out for people."""
    where = report.environment
    machine = f"{where.implementation} {where.python}, {where.cpu_count} CPUs"
    title = f"{machine}, medians of {report.effort.rounds} rounds"
    table = Table(
        title=title, title_justify="left", box=SIMPLE_HEAD, pad_edge=False, padding=(0, 1, 0, 0)
    )
    table.add_column("case", no_wrap=True)
    table.add_column("unit", no_wrap=True)
    for heading in ("stock", "ringleader", "ratio", "min-max", "target"):
        table.add_column(heading, justify="right", no_wrap=True)
    for result in report.cases:
        table.add_row(
            result.name,
            result.unit,
            short(result.stock.median),
            short(result.ringleader.median),
            f"{result.ratio.median:.3g}",
            f"{result.ratio.min:.3g}-{result.ratio.max:.3g}",
            _target(result),
        )
    return table


def short(figure: float) -> str:
    """Write three digits and a unit: 453 k."""
    if figure >= MILLION:
        return f"{figure / MILLION:.3g} M"
    if figure >= THOUSAND:
        return f"{figure / THOUSAND:.3g} k"
    return f"{figure:.3g}"


def _target(result: Result) -> str:
    if result.target is None:
        return ""
    colour, word = ("green", "ok") if result.reached else ("red", "low")
    return f"{result.target:g} [{colour}]{word}[/]"
