"""Which streams a node wants."""

from __future__ import annotations

from typing import ClassVar

from hypothesis import given, strategies as st

from ringleader.actors.events.base import Event, EventCategory, EventType
from ringleader.actors.events.catalogue import Catalogue
from ringleader.actors.events.p2p import HostOffline
from ringleader.actors.events.training import TrainingCompleted
from ringleader.actors.topics import ALL
from ringleader.transport.exports import Exports
from ringleader.transport.interest import Interest

KNOWN = Catalogue()
KINDS = list(KNOWN)
CROSSING = [kind for kind in KINDS if Exports().group(kind) is not None]
STAYING = [kind for kind in KINDS if Exports().group(kind) is None]
EVERY = frozenset(Exports().group(kind) for kind in CROSSING)


class Own(Event, frozen=True, kw_only=True):
    """A type of one's own that crosses."""

    EVENT: ClassVar[EventType] = EventType.custom("OWN_CROSSING", bridged=True)


def interest() -> Interest:
    return Interest(Catalogue(), Exports())


def test_nobody_wants_nothing() -> None:
    assert interest().groups([], []) == frozenset()


def test_a_type_comes_to_the_stream_that_it_goes_in() -> None:
    wanted = interest()
    assert wanted.groups([TrainingCompleted], []) == {"pipeline"}
    assert wanted.groups([TrainingCompleted, HostOffline], []) == {"pipeline", "p2p"}


def test_a_type_that_stays_on_its_node_is_no_reason_to_read() -> None:
    assert interest().groups([STAYING[0]], []) == frozenset()


def test_who_wants_all_wants_every_stream() -> None:
    assert interest().groups([ALL], []) == EVERY
    assert interest().groups([], [None]) == EVERY


def test_a_category_comes_to_the_streams_of_its_types() -> None:
    for category in EventCategory:
        mine = {Exports().group(kind) for kind in CROSSING if kind.EVENT.category is category}
        assert interest().groups([category], []) == mine


def test_a_durable_consumer_names_its_types_as_the_wire_does() -> None:
    wanted = interest()
    assert wanted.groups([], [(HostOffline.EVENT.value,)]) == {"p2p"}
    assert wanted.groups([], [("no_such_type", HostOffline.EVENT.value)]) == {"p2p"}
    assert wanted.groups([], [()]) == frozenset()


def test_what_settings_let_cross_is_wanted_and_what_they_keep_is_not() -> None:
    never = Exports(never=[TrainingCompleted.EVENT.name])
    assert Interest(KNOWN, never).groups([TrainingCompleted], []) == frozenset()
    also = Exports(also=[STAYING[0].EVENT.name])
    assert len(Interest(KNOWN, also).groups([STAYING[0]], [])) == 1


def test_a_type_that_is_registered_later_counts_for_who_wants_all() -> None:
    catalogue = Catalogue()
    wanted = Interest(catalogue, Exports())
    assert "user" not in wanted.groups([ALL], [])
    catalogue.register(Own)
    assert "user" in wanted.groups([ALL], [])


@given(st.lists(st.sampled_from(KINDS), max_size=8), st.lists(st.sampled_from(KINDS), max_size=8))
def test_more_wishes_never_come_to_fewer_streams(
    some: list[type[Event]], more: list[type[Event]]
) -> None:
    wanted = Interest(KNOWN, Exports())
    assert wanted.groups(some, []) <= wanted.groups([*some, *more], [])
    named = [tuple(kind.EVENT.value for kind in some)]
    assert wanted.groups([], named) == wanted.groups(some, [])
