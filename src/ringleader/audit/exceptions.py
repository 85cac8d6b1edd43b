"""What an audit does not complain about, and why: a list that shrinks."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Final, get_args

import msgspec

from ringleader.actors.errors import RingleaderError
from ringleader.actors.events.errors import did_you_mean, nearest

from .findings import bounded_cycle
from .model import NEVER_BY_GROUP, Finding, Kind

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from .model import EventInfo, Facts

OWN: Final = Path(__file__).with_name("exceptions.toml")
"""The list about ringleader itself."""


UNLISTED: Final[frozenset[Kind]] = frozenset({"stale", "unreadable", "idle"})
"""What is always a fault, and what never is by itself."""


class ExceptionsError(RingleaderError):
    """A list of exceptions can't be used; the message says where and why."""

    exit_code = 2


class Entry(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One or several findings that are no faults, for one reason.

    Attributes:
        kind: of the findings.
        reason: why they are none.
        types: the names of the event types.
        fields: of these types; none: whatever the field.
        modules: all types of these modules of the catalogue, in place of `types`.
        owners: for `cycle`: actor classes whose publishing of these types can't go on for ever.
    """

    kind: Kind
    reason: str
    types: tuple[str, ...] = ()
    fields: tuple[str, ...] = ()
    modules: tuple[str, ...] = ()
    owners: tuple[str, ...] = ()

    def keys(self) -> Iterator[tuple[str, str]]:
        """Return each thing that must still excuse something: a type or a module, and a field."""
        for name in (*self.types, *self.modules):
            for field in self.fields or ("",):
                yield name, field


class _File(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    exception: tuple[Entry, ...] = ()


def read(path: Path) -> tuple[Entry, ...]:
    """Read a list: a TOML file of `[[exception]]` tables.

    Raises:
        ExceptionsError: it can't be read, or an entry says too little or too much.
    """
    try:
        entries = msgspec.toml.decode(path.read_bytes(), type=_File).exception
    except OSError as error:
        raise ExceptionsError(f"{path} can't be read: {error.strerror or error}") from error
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise ExceptionsError(f"{path}: {error}") from error
    for number, entry in enumerate(entries, 1):
        problem = _problem(entry)
        if problem:
            raise ExceptionsError(f"{path}, exception {number} ({entry.kind}): {problem}")
    return entries


def _problem(entry: Entry) -> str:
    if not entry.reason.strip():
        return "it has no reason; say why it is no fault"
    if entry.kind in UNLISTED:
        kinds = ", ".join(k for k in get_args(Kind) if k not in UNLISTED)
        return f"no list speaks of this; the kinds that can be excused are {kinds}"
    if bool(entry.types) == bool(entry.modules):
        return "it needs either types or modules"
    if entry.modules and entry.kind in NEVER_BY_GROUP:
        return "this is excused by the names of types only, not by modules"
    if (entry.kind == "cycle") != bool(entry.owners):
        return "owners are for cycles, which need them: who publishes what can't go on for ever"
    return ""


def bounded(entries: Iterable[Entry]) -> set[tuple[str, str]]:
    """Return the steps that no cycle can take for ever: who publishes what."""
    return {
        (owner, name)
        for entry in entries
        if entry.kind == "cycle"
        for owner in entry.owners
        for name in entry.types
    }


def excuse(
    found: Iterable[Finding], entries: Iterable[Entry], events: Mapping[str, EventInfo]
) -> tuple[list[Finding], set[tuple[int, str, str]]]:
    """Return the findings, with the reasons why some are none; and what was of use.

    Args:
        found: all.
        entries: the list.
        events: the types, for their modules.
    """
    index: dict[tuple[str, str, str], tuple[int, Entry]] = {}
    for number, entry in enumerate(entries):
        for name, field in entry.keys():  # noqa: SIM118  # no mapping
            index.setdefault((entry.kind, name, field), (number, entry))
    used: set[tuple[int, str, str]] = set()
    judged: list[Finding] = []
    for finding in found:
        event = events.get(finding.event)
        names = [finding.event, *([] if event is None else [event.module])]
        keys = [(finding.kind, n, f) for n in names for f in dict.fromkeys((finding.field, ""))]
        hit = next(((key, index[key]) for key in keys if key in index), None)
        if hit is None:
            judged.append(finding)
            continue
        (_, name, field), (number, entry) = hit
        used.add((number, name, field))
        judged.append(replace(finding, excused=entry.reason))
    return judged, used


def excused_cycles(
    facts: Facts, entries: Iterable[Entry]
) -> tuple[list[Finding], set[tuple[int, str, str]]]:
    """Return an example of each cycle that a bounded step ends, and what was of use."""
    found: list[Finding] = []
    used: set[tuple[int, str, str]] = set()
    for number, entry in enumerate(entries):
        for owner, name in sorted(bounded([entry])):
            cycle = bounded_cycle(facts, owner, name)
            if cycle is not None:
                found.append(replace(cycle, excused=entry.reason))
                used.add((number, name, ""))
    return found, used


def stale(
    path: Path,
    entries: Iterable[Entry],
    used: set[tuple[int, str, str]],
    events: Mapping[str, EventInfo],
) -> list[Finding]:
    """Return what a list excuses that is not there: it would hide the next such fault."""
    found: list[Finding] = []
    known = {*events, *(event.module for event in events.values())}
    for number, entry in enumerate(entries):
        for name, field in entry.keys():  # noqa: SIM118  # no mapping
            if (number, name, field) not in used:
                near = "" if name in known else did_you_mean(nearest(name, known))
                about = f"{name}.{field}" if field else name
                excuses = f"{path.name} excuses {entry.kind} {about}"
                what = f"{excuses}, which is not found: take it out{near}"
                found.append(Finding("stale", name, what, (), field))
    return found
