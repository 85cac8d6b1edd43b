"""Cycles among handlers: which steps are in one, and an example of each knot."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given, strategies as st

from ringleader.audit.cycles import components, example, in_cycles, shortest
from ringleader.audit.findings import bounded_cycle, cycle_findings
from ringleader.audit.model import Node, Site, Step

if TYPE_CHECKING:
    from collections.abc import Iterable

    from tests.audit.shop import Shop


def step(source: int, target: int, *, is_event: bool = True) -> Step:
    nodes = Node(f"n{source}", "X"), Node(f"n{target}", "X")
    return Step(*nodes, f"E{target}", is_event, Site("a.py", source))


STEPS = st.lists(st.builds(step, st.integers(0, 7), st.integers(0, 7)), max_size=20)


def reachable(steps: Iterable[Step], start: Node) -> set[Node]:
    kept, found, waiting = list(steps), set[Node](), [start]
    while waiting:
        node = waiting.pop()
        new = {s.target for s in kept if s.source == node} - found
        found |= new
        waiting += new
    return found


@given(STEPS)
def test_two_handlers_are_in_one_part_if_each_leads_to_the_other(steps: list[Step]) -> None:
    part = components(steps)
    for one in part:
        for other in part:
            together = one == other or (
                other in reachable(steps, one) and one in reachable(steps, other)
            )
            assert (part[one] == part[other]) == together


@given(STEPS)
def test_an_example_is_a_cycle_and_every_step_of_a_knot_is_in_one(steps: list[Step]) -> None:
    for knot in in_cycles(steps):
        for cycle in (example(knot), *(shortest(knot, s) for s in knot)):
            assert cycle
            assert [s.target for s in cycle] == [s.source for s in (*cycle[1:], cycle[0])]
    if not in_cycles(steps):
        assert all(s.source not in reachable(steps, s.target) | {s.target} for s in steps)


def test_messages_alone_are_no_cycle_of_events() -> None:
    assert in_cycles([step(1, 2, is_event=False), step(2, 1, is_event=False)]) == []
    assert len(in_cycles([step(1, 2, is_event=False), step(2, 1)])) == 1


def test_a_long_chain_is_no_burden() -> None:
    steps = [step(n, n + 1) for n in range(5_000)]
    assert in_cycles(steps) == []
    assert len(in_cycles([*steps, step(5_000, 0)])) == 1


AGAIN = 'self.publish(OrderPlaced(order_id=event.order_id, note="again"))'


@pytest.fixture
def loop(shop: Shop) -> Shop:
    return shop.change("print(event.order_id)", AGAIN)


def test_a_step_that_is_bounded_ends_the_cycles_that_it_is_in(loop: Shop) -> None:
    facts = loop.facts()
    assert len(cycle_findings(facts, ())) == 1
    assert cycle_findings(facts, {("Warehouse", "ORDER_SHIPPED")}) == []
    found = bounded_cycle(facts, "Warehouse", "ORDER_SHIPPED")
    assert found is not None
    assert found.what.startswith("Warehouse: ORDER_SHIPPED → Desk: ORDER_PLACED")
    assert bounded_cycle(facts, "Warehouse", "ORDER_PLACED") is None


def test_nobody_hears_its_own_echo_unless_it_asks_for_it(shop: Shop) -> None:
    shop.change("print(event.order_id)", "self.publish(OrderShipped(order_id=event.order_id))")
    assert shop.found() == []
    shop.change("@handles(OrderShipped)", "@handles(OrderShipped, echo=True)")
    assert [kind for kind, _, _ in shop.found()] == ["cycle"]


@pytest.mark.parametrize(
    "code",
    [
        "self.again(event)",
        "self.timer.call_later(1, self.again)",
        "again(self, event)",
        "run(again)",
        "self.helper.again(event)",
        "Helper(self).again(event)",
        "super().again(event)",
        "self.elsewhere.tell(Ask())",
    ],
)
def test_a_cycle_is_found_through_helpers_and_messages(shop: Shop, code: str) -> None:
    shop.change("print(event.order_id)", code).change("class Desk(Actor):", "class Desk(Base):")
    shop.change(
        "class Desk(Base):",
        f"""
def again(self, event):
    {AGAIN}

class Helper:
    def __init__(self, owner):
        self.owner = owner
    def again(self, event):
        {AGAIN.replace("self", "self.owner")}

class Ask: ...

class Base(Actor):
    def __init__(self):
        self.helper = Helper(self)
    def again(self, event):
        {AGAIN}

class Clerk(Actor):
    @handles(Ask)
    def answer(self, ask):
        {AGAIN.replace("event.order_id", "'1'")}

class Desk(Base):""",
    )
    assert [kind for kind, _, _ in shop.found()] == ["cycle"]


@pytest.mark.parametrize(
    "code", ["self.timers.once(5, Ask())", "self.timers.periodic(5, ASK, key=ASK)"]
)
def test_a_timer_ends_a_cycle_because_time_is_the_cause(shop: Shop, code: str) -> None:
    shop.change("print(event.order_id)", code)
    shop.change(
        "class Desk(Actor):",
        f"""
class Ask: ...
ASK = Ask()
class Desk(Actor):
    @handles(Ask)
    def again(self, event):
        {AGAIN.replace("event.order_id", "'1'")}
""",
    )
    assert shop.found() == []
    shop.change(code, "self.actor_ref.tell(ASK)")
    assert [kind for kind, _, _ in shop.found()] == ["cycle"]


def test_what_an_actor_tells_itself_reaches_nobody_else(shop: Shop) -> None:
    shop.change("print(event.order_id)", "self.actor_ref.tell(Ask())")
    shop.add(f"""
class Ask: ...
class Clerk(Actor):
    @handles(Ask)
    def answer(self, ask):
        {AGAIN.replace("event.order_id", "'1'")}
""")
    assert shop.found() == []


def test_a_cycle_is_found_through_an_actor_that_is_started(shop: Shop) -> None:
    shop.change("print(event.order_id)", "self.jobs.tell(Run())")
    shop.add(f"""
from ringleader import ChildSpec, DynamicSupervisor
class Run: ...
class Jobs(DynamicSupervisor):
    def init(self):
        self.template = ChildSpec("job", Job)
    def on_receive(self, message):
        if isinstance(message, Run):
            self.begin()
class Job(Actor):
    def on_start(self):
        {AGAIN.replace("event.order_id", "'1'")}
""")
    assert [kind for kind, _, _ in shop.found()] == ["cycle"]
