"""Whether somebody is subscribed to what the pipeline can't work without."""

from __future__ import annotations

import pytest
from hypothesis import given, strategies as st

from ringleader import Actor, ChildSpec, handles
from ringleader.actors.critical_subscriptions import (
    GROUPS,
    HANDLED_BY,
    SubscriptionStatus,
    subscription_status,
    types_of,
)
from ringleader.actors.events.base import Event
from ringleader.actors.events.catalogue import Catalogue
from ringleader.actors.events.errors import UnknownEventTypeError
from ringleader.actors.events.names import EventCategory
from ringleader.actors.options import CRITICAL
from ringleader.actors.routing import Subscription
from ringleader.actors.topics import ALL, Topic
from ringleader.testing import TestSystem

CATALOGUE = Catalogue()
NAMES = sorted({name for names in GROUPS.values() for name in names})


class Listener(Actor):
    """Hears the end of a training."""

    @handles("TRAINING_COMPLETED")
    def note(self, event: Event) -> None:
        del event


@pytest.fixture
def system() -> TestSystem:
    return TestSystem()


def status(
    system: TestSystem, topics: list[Topic], critical: tuple[str, ...] = ()
) -> SubscriptionStatus:
    ref = system.root.ref
    subscriptions = [Subscription(ref, topic) for topic in topics]
    return subscription_status(subscriptions, critical, CATALOGUE, 12.5)


def test_the_group_of_the_runbook_is_the_one_that_it_lists() -> None:
    assert GROUPS["manager_events"] == (
        "TRAINING_STARTED",
        "TRAINING_COMPLETED",
        "DATA_SYNC_STARTED",
        "DATA_SYNC_COMPLETED",
        "TASK_SPAWNED",
        "TASK_COMPLETED",
        "TASK_FAILED",
    )


def test_every_type_of_a_group_is_in_the_catalogue_and_has_somebody_who_usually_handles_it() -> (
    None
):
    assert [name for name in NAMES if name not in CATALOGUE] == []
    assert sorted(HANDLED_BY) == NAMES


def test_what_is_critical_by_default_is_in_the_groups_that_are() -> None:
    assert set(CRITICAL) <= {*GROUPS["manager_events"], *GROUPS["pipeline_events"]}


def test_names_of_groups_and_types_in_any_spelling_become_types() -> None:
    assert types_of(["Pipeline_Events", "sync_complete", "task_failed"], CATALOGUE) == (
        *GROUPS["pipeline_events"],
        "TASK_FAILED",
    )


@pytest.mark.parametrize(
    ("name", "hint"),
    [("TRAINING_COMPLETD", "TRAINING_COMPLETED"), ("manager_event", "manager_events")],
)
def test_a_name_that_is_neither_is_refused_with_what_is_near(name: str, hint: str) -> None:
    with pytest.raises(UnknownEventTypeError, match=hint):
        types_of([name], CATALOGUE)


def test_a_critical_type_without_a_subscriber_has_failed(system: TestSystem) -> None:
    training = CATALOGUE.find("TRAINING_COMPLETED")
    found = status(system, [training], ("TRAINING_COMPLETED", "MODEL_PROMOTED"))

    assert found.groups["manager_events"]["TRAINING_COMPLETED"]
    assert not found.groups["manager_events"]["TASK_FAILED"]
    assert (found.critical_failed, found.all_healthy) == (("MODEL_PROMOTED",), False)
    assert found.missing[0] == "MODEL_PROMOTED"
    assert (found.missing.count("MODEL_PROMOTED"), found.timestamp) == (1, 12.5)


def test_a_category_is_heard_and_who_hears_everything_handles_nothing(system: TestSystem) -> None:
    assert status(system, [EventCategory.TRAINING], ("TRAINING_COMPLETED",)).critical_failed == ()
    assert status(system, [ALL, Event], CRITICAL).critical_failed == CRITICAL


def test_a_type_of_one_s_own_can_be_critical() -> None:
    with TestSystem() as system:
        system.start_child(ChildSpec("listener", Listener))
        table = system.hub.table.subscriptions()
        found = subscription_status(table, ["TRAINING_COMPLETED"], system.catalogue, 0.0)
        assert found.critical_failed == ()


@given(st.sets(st.sampled_from(NAMES)), st.sets(st.sampled_from(NAMES)))
def test_all_is_well_when_everything_is_heard_and_never_otherwise(
    heard: set[str], critical: set[str]
) -> None:
    ref = TestSystem().root.ref
    found = subscription_status(
        [Subscription(ref, CATALOGUE.find(name)) for name in heard],
        sorted(critical),
        CATALOGUE,
        0.0,
    )

    assert set(found.critical_failed) == critical - heard
    assert set(found.missing) == set(NAMES) - heard
    assert found.all_healthy == (heard == set(NAMES))
