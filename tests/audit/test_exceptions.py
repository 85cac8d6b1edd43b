"""A list of exceptions excuses what it names, with a reason, and nothing for longer than needed."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from ringleader.audit.exceptions import OWN, ExceptionsError, read
from ringleader.audit.report import audit

if TYPE_CHECKING:
    from pathlib import Path

    from ringleader.audit.report import Report
    from tests.audit.shop import Shop

SHIP = "self.publish(OrderShipped(order_id=order.order_id))"


def listed(shop: Shop, text: str, *, strict: bool = False) -> Report:
    path = shop.path / "list.toml"
    path.write_text(text)
    return audit(shop.facts(), [path], strict=strict)


def kinds(report: Report) -> list[tuple[str, str]]:
    return [(f.kind, f.event) for f in report.findings]


UNPUBLISHED = """
[[exception]]
kind = "unpublished"
types = ["ORDER_SHIPPED"]
reason = "the warehouse is another program"
"""


def test_what_is_listed_by_name_is_excused_with_its_reason(shop: Shop) -> None:
    shop.change(SHIP, "pass")
    assert kinds(listed(shop, "")) == [("unpublished", "ORDER_SHIPPED")]
    report = listed(shop, UNPUBLISHED)
    assert report.ok
    assert [f.excused for f in report.excused] == ["the warehouse is another program"]


def test_strictly_what_is_excused_counts_too(shop: Shop) -> None:
    report = listed(shop.change(SHIP, "pass"), UNPUBLISHED, strict=True)
    assert not report.ok
    assert [f.excused for f in report.findings] == ["the warehouse is another program"]


def test_an_exception_that_excuses_nothing_is_a_fault_itself(shop: Shop) -> None:
    report = listed(shop, UNPUBLISHED)
    assert kinds(report) == [("stale", "ORDER_SHIPPED")]
    assert "take it out" in report.findings[0].what


def test_each_name_of_an_exception_must_excuse_something(shop: Shop) -> None:
    shop.change(SHIP, "pass")
    text = UNPUBLISHED.replace('"ORDER_SHIPPED"', '"ORDER_SHIPPED", "ORDER_SHIPED"')
    report = listed(shop, text)
    assert kinds(report) == [("stale", "ORDER_SHIPED")]
    assert "did you mean ORDER_SHIPPED" in report.findings[0].what


def test_an_exception_is_for_one_kind_only(shop: Shop) -> None:
    report = listed(shop.change(SHIP, "pass"), UNPUBLISHED.replace("unpublished", "unhandled"))
    assert kinds(report) == [("unpublished", "ORDER_SHIPPED"), ("stale", "ORDER_SHIPPED")]


def test_a_field_is_excused_by_its_name_or_with_all_of_its_type(shop: Shop) -> None:
    shop.change(', note="by hand"', "")
    entry = '[[exception]]\nkind = "unset-field"\ntypes = ["ORDER_PLACED"]\nreason = "r"\n'
    assert listed(shop, entry).ok
    assert listed(shop, entry + 'fields = ["note"]').ok
    assert kinds(listed(shop, entry + 'fields = ["urgent"]')) == [
        ("unset-field", "ORDER_PLACED"),
        ("stale", "ORDER_PLACED"),
    ]


def test_a_module_excuses_its_types_where_that_is_harmless(shop: Shop) -> None:
    shop.change("@handles(OrderShipped)", "@handles(int)").change("print(event.order_id)", "pass")
    entry = '[[exception]]\nkind = "unhandled"\nmodules = ["shop.events"]\nreason = "r"\n'
    assert listed(shop, entry).ok


def test_a_cycle_is_excused_by_the_step_that_can_not_go_on(shop: Shop) -> None:
    again = 'self.publish(OrderPlaced(order_id=event.order_id, note="again"))'
    shop.change("print(event.order_id)", again)
    entry = """
[[exception]]
kind = "cycle"
types = ["ORDER_PLACED"]
owners = ["Desk"]
reason = "an order is repeated once"
"""
    report = listed(shop, entry)
    assert report.ok
    [cycle] = report.excused
    assert (cycle.kind, cycle.excused) == ("cycle", "an order is repeated once")
    assert cycle.owners == ("Desk", "Warehouse")
    shop.change(again, "pass").change("@handles(OrderShipped)", "@handles(OrderShipped, str)")
    assert ("stale", "ORDER_PLACED") in kinds(listed(shop, entry))


@pytest.mark.parametrize(
    ("entry", "problem"),
    [
        ('kind = "unused"\ntypes = ["A"]', "reason"),
        ('kind = "unused"\ntypes = ["A"]\nreason = " "', "it has no reason"),
        ('kind = "unused"\nreason = "r"', "needs either types or modules"),
        (
            'kind = "unused"\ntypes = ["A"]\nmodules = ["b"]\nreason = "r"',
            "either types or modules",
        ),
        ('kind = "unpublished"\nmodules = ["b"]\nreason = "r"', "by the names of types only"),
        ('kind = "stale"\ntypes = ["A"]\nreason = "r"', "no list speaks of this"),
        ('kind = "cycle"\ntypes = ["A"]\nreason = "r"', "owners are for cycles"),
        ('kind = "unused"\ntypes = ["A"]\nowners = ["B"]\nreason = "r"', "owners are for cycles"),
        ('kind = "unusd"\ntypes = ["A"]\nreason = "r"', "unusd"),
        ('kind = "unused"\ntyps = ["A"]\nreason = "r"', "typs"),
        ('kind = "unused', "list.toml"),
    ],
)
def test_a_list_that_can_not_be_used_is_refused_with_the_reason(
    tmp_path: Path, entry: str, problem: str
) -> None:
    path = tmp_path / "list.toml"
    path.write_text(f"[[exception]]\n{entry}\n")
    with pytest.raises(ExceptionsError, match=problem):
        read(path)


def test_a_list_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ExceptionsError, match="No such file"):
        read(tmp_path / "list.toml")


def test_the_list_about_ringleader_is_short_and_has_a_reason_for_everything() -> None:
    entries = read(OWN)
    assert len(entries) < 30
    assert all(len(entry.reason) > 20 for entry in entries)
