"""What can't be sent is refused, whichever way it comes, by type and field, in printable words."""

from __future__ import annotations

import struct
from collections import UserDict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import msgspec
import pytest
from hypothesis import given, settings, strategies as st

from ringleader.actors.events import (
    Catalogue,
    Error,
    Event,
    EventType,
    EventValidationError,
    HostOnline,
    MetricsUpdated,
    NewGamesAvailable,
    PayloadLimits,
    TrainingCompleted,
    UnknownEventTypeError,
    WorkQueued,
)

if TYPE_CHECKING:
    from collections.abc import Callable

CATALOGUE = Catalogue()
NAN, INFINITY = float("nan"), float("inf")
LONE = "\ud83d"


class Strange:
    """Nothing that could be sent; it can't even be shown."""

    def __repr__(self) -> str:
        raise ValueError("no")


class Shy:
    """Is equal to nothing, and makes a scene of it."""

    def __hash__(self) -> int:
        return 0

    def __eq__(self, other: object) -> bool:
        raise ValueError("ambiguous")


def nested(levels: int, wrap: Callable[[Any], Any]) -> Any:
    value: Any = 1
    for _ in range(levels):
        value = wrap(value)
    return value


def in_a_dict(value: Any) -> Any:
    return {"a": value}


def in_a_list(value: Any) -> Any:
    return [value]


def recursive_dict() -> Any:
    value: dict[str, Any] = {}
    value["self"] = value
    return value


def recursive_list() -> Any:
    value: list[Any] = []
    value.append(value)
    return {"list": value}


def recursive_mapping() -> Any:
    value: UserDict[str, Any] = UserDict()
    value["self"] = value
    return value


def exhausted() -> Any:
    numbers = (number for number in (1, 2))
    assert [*numbers] == [1, 2]
    return numbers


#: What stands in `details`, a field that takes anything; where it is found; what is said of it.
ANYTHING: list[tuple[str, Any, str, str]] = [
    ("nan", {"loss": NAN}, "details['loss']", "is nan; numbers must be finite"),
    ("infinity", {"a": [1, INFINITY]}, "details['a'][1]", "is inf; numbers must be finite"),
    ("minus infinity", {"a": {"b": -INFINITY}}, "details['a']['b']", "is -inf; numbers"),
    ("10 MB", {"log": "x" * 10_000_000}, "details", "10000027 bytes, 10000010 of them here"),
    ("200 dicts", nested(200, in_a_dict), "details", "deeper than 32 levels"),
    ("200 lists", {"a": nested(200, in_a_list)}, "details", "deeper than 32 levels"),
    ("10,000 lists", {"a": nested(10_000, in_a_list)}, "details", "deeper than 32 levels"),
    ("half a character", {"text": f"ab{LONE}"}, "details['text']", "half of a surrogate pair"),
    ("half in a key", {f"a{LONE}": 1}, "details", "its key 'a\\ud83d' holds half of a surrogate"),
    ("dict in itself", recursive_dict(), "details", "or holds itself"),
    ("list in itself", recursive_list(), "details", "or holds itself"),
    ("mapping in itself", recursive_mapping(), "details", "or holds itself"),
    ("400 digits", {"n": 10**399}, "details['n']", "an integer of about 400 digits; an integer"),
    ("40,000 digits", {"n": [-(10**40_000)]}, "details['n'][0]", "an integer of about 40"),
    ("65 bits", {"n": 2**64}, "details['n']", "is 18446744073709551616; an integer has 64 bits"),
    ("64 bits below 0", {"n": -(2**63) - 1}, "details['n']", "an integer has 64 bits at most"),
    ("bytes as a key", {b"a": 1}, "details", "keys"),
    ("number as a key", {"a": {1: 2}}, "details['a']", "its keys must be text; one is 1"),
    ("keys of two kinds", {"a": {1: 2, "b": 3}}, "details['a']", "its keys must be text; one is 1"),
    ("None as a key", {"a": [{None: 2}]}, "details['a'][0]", "its keys must be text; one is None"),
    ("tuple as a key", {"a": {(1, 2): 2}}, "details['a']", "its keys must be text; one is (1, 2)"),
    (
        "strange class",
        {"a": Strange()},
        "details['a']",
        "test_bad_input.Strange can't be sent; use",
    ),
    ("class", {"a": Strange}, "details['a']", "can't be sent; use plain types"),
    ("function", {"a": len}, "details['a']", "can't be sent; use plain types"),
    ("complex number", {"a": 1j}, "details['a']", "complex can't be sent; use plain types"),
    ("generator", {"a": exhausted()}, "details['a']", "generator can't be sent; use plain types"),
    ("extension", {"a": msgspec.msgpack.Ext(7, b"x")}, "details['a']", "only its sender underst"),
]

