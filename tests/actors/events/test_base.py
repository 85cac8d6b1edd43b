from __future__ import annotations

import msgspec
import pytest

from ringleader.actors.events import Dedup, Envelope, EventCategory, EventType, Priority


def test_an_envelope_has_the_context_attributes_of_cloudevents_and_cannot_be_changed() -> None:
    envelope = Envelope(id="1", source="/a", type="training_completed", time=1.5)
    required = {"id", "source", "type", "time", "subject", "datacontenttype"}
    extensions = {"traceparent", "correlationid", "causationid", "sequence", "epoch"}
    assert required | extensions <= {*Envelope.__struct_fields__}
    with pytest.raises(AttributeError):
        envelope.id = "2"  # type: ignore[misc]  # pyright: ignore[reportAttributeAccessIssue]  # the mistake


def test_extension_attributes_are_named_as_cloudevents_wants() -> None:
    assert all(name.isalnum() and name.islower() for name in Envelope.__struct_fields__)


def test_an_envelope_survives_the_wire() -> None:
    envelope = Envelope(id="1", source="/a", type="t", time=1.0, epoch=2**64 - 1, sequence=3)
    data = msgspec.msgpack.encode(envelope)
    assert msgspec.msgpack.decode(data, type=Envelope) == envelope


def test_a_type_of_the_catalogue_is_described_by_its_name() -> None:
    kind = EventType.named("DATA_SYNC_COMPLETED", bridged=True)
    assert (kind.value, kind.category, kind.module) == ("sync_completed", "data", "data")
    assert (kind.bridged, kind.durable, kind.max_age) == (True, False, None)
    assert (kind.priority, kind.on_pressure) == (Priority.NORMAL, "accept")


def test_a_type_of_ones_own_has_its_name_in_small_letters_as_value() -> None:
    kind = EventType.custom("ORDER_PAID")
    assert (kind.name, kind.value) == ("ORDER_PAID", "order_paid")
    assert (kind.category, kind.module) == (EventCategory.OTHER, "user")


def test_duplicates_are_told_by_content_unless_said_otherwise() -> None:
    assert EventType.custom("ORDER_PAID").dedup == Dedup.content() == Dedup()
    assert Dedup.id().kind == "id"
    assert Dedup.key("a", "b") == Dedup("key", ("a", "b"))
