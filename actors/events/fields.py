"""Old spellings of payload fields, for payloads that come as plain mappings.

Typed events have one name per thing. What clients, the command line and older senders write is
translated here: other names of a field, times as text, words in capitals, and the bookkeeping
that belongs into the envelope.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from datetime import UTC, datetime
from re import compile as pattern
from typing import TYPE_CHECKING, Any, TypeGuard

import msgspec

from .errors import EventValidationError
from .scales import PressureLevel, Priority
from .shown import ascii_only, shown

if TYPE_CHECKING:
    from .base import Event

_COUNTS = ("count", "new_games", "games", "games_generated", "games_played")

#: Spelling -> fields that it may mean; the first one that the type has is meant. A spelling that
#: is itself a field of the type is left alone.
FIELD_ALIASES: Mapping[str, tuple[str, ...]] = {
    "config": ("config_key",),
    "config_id": ("config_key",),
    "host": ("node_id",),
    "hostname": ("node_id",),
    "host_id": ("node_id",),
    "node": ("node_id",),
    "node_name": ("node_id",),
    "source_host": ("source_node",),
    "target_host": ("target_node",),
    "target_hosts": ("target_nodes",),
    **{name: tuple(other for other in _COUNTS if other != name) for name in _COUNTS},
    "all_weights": ("new_weights",),
    "bytes_reclaimed": ("bytes_freed",),
    "bytes_transferred": ("bytes_synced",),
    "delta": ("elo_change",),
    "detected_leaders": ("leaders_seen",),
    "duration": ("duration_seconds",),
    "duration_seconds": ("duration",),
    "elo": ("new_elo",),
    "elo_gain": ("elo_improvement",),
    "elo_improvement": ("elo_gain",),
    "epoch": ("epochs_completed",),
    "epochs": ("epochs_completed",),
    "estimated_elo": ("elo",),
    "final_train_loss": ("train_loss",),
    "message": ("error",),
    "model": ("model_id",),
    "new_elo": ("elo",),
    "new_penalty": ("penalty",),
    "new_score": ("quality_score",),
    "parameter": ("param_name",),
    "total_games_validated": ("total_games_checked",),
    "trigger_reason": ("reason",),
    "weight": ("new_weight",),
    "weights": ("new_weights",),
}

_ISO_TIME = pattern(r"\d{4}-\d{2}-\d{2}([T ].*)?")
_LONGEST_SOURCE = 1024
_PLAIN = (str, int, float, bytes)


class FieldPlan(msgspec.Struct, frozen=True):
    """What translation needs to know of an event type's fields.

    Attributes:
        names: all of them.
        floats: those that are numbers, and may have come as an ISO-8601 time.
        scales: those that are words of an ordered scale.
    """

    names: frozenset[str]
    floats: frozenset[str]
    scales: Mapping[str, type[Priority | PressureLevel]]


class Translation(msgspec.Struct, frozen=True, kw_only=True):
    """A payload in the catalogue's spelling, and what it said besides.

    Attributes:
        payload: the fields; names that the type does not have are still in it.
        source: the publisher, if the payload named one.
        time: when it happened (seconds UTC), if the payload said so.
        renamed: the old spellings that were met, for counting.
    """

    payload: dict[str, Any]
    source: str | None = None
    time: float | None = None
    renamed: tuple[str, ...] = ()


def plan_fields(event_class: type[Event]) -> FieldPlan:
    """Work out the plan of a type; worth keeping."""
    floats: set[str] = set()
    scales: dict[str, type[Priority | PressureLevel]] = {}
    for field in msgspec.structs.fields(event_class):
        choices = getattr(field.type, "__args__", (field.type,))
        if float in choices:
            floats.add(field.name)
        for scale in (Priority, PressureLevel):
            if scale in choices:
                scales[field.name] = scale
    return FieldPlan(frozenset(event_class.__struct_fields__), frozenset(floats), scales)


def seconds(value: object) -> object:
    """Turn an ISO-8601 time into seconds UTC (no offset: UTC); leave anything else as it is."""
    if not isinstance(value, str) or not _ISO_TIME.fullmatch(value):
        return value
    try:
        moment = datetime.fromisoformat(value)
    except ValueError:
        return value
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return moment.timestamp()


def source_in(payload: Mapping[str, Any]) -> str | None:
    """Return the publisher that a payload names; None if it names none, or one that is no name."""
    source = payload.get("source")
    return source if _is_name(source) else None


def time_in(payload: Mapping[str, Any]) -> float | None:
    """Return when it happened as a payload says (seconds UTC); None if it says nothing usable."""
    time = seconds(payload.get("timestamp"))
    if isinstance(time, bool) or not isinstance(time, int | float):
        return None
    try:
        return float(time) if math.isfinite(time) else None
    except OverflowError:  # an integer of hundreds of digits
        return None


def _is_name(value: object) -> TypeGuard[str]:
    """Tell whether a value is text that can be sent, and no longer than names are."""
    return isinstance(value, str) and len(value) <= _LONGEST_SOURCE and ascii_only(value) == value


def _are_equal(one: object, other: object) -> bool:
    """Compare plain values; what is not plain may compare in ways of its own, and is different."""
    if one is other:
        return True
    plain = isinstance(one, _PLAIN) and isinstance(other, _PLAIN)
    return plain and one == other


class _Translator:
    """One translation under way."""

    def __init__(self, event_type: str, plan: FieldPlan) -> None:
        self.event_type = event_type
        self.plan = plan
        self.payload: dict[str, Any] = {}
        self.spelled: dict[str, str] = {}
        self.beside: dict[str, Any] = {}

    def take(self, spelling: str, value: Any) -> None:
        names = self.plan.names
        if spelling not in names:
            if spelling in {"source", "timestamp"} or (
                spelling in {"board_type", "num_players"} and "config_key" in names
            ):
                self.beside[spelling] = value
                return
            meant = next((n for n in FIELD_ALIASES.get(spelling, ()) if n in names), spelling)
        else:
            meant = spelling
        self.put(meant, spelling, value)

    def put(self, name: str, spelling: str, value: Any) -> None:
        if name in self.plan.floats:
            value = seconds(value)
        elif name in self.plan.scales and isinstance(value, str):
            value = value.lower()
        before = self.payload.get(name)
        if before is not None and value is not None and not _are_equal(before, value):
            given = f"{self.spelled[name]}={shown(before)} and {spelling}={shown(value)}"
            raise self.wrong(name, f"given twice: {given}")
        if before is None:
            self.payload[name] = value
            self.spelled[name] = spelling

    def put_config_key(self) -> None:
        board, players = self.beside.get("board_type"), self.beside.get("num_players")
        if board is not None and players is not None:
            for name, value in (("board_type", board), ("num_players", players)):
                if not isinstance(value, str | int) or isinstance(value, bool):
                    raise self.wrong(name, f"expected text or a number, got {shown(value)}")
            self.put("config_key", "board_type and num_players", f"{board}_{players}p")
        elif (board is not None or players is not None) and "config_key" not in self.payload:
            missing = "board_type" if board is None else "num_players"
            raise self.wrong("config_key", f"missing, and {missing} to derive it from is too")

    def envelope_source(self) -> str | None:
        source = self.beside.get("source")
        if source is not None and not _is_name(source):
            expected = f"expected a name, at most {_LONGEST_SOURCE} characters of text"
            raise self.wrong("source", f"{expected}; got {shown(source)}")
        return source

    def envelope_time(self) -> float | None:
        time = time_in(self.beside)
        if time is None and self.beside.get("timestamp") is not None:
            got = shown(self.beside["timestamp"])
            raise self.wrong("timestamp", f"expected seconds UTC or an ISO-8601 time, got {got}")
        return time

    def wrong(self, field: str, problem: str) -> EventValidationError:
        return EventValidationError(self.event_type, field, problem)


def translate(event_type: str, plan: FieldPlan, payload: Mapping[str, Any]) -> Translation:
    """Bring a payload into the catalogue's spelling.

    Raises:
        EventValidationError: two spellings of one field contradict each other, only one half of
            `board_type` and `num_players` is there, or `source` or `timestamp` are unusable.
    """
    translator = _Translator(event_type, plan)
    for spelling, value in payload.items():
        translator.take(spelling, value)
    translator.put_config_key()
    renamed = [old for new, old in translator.spelled.items() if old != new]
    return Translation(
        payload=translator.payload,
        source=translator.envelope_source(),
        time=translator.envelope_time(),
        renamed=tuple(sorted({*renamed, *translator.beside})),
    )


def canonical_fields(event_class: type[Event], payload: Mapping[str, Any]) -> dict[str, Any]:
    """Bring a payload into the catalogue's spelling, and drop what belongs into the envelope."""
    return translate(event_class.EVENT.name, plan_fields(event_class), payload).payload
