"""Who wants which events."""

from __future__ import annotations

from math import inf
from typing import TYPE_CHECKING, Any, cast

import pytest

from ringleader.actors.events import EventCategory, ModelPromoted, TrainingCompleted, TrainingFailed
from ringleader.actors.events.base import Envelope
from ringleader.actors.letters import Outcome
from ringleader.actors.message import Delivery
from ringleader.actors.routing import RoutingTable, Subscription
from ringleader.actors.topics import ALL, Topic

if TYPE_CHECKING:
    from ringleader.actors.ref import Ref


class Address:
    """All that a routing table asks of a ref."""

    def __init__(self, path: str) -> None:
        self.path = path
        self.cell = self.mailbox = self
        self.capacity = 100


def address(path: str) -> Ref[Any]:
    return cast("Ref[Any]", Address(path))


def delivery(subscription: Subscription) -> Delivery:
    event = TrainingCompleted(config_key="hex8_2p", model_path="m")
    envelope = Envelope(id="1", source="/a", type=event.EVENT.value, time=0.0)
    return Delivery(event, envelope, subscription)


def paths(table: RoutingTable, kind: type) -> list[str]:
    return [s.path for s in table.routes(kind)]


@pytest.mark.parametrize("topic", [TrainingCompleted, EventCategory.TRAINING, ALL])
def test_a_type_reaches_subscribers_of_type_category_and_everything(topic: Topic) -> None:
    table = RoutingTable()
    table.subscribe(address("/a"), topic)

    assert paths(table, TrainingCompleted) == ["/a"]


def test_a_subscriber_gets_nothing_else() -> None:
    table = RoutingTable()
    table.subscribe(address("/a"), TrainingFailed)
    table.subscribe(address("/b"), EventCategory.MODEL)

    assert paths(table, TrainingCompleted) == []
    assert paths(table, ModelPromoted) == ["/b"]


def test_a_subscriber_of_a_type_and_its_category_is_routed_to_once() -> None:
    table, ref = RoutingTable(), address("/a")
    for topic in (TrainingCompleted, EventCategory.TRAINING, ALL):
        table.subscribe(ref, topic)

    assert paths(table, TrainingCompleted) == ["/a"]


def test_subscribing_again_changes_nothing() -> None:
    table, ref = RoutingTable(), address("/a")

    assert table.subscribe(ref, ALL) is table.subscribe(ref, ALL)
    assert len(table.subscriptions()) == 1


def test_routes_follow_the_order_of_subscription() -> None:
    table = RoutingTable()
    for path in ("/c", "/a", "/b"):
        table.subscribe(address(path), ALL)

    assert paths(table, TrainingCompleted) == ["/c", "/a", "/b"]


def test_unsubscribing_tells_whether_there_was_a_subscription() -> None:
    table, ref = RoutingTable(), address("/a")
    table.subscribe(ref, TrainingCompleted)
    table.subscribe(ref, TrainingFailed)

    assert table.unsubscribe(ref, TrainingCompleted)
    assert not table.unsubscribe(ref, TrainingCompleted)
    assert paths(table, TrainingFailed) == ["/a"]
    assert table.unsubscribe(ref)
    assert not table.unsubscribe(ref)


def test_a_new_actor_at_an_old_path_takes_over() -> None:
    table, new = RoutingTable(), address("/a")
    table.subscribe(address("/a"), TrainingCompleted)
    table.subscribe(new, TrainingFailed)

    assert paths(table, TrainingCompleted) == []
    assert [s.ref for s in table.routes(TrainingFailed)] == [new]


def test_outcomes_of_former_subscribers_are_kept_also_those_that_come_late() -> None:
    table, ref = RoutingTable(), address("/a")
    subscription = table.subscribe(ref, ALL)
    subscription.sent = 2
    subscription.settle(delivery(subscription), Outcome.HANDLED)
    table.unsubscribe(ref)

    assert subscription.pending == 1
    subscription.settle(delivery(subscription), Outcome.FAILED)

    assert table.outcomes() == {Outcome.HANDLED: 1, Outcome.FAILED: 1}
    table.subscribe(address("/b"), ALL)
    table.unsubscribe(address("/b"))
    assert table.outcomes() == {Outcome.HANDLED: 1, Outcome.FAILED: 1}


def test_a_route_that_the_registry_still_has_counts_for_who_has_left() -> None:
    table, ref = RoutingTable(), address("/a")
    subscription = table.subscribe(ref, ALL)
    (routed,) = table.routes(TrainingCompleted)
    table.unsubscribe(ref)  # nothing is under way to it as yet
    change(table)

    routed.sent += 1
    routed.settle(delivery(subscription), Outcome.HANDLED)
    change(table)

    assert table.outcomes() == {Outcome.HANDLED: 1}
    for _ in range(3):  # the registry has come to the ends of its turns
        table.turn += 1
        change(table)
    assert table.outcomes() == {Outcome.HANDLED: 1}


def change(table: RoutingTable) -> None:
    other = address("/other")
    table.subscribe(other, ALL)
    table.unsubscribe(other)


def test_a_route_is_out_of_date_after_a_change_also_if_one_came_while_it_was_worked_out() -> None:
    table, wanting = RoutingTable(), address("/a")

    class Changing(dict[Any, Any]):
        """What readers read, while another thread subscribes."""

        def get(self, key: Any, default: Any = None) -> Any:
            table.subscribe(wanting, TrainingCompleted)
            return super().get(key, default)

    table._routes = Changing()
    route = table.route(TrainingCompleted)
    assert route.is_current
    assert route.paths == ("/a",)

    table.subscribe(address("/b"), TrainingCompleted)
    assert not route.is_current
    assert paths(table, TrainingCompleted) == ["/a", "/b"]


def test_the_shortest_time_of_all_handlers_is_known() -> None:
    table, ref = RoutingTable(), address("/a")
    assert table.shortest == inf
    table.subscribe(ref, TrainingCompleted, timeout=3.0)
    table.subscribe(address("/b"), TrainingCompleted, timeout=2.0)
    assert table.shortest == 2.0

    table.unsubscribe(address("/b"))  # another one at its path: it changes nothing
    table.subscribe(ref, TrainingCompleted, timeout=1.0)
    assert table.shortest == 1.0
    table.subscribe(ref, TrainingCompleted)
    assert table.shortest == 2.0


def test_a_subscription_says_who_wants_what() -> None:
    table = RoutingTable()

    assert repr(table.subscribe(address("/a"), TrainingCompleted)) == (
        "<Subscription /a TrainingCompleted>"
    )
    assert repr(table.subscribe(address("/a"), ALL)) == "<Subscription /a ALL>"
