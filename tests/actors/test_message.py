from __future__ import annotations

from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, cast

import pytest
from pykka.messages import ProxyCall, _ActorStop

from ringleader.actors.lifecycle import Terminated
from ringleader.actors.message import (
    Again,
    Ask,
    Call,
    Delivery,
    Fired,
    delivery_in,
    is_stop,
    may_be_dropped,
    plain,
)

if TYPE_CHECKING:
    from ringleader.actors.events.base import Envelope, Event
    from ringleader.actors.message import Settles

EVENT = cast("Event", object())


HERE: Any = SimpleNamespace(owned=None)  # all that is asked of a cell


def delivery() -> Delivery:
    return Delivery(EVENT, cast("Envelope", object()), cast("Settles", SimpleNamespace()))


@pytest.mark.parametrize(
    "item",
    [
        "sent",
        Ask("sent", None),
        Fired("sent", lambda: False),
        Again("sent"),
        Again(Ask("sent", None)),
        Again(Again("sent")),
    ],
)
def test_what_was_sent_is_found_in_whatever_carries_it(item: Any) -> None:
    assert plain(item) == "sent"


def test_of_a_delivery_the_event_was_sent() -> None:
    assert plain(delivery()) is EVENT
    assert plain(Again(delivery())) is EVENT


def test_a_delivery_is_found_also_at_its_second_try() -> None:
    one = delivery()

    assert delivery_in(one, HERE) is one
    assert delivery_in(Again(one), HERE) is one
    assert delivery_in(Again("sent"), HERE) is None
    assert delivery_in("sent", HERE) is None


def test_a_call_names_the_method_so_that_a_subclass_can_override_it() -> None:
    class Base:
        def greet(self, name: str, *, loudly: bool = False) -> str:
            return f"hello {name}{'!' if loudly else ''}"

    class Derived(Base):
        def greet(self, name: str, *, loudly: bool = False) -> str:
            return super().greet(name.title(), loudly=loudly)

    call = Call("greet", ("ada",), {"loudly": True})

    assert call.on(Base()) == "hello ada!"
    assert call.on(Derived()) == "hello Ada!"


@pytest.mark.parametrize("order", [_ActorStop(), Ask(_ActorStop(), None)])
def test_an_order_to_stop_is_told_from_other_messages(order: Any) -> None:
    assert is_stop(order)
    assert not may_be_dropped(order)


@pytest.mark.parametrize("item", ["sent", Ask("sent", None), (), ProxyCall(("stop",), (), {})])
def test_other_messages_may_be_dropped(item: Any) -> None:
    assert not is_stop(item)
    assert may_be_dropped(item)


def test_the_news_that_somebody_is_gone_may_not_be_dropped() -> None:
    assert not may_be_dropped(Terminated(cast("Any", None), "normal"))