#: The same in fields of one type, and what is said.
FIELDS: list[tuple[str, type[Event], dict[str, Any], str, str]] = [
    ("nan", MetricsUpdated, {"metric_name": "m", "value": NAN}, "value", "is nan"),
    ("infinity", MetricsUpdated, {"metric_name": "m", "value": -INFINITY}, "value", "is -inf"),
    ("many digits", MetricsUpdated, {"metric_name": "m", "value": 10**400}, "value", "401 digits"),
    ("400 digits", NewGamesAvailable, {"config_key": "a", "count": 10**399}, "count", "400 digits"),
    ("half a character", Error, {"error": LONE}, "error", "half of a surrogate pair"),
    ("10 MB", Error, {"error": "x" * 10**7}, "error", "at most 1048576 are allowed"),
    ("bytes for text", Error, {"error": b"oh"}, "error", "expected `str`, got `bytes` (b'oh')"),
    ("text for bytes", Error, {"error": bytearray(b"oh")}, "error", "expected `str`"),
    ("bytes for a list", HostOnline, {"node_id": "a", "capabilities": b"gpu"}, "capabil", "expect"),
    ("text for a list", HostOnline, {"node_id": "a", "capabilities": "gpu"}, "capabil", "expected"),
    (
        "generator for a list",
        HostOnline,
        {"node_id": "a", "capabilities": exhausted()},
        "cap",
        "ge",
    ),
    ("list for a dict", Error, {"error": "e", "details": [1]}, "details", "expected `object"),
    (
        "number for a flag",
        TrainingCompleted,
        {"config_key": "a", "success": 1},
        "success",
        "`bool`",
    ),
    (
        "dict in a label",
        MetricsUpdated,
        {"metric_name": "m", "value": 1, "labels": {"a": {}}},
        "lab",
        "",
    ),
]


def refusal(event: Event | type[Event], payload: Any = None) -> EventValidationError:
    """Publish a struct, or by name if a payload is given; return the refusal, made printable."""
    with pytest.raises(EventValidationError) as caught:
        _ = (
            CATALOGUE.validated(event)
            if isinstance(event, Event)
            else CATALOGUE.parse(event.EVENT.name, payload)
        )
    str(caught.value).encode()
    assert len(str(caught.value)) < 600
    return caught.value


@pytest.mark.parametrize(
    ("value", "field", "words"), [pytest.param(*row[1:], id=row[0]) for row in ANYTHING]
)
def test_in_a_field_that_takes_anything_the_place_and_the_fault_are_named(
    value: Any, field: str, words: str
) -> None:
    error = refusal(Error(error="e", details=value))
    assert error.event_type == "ERROR"
    assert error.field == field
    assert words in str(error)


@pytest.mark.parametrize("value", [pytest.param(row[1], id=row[0]) for row in ANYTHING])
def test_by_name_it_is_refused_too(value: Any) -> None:
    error = refusal(Error, {"error": "e", "details": value})
    assert error.field is not None
    assert error.field.startswith("details")


