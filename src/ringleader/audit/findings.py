"""From facts to findings: pure, and in an order that does not depend on chance."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ringleader.actors.events.errors import did_you_mean, nearest

from .cycles import example, in_cycles, shortest, step_order
from .model import Finding, Site

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator

    from .model import Emission, Facts, Handling, Read, Step


def findings(facts: Facts) -> list[Finding]:
    """Return all that does not fit, cycles apart."""
    emitted = _by_event(facts.emissions)
    handled = _by_event(facts.handlings)
    found = [
        *_types(facts, emitted, handled),
        *_set_fields(facts),
        *_read_fields(facts, emitted),
        *_spellings(facts),
        *(
            Finding("unreadable", "", f"{site.path}: {why}", (site,))
            for site, why in facts.unreadable.items()
        ),
    ]
    return sorted(found, key=order)


def order(finding: Finding) -> tuple[str, str, str, tuple[Site, ...]]:
    """Return what findings are sorted by."""
    return finding.kind, finding.event, finding.field, finding.sites


def _by_event(things: Iterable[Emission] | Iterable[Handling]) -> dict[str, list[Site]]:
    found: dict[str, list[Site]] = {}
    for thing in things:
        found.setdefault(thing.event, []).append(thing.site)
    return {event: sorted(set(sites)) for event, sites in found.items()}


def _types(
    facts: Facts, emitted: dict[str, list[Site]], handled: dict[str, list[Site]]
) -> Iterator[Finding]:
    for name, event in facts.events.items():
        made, taken = emitted.get(name, ()), handled.get(name, ())
        if not made and not taken:
            sites = () if event.site is None else (event.site,)
            if _is_about(sites, facts):
                yield Finding("unused", name, f"{name} is neither published nor handled", sites)
        elif not made and _is_about(taken, facts):
            yield Finding(
                "unpublished",
                name,
                f"{name} is handled, but nobody publishes it",
                tuple(taken),
                owners=tuple(sorted({h.where for h in facts.handlings if h.event == name})),
            )
        elif not taken and _is_about(made, facts):
            yield Finding(
                "unhandled",
                name,
                f"{name} is published, but nobody handles it",
                tuple(made),
                owners=tuple(sorted({e.where for e in facts.emissions if e.event == name})),
            )


def _set_fields(facts: Facts) -> Iterator[Finding]:
    """Find what publishers set that the type does not have, and what they leave out."""
    for emission in facts.emissions:
        event = facts.events[emission.event]
        if not _is_about((emission.site,), facts):
            continue
        for field in sorted(emission.fields - event.fields.keys()):
            near = did_you_mean(nearest(field, event.fields))
            what = f"{event.name} is given a field {field!r} that it does not have{near}"
            yield _at(emission, "unknown-field", what, field)
        missing = {f for f, default in event.fields.items() if default == "required"}
        for field in sorted(() if emission.open else missing - emission.fields):
            yield _at(emission, "missing-field", f"{event.name} is not given its {field!r}", field)


def _at(emission: Emission, kind: str, what: str, field: str) -> Finding:
    assert kind in {"unknown-field", "missing-field"}  # noqa: S101  # for type checkers
    return Finding(
        "unknown-field" if kind == "unknown-field" else "missing-field",
        emission.event,
        what,
        (emission.site,),
        field,
        (emission.where,),
    )


def _read_fields(facts: Facts, emitted: dict[str, list[Site]]) -> Iterator[Finding]:
    given = _given(facts)
    unset: dict[tuple[str, str], list[Read]] = {}
    for read in facts.reads:
        event = facts.events[read.event]
        if read.field not in event.fields:
            yield from _unknown(read, facts)
        elif not read.any_of and event.fields[read.field] == "nothing":
            fields = given.get(read.event)  # None: nobody publishes it, or it may be anything
            if fields is not None and read.field not in fields:
                unset.setdefault((read.event, read.field), []).append(read)
    for (name, field), reads in unset.items():
        places = tuple(sorted({read.site for read in reads}))
        owners = tuple(sorted({read.where for read in reads}))
        if _is_about((*places, *emitted[name]), facts):
            what = f"{name}.{field} is read by {', '.join(owners)}, but no publisher sets it"
            yield Finding("unset-field", name, what, places, field, owners)


def _given(facts: Facts) -> dict[str, set[str]]:
    """Return the fields that publishers set, of types of which all publishers can be read."""
    given: dict[str, set[str]] = {}
    for emission in facts.emissions:
        given.setdefault(emission.event, set()).update(emission.fields)
    for emission in facts.emissions:
        if emission.open:
            given.pop(emission.event, None)
    return given


def _unknown(read: Read, facts: Facts) -> Iterator[Finding]:
    """Tell of a field that a type does not have; of a handler of many, that none of them has."""
    options = read.any_of or (read.event,)
    is_known = any(read.field in facts.events[name].attributes for name in options)
    if is_known or read.event != options[0] or not _is_about((read.site,), facts):
        return
    event = facts.events[read.event]
    near = did_you_mean(nearest(read.field, event.fields))
    what = f"{read.where} reads {read.field!r}, which {event.name} does not have{near}"
    yield Finding("unknown-field", event.name, what, (read.site,), read.field, (read.where,))


def _spellings(facts: Facts) -> Iterator[Finding]:
    for spelling in facts.spellings:
        if _is_about((spelling.site,), facts):
            if spelling.kind == "alias":
                what = f"{spelling.name!r} is an old spelling: {spelling.advice}"
            else:
                advice = f": {spelling.advice}" if spelling.advice else ""
                what = f"{spelling.name!r} is not in the catalogue{advice}"
            event = spelling.event or spelling.name
            field = spelling.name if spelling.event else ""
            yield Finding(spelling.kind, event, what, (spelling.site,), field)


def _is_about(sites: Collection[Site], facts: Facts) -> bool:
    """Tell whether a finding is about what was asked for."""
    return any(site.path in facts.subject for site in sites)


# -------------------------------------------------------------------- cycles


def cycle_findings(facts: Facts, bounded: Collection[tuple[str, str]]) -> list[Finding]:
    """Return an example of each knot of cycles that is left when the bounded steps are taken out.

    Args:
        facts: what was read.
        bounded: by actor class (or function) and what it publishes, steps that can't be taken
            again and again.
    """
    left = [s for s in facts.steps if (s.source.owner, s.short) not in bounded]
    return [
        cycle_finding(example(knot), len({step.source for step in knot}))
        for knot in in_cycles(left)
        if _is_about([step.site for step in knot], facts)
    ]


def bounded_cycle(facts: Facts, owner: str, carries: str) -> Finding | None:
    """Return an example of the cycles that a bounded step is part of; None if it is in none.

    One with an event in it is preferred to one of messages only, which may be shorter.
    """
    for knot in in_cycles(facts.steps):
        through = {s for s in knot if (s.source.owner, s.short) == (owner, carries)}
        starts = sorted(through, key=step_order)
        starts += sorted((s for s in knot if through and s.is_event), key=step_order)
        cycles = [c for step in starts if through.intersection(c := shortest(knot, step))]
        if cycles and _is_about([step.site for step in knot], facts):
            best = min(cycles, key=lambda c: (not any(s.is_event for s in c), len(c)))
            return cycle_finding(best, len({step.source for step in knot}))
    return None


def cycle_finding(cycle: list[Step], handlers: int) -> Finding:
    """Describe a cycle."""
    way = " → ".join([*(f"{s.source.owner}: {s.short}" for s in cycle), cycle[0].source.owner])
    more = f" (one way through a knot of {handlers} handlers)" if handlers > len(cycle) else ""
    return Finding(
        "cycle",
        cycle[0].short,
        way + more,
        tuple(step.site for step in cycle),
        owners=tuple(dict.fromkeys(step.source.owner for step in cycle)),
    )
