"""Other programs read events: as plain JSON, and as CloudEvents 1.0 has it."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime
from typing import Any

import msgspec
import pytest

from ringleader.actors.event_log import Record
from ringleader.actors.events.base import Envelope
from ringleader.event_export import as_cloudevent, as_plain, line_of, rfc3339

FULL = Envelope(
    id="0a-1",
    source="/pipeline/träiner one",
    type="asked",
    time=1769860800.25,
    subject="m",
    traceparent="00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
    correlationid="0a-0",
    causationid="0a-0",
    depth=1,
    epoch=255,
)
STRINGS = re.compile(r"id|source|specversion|type|subject|time|datacontenttype")


def record(envelope: Envelope = FULL, payload: Any = None, sequence: int = 12) -> Record:
    packed = msgspec.msgpack.encode(
        {"text": "ü", "n": [1, 2.5, None]} if payload is None else payload
    )
    return Record(sequence, envelope, packed)


def check(event: dict[str, Any]) -> None:
    """Hold an event against the rules of CloudEvents 1.0 and of its JSON format."""
    assert event["specversion"] == "1.0"
    for name, value in event.items():
        if name in {"data", "data_base64"}:
            continue
        assert re.fullmatch(r"[a-z0-9]{1,20}", name), name
        assert isinstance(value, str | int), name
        assert value != ""
        if isinstance(value, int):
            assert -(2**31) <= value < 2**31
        if STRINGS.fullmatch(name):
            assert isinstance(value, str)
    for name in ("id", "source", "type"):
        assert event[name]
    assert re.fullmatch(r"[!-~]+", event["source"])
    assert datetime.fromisoformat(event["time"]).tzinfo is UTC
    assert ("data" in event) != ("data_base64" in event)


def test_an_event_is_a_cloudevent() -> None:
    event = json.loads(line_of(as_cloudevent(record())))
    check(event)
    assert event == {
        "specversion": "1.0",
        "id": "0a-1",
        "source": "/pipeline/tr%C3%A4iner%20one",
        "type": "asked",
        "time": "2026-01-31T12:00:00.250000Z",
        "subject": "m",
        "traceparent": FULL.traceparent,
        "correlationid": "0a-0",
        "causationid": "0a-0",
        "depth": 1,
        "sequence": "0000000000000000012",
        "epoch": "00000000000000ff",
        "datacontenttype": "application/json",
        "data": {"text": "ü", "n": [1, 2.5, None]},
    }


def test_what_an_event_does_not_say_is_left_out() -> None:
    bare = Envelope(id="1", source="", type="asked", time=0.0, subject="")
    event = as_cloudevent(record(bare, {}, 0))
    check(event)
    assert event.keys() == {
        "specversion",
        "id",
        "source",
        "type",
        "time",
        "datacontenttype",
        "data",
    }
    assert event["source"] == "/"
    assert as_plain(record(bare, {}, 0)) == {
        "sequence": None,
        "id": "1",
        "type": "asked",
        "source": "",
        "time": 0.0,
        "subject": "",
        "payload": {},
    }


def test_sequences_sort_as_they_follow_each_other() -> None:
    told = [as_cloudevent(record(sequence=n))["sequence"] for n in (9, 10, 2**63 - 1)]
    assert told == sorted(told)


def test_a_payload_that_can_t_be_read_is_given_as_it_is() -> None:
    broken = Record(3, FULL, b"\xc1")
    event = as_cloudevent(broken)
    check(event)
    assert (event["datacontenttype"], event["data_base64"]) == ("application/msgpack", "wQ==")
    assert as_plain(broken)["payload"].startswith("(the payload can't be read: ")


def test_an_event_is_plain_json() -> None:
    told = as_plain(record())
    assert list(told)[:5] == ["sequence", "id", "type", "source", "time"]
    assert (told["sequence"], told["source"], told["depth"]) == (12, "/pipeline/träiner one", 1)
    assert told["payload"] == {"text": "ü", "n": [1, 2.5, None]}


@pytest.mark.parametrize(("seconds", "told"), [(0.0, "1970-01-01T00:00:00.000000Z")])
def test_times_are_told_as_rfc_3339_has_them(seconds: float, told: str) -> None:
    assert rfc3339(seconds) == told