@pytest.mark.parametrize(
    ("kind", "fields", "field", "words"), [pytest.param(*row[1:], id=row[0]) for row in FIELDS]
)
def test_in_a_field_of_one_type_the_field_and_the_fault_are_named(
    kind: type[Event], fields: dict[str, Any], field: str, words: str
) -> None:
    for error in (refusal(kind(**fields)), refusal(kind, fields)):
        assert error.event_type == kind.EVENT.name
        assert error.field is not None
        assert error.field.startswith(field)
        assert words in str(error)


@pytest.mark.parametrize("wrap", [in_a_dict, in_a_list])
def test_the_deepest_nesting_that_settings_allow_is_kept_exactly(wrap: Any) -> None:
    deep = Catalogue(PayloadLimits(max_depth=500))
    details = {"a": nested(498, wrap)}
    received, data = deep.validated(Error(error="e", details=details))
    assert deep.decode(Error, data) == received
    with pytest.raises(EventValidationError, match="details: it is nested deeper than 500 levels"):
        deep.validated(Error(error="e", details={"a": nested(499, wrap)}))


def test_the_largest_and_the_smallest_numbers_are_fine() -> None:
    numbers = [2**64 - 1, -(2**63), 1.7976931348623157e308, -1.7976931348623157e308, 5e-324, -0.0]
    received, _ = CATALOGUE.validated(Error(error="e", details={"numbers": numbers}))
    assert received.details == {"numbers": tuple(numbers)}


def test_text_and_keys_of_all_planes_are_fine() -> None:
    details = {"😀\0\uffff": "\U0010ffff\x7f\xff", "ÿÿ\x7f": "\u02ff\u02ff"}
    assert CATALOGUE.validated(Error(error="Ë\x7f", details=details))[0].details == details


@given(
    st.floats(allow_nan=True, allow_infinity=True),
    st.binary(max_size=12),
    st.integers(0, 2**64 - 1),
)
@settings(max_examples=300, deadline=None, database=None)
def test_what_only_looks_like_a_number_that_is_not_finite_is_let_through(
    number: float, data: bytes, integer: int
) -> None:
    finite = abs(number) < INFINITY
    details = {"data": data + b"\xcb\x7f\xf8", "n": integer, "number": number}
    event = Error(error="e", details=details)
    if finite:
        assert CATALOGUE.validated(event)[0].details == details
        assert CATALOGUE.decode(Error, CATALOGUE.encode(event)).details == details
    else:
        assert refusal(event).field == "details['number']"


@pytest.mark.parametrize("number", [NAN, INFINITY, -INFINITY])
@pytest.mark.parametrize("form", [b"\xcb>d", b"\xca>f"])
def test_from_the_wire_it_is_refused_in_both_widths(number: float, form: bytes) -> None:
    encoded = form[:1] + struct.pack(form[1:].decode(), number)
    payload = b"\x82\xabmetric_name\xa1m\xa5value" + encoded
    with pytest.raises(EventValidationError, match=r"METRICS_UPDATED\.value: is -?(nan|inf)"):
        CATALOGUE.decode("METRICS_UPDATED", payload)
    with pytest.raises(EventValidationError, match=r"METRICS_UPDATED\.value: is -?(nan|inf)"):
        CATALOGUE.encode(MetricsUpdated(metric_name="m", value=number))


def test_from_the_wire_a_field_that_nobody_reads_may_hold_anything() -> None:
    payload = b"\x82\xa5error\xa1e\xa7strange\xcb" + struct.pack(">d", NAN)
    assert CATALOGUE.decode(Error, payload) == Error(error="e")


@pytest.mark.parametrize(
    ("inside", "words"),
    [
        (b"\x81\x01\x02", "its keys must be text; one is 1"),
        (b"\x81\x92\x01\x02\x03", "its keys must be text"),
        (b"\xd4\x07x", "which only its sender understands"),
        (b"\x91" * 40 + b"\x01", "nested deeper than 32 levels"),
        (b"\xa1\xff", "codec can't decode"),
    ],
)
def test_from_the_wire_what_subscribers_could_not_use_is_refused(inside: bytes, words: str) -> None:
    payload = b"\x82\xa5error\xa1e\xa7details\x81\xa1a" + inside
    with pytest.raises(EventValidationError) as caught:
        CATALOGUE.decode(Error, payload)
    assert words in str(caught.value)


