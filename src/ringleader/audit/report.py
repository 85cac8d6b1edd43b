"""What an audit says: counts first, then what does not fit, each with its place."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Final

import msgspec

from .exceptions import OWN, bounded, excuse, excused_cycles, read, stale
from .findings import cycle_findings, findings, order
from .model import Kind

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from .model import Facts, Finding

HEADINGS: Final[dict[Kind, str]] = {
    "unreadable": "Files that can't be read",
    "unregistered": "Names that the catalogue does not know",
    "alias": "Old spellings",
    "unknown-field": "Fields that a type does not have",
    "missing-field": "Fields that a type demands, and a publisher does not set",
    "unset-field": "Fields that are read, and set by nobody",
    "unpublished": "Types that are handled, and published by nobody",
    "unhandled": "Types that are published, and handled by nobody",
    "cycle": "Cycles",
    "unused": "Types that nobody publishes or handles",
    "idle": "Subscriptions that never got anything",
    "stale": "Exceptions that excuse nothing",
}
"""In this order, the gravest first."""


class Reported(msgspec.Struct, frozen=True, kw_only=True):
    """A finding as JSON has it.

    Attributes:
        kind, event, field, what, owners: see `Finding`.
        sites: `path:line`.
        excused: the reason, for one that is no fault.
    """

    kind: Kind
    event: str
    field: str
    what: str
    sites: tuple[str, ...]
    owners: tuple[str, ...]
    excused: str


class Counts(msgspec.Struct, frozen=True, kw_only=True):
    """How much was looked at.

    Attributes:
        files: that the audit is about.
        types: of events that are known.
        published: of these, published somewhere.
        handled: of these, handled somewhere.
        emissions: places where an event is made.
        handlers: methods and functions that take events, one for each type.
        reads: readings of a field.
        opaque: places that publish under a name that only running them would tell.
        observers: subscriptions to all events; they count for no type.
        steps: from handler to handler.
    """

    files: int
    types: int
    published: int
    handled: int
    emissions: int
    handlers: int
    reads: int
    opaque: int
    observers: int
    steps: int


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """The result of an audit.

    Attributes:
        ok: whether there is nothing to mend.
        counts: how much was looked at.
        by_kind: how many findings of each kind there are, the excused ones apart.
        findings: what is to be mended.
        excused: what is none, with the reasons.
        node: the id of the running node that was asked; None if none was.
    """

    ok: bool
    counts: Counts
    by_kind: dict[str, int]
    findings: tuple[Reported, ...]
    excused: tuple[Reported, ...]
    node: str | None = None


def audit(
    facts: Facts,
    lists: Iterable[Path] = (OWN,),
    *,
    beside: Iterable[Finding] = (),
    node: str | None = None,
    strict: bool = False,
) -> Report:
    """Judge what was read.

    Args:
        facts: from `scan`.
        lists: files of exceptions. The one about ringleader itself is not held to excuse something
            when the audit is about other code.
        beside: findings of a running node.
        node: its id.
        strict: what is excused counts, too.

    Raises:
        ExceptionsError: a list can't be used.
    """
    files = [(path, read(path)) for path in lists]
    every = [entry for _, entries in files for entry in entries]
    found = [*findings(facts), *cycle_findings(facts, bounded(every)), *beside]
    judged: list[Finding] = []
    for path, entries in files:
        judged_now, used = excuse([f for f in found if not f.excused], entries, facts.events)
        cycles, of_use = excused_cycles(facts, entries)
        found = [*(f for f in found if f.excused), *judged_now]
        judged += cycles
        if path != OWN or facts.is_about_all:
            judged += stale(path, entries, used | of_use, facts.events)
    judged += found
    judged.sort(key=lambda f: (tuple(HEADINGS).index(f.kind), *order(f)[1:]))
    bad = tuple(reported(f) for f in judged if strict or not f.excused)
    return Report(
        ok=not bad,
        counts=_counts(facts),
        by_kind=dict(Counter(f.kind for f in bad)),
        findings=bad,
        excused=tuple(reported(f) for f in judged if f.excused and not strict),
        node=node,
    )


def reported(finding: Finding) -> Reported:
    """Return a finding as JSON has it."""
    return Reported(
        kind=finding.kind,
        event=finding.event,
        field=finding.field,
        what=finding.what,
        sites=tuple(str(site) for site in finding.sites),
        owners=finding.owners,
        excused=finding.excused,
    )


def _counts(facts: Facts) -> Counts:
    return Counts(
        files=facts.files,
        types=len(facts.events),
        published=len({e.event for e in facts.emissions}),
        handled=len({h.event for h in facts.handlings}),
        emissions=len(facts.emissions),
        handlers=len(facts.handlings),
        reads=len(facts.reads),
        opaque=len(facts.opaque),
        observers=len(facts.observers),
        steps=len(facts.steps),
    )


def lines(report: Report, *, verbose: bool = False) -> Iterator[str]:
    """Write a report for people; with `verbose` what is excused, too."""
    c = report.counts
    yield (
        f"{c.files} files: {c.types} event types, {c.published} published in {c.emissions} places, "
        f"{c.handled} handled in {c.handlers}; {c.reads} fields read"
    )
    if c.opaque:
        yield f"{c.opaque} places publish under a name that only running them would tell"
    if c.observers:
        yield f"{c.observers} subscriptions to all events, which count for no type"
    if report.node is not None:
        yield f"node {report.node} was asked what it saw"
    excused = Counter(f.kind for f in report.excused)
    told = ", ".join(f"{number} {kind}" for kind, number in sorted(excused.items()))
    number = len(report.findings)
    yield (
        f"{number or 'no'} {'finding' if number == 1 else 'findings'}"
        + (f"; excused: {told}" if told else "")
    )
    yield from _groups(report.findings)
    if verbose:
        yield from _groups(report.excused, "excused: ")


def _groups(found: Iterable[Reported], prefix: str = "") -> Iterator[str]:
    groups: dict[Kind, list[Reported]] = {}
    for finding in found:
        groups.setdefault(finding.kind, []).append(finding)
    for kind, heading in HEADINGS.items():
        if kind in groups:
            yield ""
            yield f"{prefix}{heading} ({kind}): {len(groups[kind])}"
            for finding in groups[kind]:
                yield from _finding(finding)


def _finding(finding: Reported) -> Iterator[str]:
    first, *rest = finding.sites or ("",)
    yield f"  {first}: {finding.what}" if first else f"  {finding.what}"
    for site in rest[:MOST_SITES]:
        yield f"    {site}"
    if len(rest) > MOST_SITES:
        yield f"    and {len(rest) - MOST_SITES} more places"
    if finding.excused:
        yield f"    no fault: {finding.excused}"


MOST_SITES: Final = 8
