"""What a soak test has seen: samples over time, findings, and the table of both."""

from __future__ import annotations

from dataclasses import dataclass
from statistics import median
from typing import TYPE_CHECKING

from rich.console import Group
from rich.table import Table
from rich.text import Text

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from ringleader.actors.letters import Outcome

WARM = 10.0
"""Seconds after which nothing may grow."""

MEMORY_SLACK, MEMORY_KEPT = 0.10, 4_000_000
"""What memory may vary by, and bytes for what is kept on purpose: the last 1,000 deaths and dead
letters, and the stacks of threads that hang."""

COUNT_SLACK = 4
"""Threads, files and children come and go with restarts that are under way."""


@dataclass(frozen=True, slots=True)
class Sample:
    """What was there at a moment: bytes of memory, and counts."""

    second: float
    memory: int
    threads: int
    files: int
    children: int
    zombies: int


@dataclass(frozen=True, slots=True)
class Finding:
    """Something that must hold, whether it did, and figures."""

    what: str
    is_right: bool
    detail: str = ""


def judge(samples: Sequence[Sample]) -> list[Finding]:
    """Compare the samples around second 10 with the last ones; too short a run is not judged."""
    warm = [sample for sample in samples if WARM <= sample.second < WARM + 5]
    late = list(samples[-5:])
    if not warm or late[0].second <= warm[-1].second:
        return []
    found: list[Finding] = []
    for name, slack in (("memory", None), ("threads", COUNT_SLACK), ("files", COUNT_SLACK)):
        before = median(getattr(sample, name) for sample in warm)
        after = median(getattr(sample, name) for sample in late)
        is_memory = slack is None
        allowed = before * (1 + MEMORY_SLACK) + MEMORY_KEPT if is_memory else before + slack
        unit, by = (" MB", 1e6) if is_memory else ("", 1)
        detail = f"{before / by:,.0f}{unit} at second 10, {after / by:,.0f}{unit} at the end"
        found.append(Finding(f"{name} did not grow", after <= allowed, detail))
    # A process is one for the moment between its end and its being reaped; a leak stays one.
    zombies = min(sample.zombies for sample in late)
    return [*found, Finding("no zombies", zombies == 0, f"{zombies} at the end")]


def table(
    samples: Sequence[Sample],
    troubles: Mapping[str, int],
    published: int,
    outcomes: Mapping[Outcome, int],
    findings: Sequence[Finding],
) -> Group:
    """Return all that was seen, for a person."""
    course = Table("second", "memory MB", "threads", "files", "processes", "zombies")
    every = max(1, len(samples) // 8)
    for sample in samples[::every]:
        figures = (sample.threads, sample.files, sample.children, sample.zombies)
        course.add_row(
            f"{sample.second:.0f}", f"{sample.memory / 1e6:.0f}", *(str(f) for f in figures)
        )
    verdict = Table("what must hold", "does it", "figures")
    for finding in findings:
        yes = Text("yes", "green") if finding.is_right else Text("NO", "bold red")
        verdict.add_row(finding.what, yes, finding.detail)
    happened = ", ".join(f"{what} {number}" for what, number in sorted(troubles.items()))
    became = ", ".join(f"{outcome} {number:,}" for outcome, number in outcomes.items() if number)
    return Group(
        course,
        f"{published:,} events; their deliveries: {became}",
        f"troubles: {happened}",
        verdict,
    )