@pytest.mark.parametrize("payload", [None, 7, "text", b"bytes", [("config_key", "a")], exhausted()])
def test_a_payload_that_is_no_mapping_is_refused(payload: Any) -> None:
    error = refusal(TrainingCompleted, payload)
    assert "its payload must be a mapping of fields; it is " in str(error)


@pytest.mark.parametrize("name", [1, None, (1, 2), b"config_key"])
def test_the_name_of_a_field_must_be_text(name: Any) -> None:
    error = refusal(TrainingCompleted, {"config_key": "a", name: 1})
    assert "the names of fields are text; one is " in str(error)


@pytest.mark.parametrize("name", [LONE, "x" * 10_000_000, "a b", ""])
def test_the_name_of_a_field_that_there_is_not_can_be_printed(name: str) -> None:
    assert "there is no such field" in str(refusal(TrainingCompleted, {"config_key": "a", name: 1}))


@pytest.mark.parametrize("name", [LONE, "X" * 10_000_000, "", "\0", 7, None, b"ERROR", ["ERROR"]])
def test_a_name_that_is_none_is_answered_in_a_few_words(name: Any) -> None:
    with pytest.raises(UnknownEventTypeError) as caught:
        CATALOGUE.parse(name, {})
    str(caught.value).encode()
    assert len(str(caught.value)) < 200


@pytest.mark.parametrize("source", [7, LONE, "x" * 2000, ["a"], Strange()])
def test_a_source_that_is_no_name_is_refused(source: Any) -> None:
    error = refusal(WorkQueued, {"work_id": "1", "work_type": "t", "source": source})
    assert error.field == "source"


@pytest.mark.parametrize(
    "time",
    [NAN, INFINITY, 10**400, True, "soon", [1], "2026-13-45", Strange()],
    ids=lambda time: type(time).__name__,
)
def test_a_time_that_is_none_is_refused(time: Any) -> None:
    error = refusal(WorkQueued, {"work_id": "1", "work_type": "t", "timestamp": time})
    assert error.field == "timestamp"


@pytest.mark.parametrize(
    ("board", "players"), [(Strange(), 2), ("hex8", [2]), (b"hex8", 2), ("hex8", True)]
)
def test_a_board_or_players_that_are_none_are_refused(board: Any, players: Any) -> None:
    error = refusal(TrainingCompleted, {"board_type": board, "num_players": players})
    assert error.field in {"board_type", "num_players"}


@pytest.mark.parametrize(
    "other",
    [Shy(), Strange(), 10**5000, "hex8_3p", ["hex8_2p"]],
    ids=lambda other: type(other).__name__,
)
def test_a_field_given_twice_is_refused_whatever_its_values_are(other: Any) -> None:
    error = refusal(TrainingCompleted, {"config_key": "hex8_2p", "config": other})
    assert error.problem.startswith("given twice")


def test_plain_data_of_other_kinds_is_taken_as_what_it_is() -> None:
    @dataclass
    class Point:
        x: int

    details = {"point": Point(1), "set": frozenset({3}), "bytes": b"raw", "tuple": (1,)}
    received, data = CATALOGUE.validated(Error(error="e", details=details))
    assert received.details == {"point": {"x": 1}, "set": (3,), "bytes": b"raw", "tuple": (1,)}
    assert CATALOGUE.validated(received) == (received, data)


def test_a_type_without_numbers_is_not_searched_for_them() -> None:
    class Raw(Event, frozen=True, kw_only=True):
        EVENT = EventType.custom("RAW_BYTES")

        data: bytes

    catalogue = Catalogue()
    catalogue.register(Raw)
    event = Raw(data=b"\xcb\x7f\xf8" + bytes(6))
    assert catalogue.validated(event)[0] == event
