"""What an entry of a stream holds."""

from __future__ import annotations

import random

import msgspec
import pytest
from hypothesis import given, strategies as st

from ringleader.actors.events.base import Envelope
from ringleader.transport.bodies import BodyError, pack_body, unpack_body
from tests.transport.bridge_files import body_of, envelope_of


@given(envelope=st.binary(max_size=50), payload=st.binary(max_size=50))
def test_a_body_says_where_its_payload_begins(envelope: bytes, payload: bytes) -> None:
    body = pack_body(envelope, payload)
    length = int.from_bytes(body[:4])
    assert (body[4 : 4 + length], body[4 + length :]) == (envelope, payload)


def test_what_was_packed_is_unpacked_with_its_origin_and_without_a_sequence() -> None:
    envelope = envelope_of("a", subject="s", sequence=17, traceparent="t")
    body = pack_body(msgspec.msgpack.encode(envelope), b"payload")
    found = unpack_body(body, "node-b")
    assert found.payload == b"payload"
    assert found.envelope == msgspec.structs.replace(envelope, sequence=None, origin="node-b")


def test_fields_of_a_newer_version_are_ignored() -> None:
    fields = {"id": "a", "source": "/a", "type": "t", "time": 1.0, "colour": "red"}
    found = unpack_body(pack_body(msgspec.msgpack.encode(fields), b""), "b")
    assert found.envelope == Envelope(id="a", source="/a", type="t", time=1.0, origin="b")


def test_an_error_says_what_is_wrong() -> None:
    with pytest.raises(BodyError, match="2 bytes is too short"):
        unpack_body(b"\0\0", "b")
    with pytest.raises(BodyError, match="says that its envelope has 9 bytes; only 1 come"):
        unpack_body(b"\0\0\0\x09x", "b")
    with pytest.raises(BodyError, match=r"can't be read: .*id"):
        unpack_body(pack_body(b"\x80", b""), "b")
    with pytest.raises(BodyError, match="finite time"):
        unpack_body(body_of("a", time=float("nan")), "b")


def test_bytes_from_strangers_are_an_event_or_an_error() -> None:
    rng = random.Random(5)  # noqa: S311  # to be repeated
    good = body_of("some-id", subject="s", correlationid="c")
    read = 0
    for _ in range(20_000):
        body = bytearray(good)
        for _ in range(rng.randint(1, 4)):
            body[rng.randrange(len(body))] = rng.randrange(256)
        try:
            envelope = unpack_body(bytes(body), "b").envelope
        except BodyError:
            continue
        read += 1
        msgspec.msgpack.encode(envelope)
    assert 0 < read < 20_000
