"""The report begins with counts, and every finding has its place."""

from __future__ import annotations

from typing import TYPE_CHECKING, get_args

import msgspec

from ringleader.audit.model import Kind
from ringleader.audit.report import HEADINGS, Report, audit, lines

if TYPE_CHECKING:
    from tests.audit.shop import Shop

SHIP = "self.publish(OrderShipped(order_id=order.order_id))"


def test_a_report_without_findings_says_so(shop: Shop) -> None:
    text = list(lines(audit(shop.facts(), [])))
    assert text[0].startswith("3 files: ")
    assert text[0].endswith("2 published in 2 places, 2 handled in 2; 4 fields read")
    assert text[1:] == ["no findings"]


def test_findings_are_grouped_the_gravest_first(shop: Shop) -> None:
    shop.change(SHIP, "pass").change(', note="by hand"', "")
    shop.add('\ndef f(s):\n    s.subscribe("ORDER_SHIPED", print)\n')
    report = audit(shop.facts(), [])
    assert [f.kind for f in report.findings] == ["unregistered", "unset-field", "unpublished"]
    text = list(lines(report))
    assert text[1] == "3 findings"
    headings = [line for line in text if line.endswith(": 1")]
    assert [heading.partition(" (")[2] for heading in headings] == [
        "unregistered): 1",
        "unset-field): 1",
        "unpublished): 1",
    ]
    place = shop.line("order.note")
    assert any(t.startswith(f"  {place}: ORDER_PLACED.note is read by Ware") for t in text)


def test_what_is_excused_is_counted_and_told_on_demand(shop: Shop) -> None:
    path = shop.path / "list.toml"
    path.write_text(
        '[[exception]]\nkind = "unpublished"\ntypes = ["ORDER_SHIPPED"]\nreason = "outside"\n'
    )
    report = audit(shop.change(SHIP, "pass").facts(), [path])
    assert list(lines(report))[1:] == ["no findings; excused: 1 unpublished"]
    assert "    no fault: outside" in list(lines(report, verbose=True))


def test_more_places_than_one_can_read_are_counted(shop: Shop) -> None:
    shop.change("@handles(OrderShipped)", "@handles(int)").change("print(event.order_id)", "pass")
    shop.add("\n".join(f"OrderShipped(order_id='{n}')" for n in range(20)))
    text = list(lines(audit(shop.facts(), [])))
    assert text[-1] == "    and 12 more places"
    assert len(text) < 16


def test_a_node_and_what_can_not_be_followed_are_mentioned(shop: Shop) -> None:
    shop.add("from ringleader import ALL\ndef f(s, name):\n    s.publish(name, {})\n")
    shop.add("    s.subscribe(ALL, print)\n")
    text = list(lines(audit(shop.facts(), [], node="node-a")))
    assert "1 places publish under a name that only running them would tell" in text
    assert "1 subscriptions to all events, which count for no type" in text
    assert "node node-a was asked what it saw" in text


def test_the_report_as_json_has_stable_keys(shop: Shop) -> None:
    report = audit(shop.change(SHIP, "pass").facts(), [])
    value = msgspec.json.decode(msgspec.json.encode(report))
    assert list(value) == ["ok", "counts", "by_kind", "findings", "excused", "node"]
    assert list(value["counts"]) == [
        "files",
        "types",
        "published",
        "handled",
        "emissions",
        "handlers",
        "reads",
        "opaque",
        "observers",
        "steps",
    ]
    [finding] = value["findings"]
    assert list(finding) == ["kind", "event", "field", "what", "sites", "owners", "excused"]
    assert finding["sites"] == [shop.line("def close")]
    assert value["by_kind"] == {"unpublished": 1}
    assert msgspec.convert(value, Report) == report


def test_every_kind_has_a_heading() -> None:
    assert set(HEADINGS) == set(get_args(Kind))
