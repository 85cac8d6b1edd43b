"""Each kind of fault is found in a tree that has it, with its place, and only there."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from ringleader.audit.findings import findings
from ringleader.audit.scan import scan

if TYPE_CHECKING:
    from tests.audit.shop import Shop

SHIP = "self.publish(OrderShipped(order_id=order.order_id))"
ORDER = 'self.publish(OrderPlaced(order_id=order_id, note="by hand"))'
CLOSE = "print(event.order_id)"


def test_a_tree_in_which_all_fits_has_no_findings(shop: Shop) -> None:
    assert shop.found() == []


def test_a_type_that_nobody_publishes_or_handles_is_unused(shop: Shop) -> None:
    shop.add(
        "\nclass Lost(Event, frozen=True, kw_only=True):\n    EVENT = EventType.custom('LOST')\n",
        "shop/events.py",
    )
    [finding] = shop.findings()
    assert (finding.kind, finding.event) == ("unused", "LOST")
    assert [str(s) for s in finding.sites] == [shop.line("class Lost", "shop/events.py")]


def test_a_type_that_is_handled_and_never_published_is_found(shop: Shop) -> None:
    shop.change(SHIP, "pass")
    [finding] = shop.findings()
    assert (finding.kind, finding.event) == ("unpublished", "ORDER_SHIPPED")
    assert [str(s) for s in finding.sites] == [shop.line("def close")]
    assert finding.owners == ("Desk.close",)


def test_a_type_that_is_published_and_never_handled_is_found(shop: Shop) -> None:
    shop.change("@handles(OrderShipped)", "@handles(int)").change(CLOSE, "pass")
    [finding] = shop.findings()
    assert (finding.kind, finding.event) == ("unhandled", "ORDER_SHIPPED")
    assert [str(s) for s in finding.sites] == [shop.line(SHIP)]


def test_a_field_that_is_read_and_never_set_is_found(shop: Shop) -> None:
    shop.change(', note="by hand"', "")
    [finding] = shop.findings()
    assert (finding.kind, finding.event, finding.field) == ("unset-field", "ORDER_PLACED", "note")
    assert [str(s) for s in finding.sites] == [shop.line("order.note")]


def test_a_field_that_is_only_ever_set_to_none_is_never_set(shop: Shop) -> None:
    shop.change('note="by hand"', "note=None")
    assert shop.found() == [("unset-field", "ORDER_PLACED", "note")]


def test_a_field_with_a_default_that_says_something_needs_no_publisher(shop: Shop) -> None:
    assert "order.urgent" in shop.files["shop/actors.py"]
    assert shop.found() == []


def test_a_field_that_may_be_set_by_a_publisher_nobody_can_read_is_not_complained_about(
    shop: Shop,
) -> None:
    shop.change(', note="by hand"', ", **more")
    assert shop.found() == []


def test_a_field_that_the_type_does_not_have_is_found_where_it_is_read(shop: Shop) -> None:
    shop.change(CLOSE, "print(event.order_ids)")
    [finding] = shop.findings()
    assert (finding.kind, finding.event) == ("unknown-field", "ORDER_SHIPPED")
    assert "did you mean order_id?" in finding.what
    assert [str(s) for s in finding.sites] == [shop.line("event.order_ids")]


def test_a_field_that_the_type_does_not_have_is_found_where_it_is_set(shop: Shop) -> None:
    shop.change('note="by hand"', 'note="by hand", urgnt=True')
    [finding] = shop.findings()
    assert (finding.kind, finding.field) == ("unknown-field", "urgnt")
    assert "did you mean urgent?" in finding.what


def test_a_demanded_field_that_a_publisher_leaves_out_is_found(shop: Shop) -> None:
    shop.change("OrderShipped(order_id=order.order_id)", "OrderShipped()")
    assert shop.found() == [("missing-field", "ORDER_SHIPPED", "order_id")]


@pytest.mark.parametrize(
    "code",
    [
        'self.publish("TRAINING_COMPLETE", {"config": "hex8_2p"})',
        'system.subscribe("TRAINING_COMPLETE", print)',
        'client.subscribe_many(["TRAINING_COMPLETE"], print)',
    ],
)
def test_an_old_name_is_found_wherever_names_are_used(shop: Shop, code: str) -> None:
    shop.add(f"\ndef more(self, system, client):\n    {code}\n")
    found = [f for f in shop.findings() if f.kind == "alias"]
    assert ("TRAINING_COMPLETED", "write TRAINING_COMPLETED") in [
        (f.event, f.what.partition(": ")[2]) for f in found
    ]
    assert {str(s) for f in found for s in f.sites} == {shop.line(code)}


def test_an_old_name_of_a_field_is_found(shop: Shop) -> None:
    shop.add(
        '\ndef more(s):\n    s.publish("TRAINING_COMPLETED", {"config": "a", "model_id": "b"})'
    )
    assert ("alias", "TRAINING_COMPLETED", "config") in shop.found()


def test_a_name_in_the_right_spelling_is_no_alias(shop: Shop) -> None:
    shop.add('\ndef more(s):\n    s.publish("ORDER_SHIPPED", {"order_id": "7"})')
    shop.add(
        '\n    s.publish("order_shipped", {"order_id": "8", "source": "me", "timestamp": 1.0})'
    )
    assert shop.found() == []


@pytest.mark.parametrize(
    ("code", "name", "advice"),
    [
        ('s.publish("ORDER_SHIPED", {})', "ORDER_SHIPED", "did you mean ORDER_SHIPPED"),
        ('s.subscribe("ORDER_SHIPED", print)', "ORDER_SHIPED", "did you mean ORDER_SHIPPED"),
        ('s.publish("TRAINING_PAUSED", {})', "TRAINING_PAUSED", "TRAINING_BLOCKED_BY_QUALITY or"),
        ('s.subscribe_stage("sync_complet", print)', "sync_complet", "did you mean sync_complete"),
    ],
)
def test_a_name_that_the_catalogue_does_not_know_is_found_with_what_is_near(
    shop: Shop, code: str, name: str, advice: str
) -> None:
    shop.add(f"\ndef more(s):\n    {code}\n")
    [finding] = shop.findings()
    assert (finding.kind, finding.event) == ("unregistered", name)
    assert advice in finding.what


def test_a_name_in_handles_that_the_catalogue_does_not_know_is_found(shop: Shop) -> None:
    shop.change("@handles(OrderShipped)", '@handles(OrderShipped, "ORDER_SHIPED")')
    assert shop.found() == [("unregistered", "ORDER_SHIPED", "")]


def test_an_event_whose_handling_leads_to_itself_is_a_cycle(shop: Shop) -> None:
    shop.change(CLOSE, 'self.publish(OrderPlaced(order_id=event.order_id, note="again"))')
    [finding] = shop.findings()
    assert finding.kind == "cycle"
    assert finding.what == "Desk: ORDER_PLACED → Warehouse: ORDER_SHIPPED → Desk"
    assert [str(s) for s in finding.sites] == [shop.line('"again"'), shop.line(SHIP)]


def test_a_file_that_is_no_python_is_told_of_and_the_others_are_read(shop: Shop) -> None:
    shop.add("def f(:\n", "shop/broken.py").change(SHIP, "pass")
    assert [kind for kind, _, _ in shop.found()] == ["unpublished", "unreadable"]


def test_what_is_only_looked_at_is_not_complained_about(shop: Shop) -> None:
    shop.change(SHIP, "pass").facts()
    (shop.path / "other").mkdir()
    (shop.path / "other" / "fine.py").write_text("x = 1\n")
    facts = scan([shop.path / "other"], background=shop.path / "shop")
    assert findings(facts) == []
    assert facts.files == 1
