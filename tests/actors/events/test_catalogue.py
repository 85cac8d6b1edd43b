from __future__ import annotations

import subprocess
import sys

import pytest

from ringleader.actors import events
from ringleader.actors.events import (
    Catalogue,
    DataEventType,
    Dedup,
    Event,
    EventCategory,
    EventType,
    EventTypeError,
    NewGamesAvailable,
    TrainingCompleted,
    UnknownEventTypeError,
)


class OrderPaid(Event, frozen=True, kw_only=True):
    EVENT = EventType.custom("ORDER_PAID", durable=True, dedup=Dedup.key("order_id"))

    order_id: str
    lines: tuple[str, ...] = ()


@pytest.fixture
def catalogue() -> Catalogue:
    return Catalogue()


@pytest.mark.parametrize(
    "spelling",
    [
        "NEW_GAMES_AVAILABLE",
        "new_games",
        "GAMES_GENERATED",
        "games_generated",
        DataEventType.NEW_GAMES_AVAILABLE,
        NewGamesAvailable,
    ],
)
def test_a_type_is_found_by_name_value_alias_and_class(
    catalogue: Catalogue, spelling: str | type[Event]
) -> None:
    assert catalogue.find(spelling) is NewGamesAvailable
    assert spelling in catalogue


def test_what_is_not_in_the_catalogue_is_not_in_it(catalogue: Catalogue) -> None:
    for stranger in ("TRAINING_COMPLETID", OrderPaid, Event, dict, 3, None):
        assert stranger not in catalogue


def test_it_goes_through_all_types_once(catalogue: Catalogue) -> None:
    catalogue.register(OrderPaid)
    found = list(catalogue)
    assert len(found) == len(set(found)) == len(catalogue) == 254
    assert found[-1] is OrderPaid


def test_types_are_listed_by_category(catalogue: Catalogue) -> None:
    assert len(catalogue.of_category("health")) == 36
    assert OrderPaid not in catalogue.of_category(EventCategory.OTHER)
    catalogue.register(OrderPaid)
    assert OrderPaid in catalogue.of_category(EventCategory.OTHER)
    with pytest.raises(ValueError, match="wealth"):
        catalogue.of_category("wealth")


def test_a_type_of_ones_own_is_found_once_it_is_registered(catalogue: Catalogue) -> None:
    with pytest.raises(UnknownEventTypeError, match=r"register it first: catalogue\.register"):
        catalogue.validated(OrderPaid(order_id="7"))
    assert catalogue.register(OrderPaid) is OrderPaid
    assert catalogue.find("order_paid") is catalogue.find("ORDER_PAID") is OrderPaid
    assert catalogue.canonical("Order_Paid") == "ORDER_PAID"
    assert catalogue.validated(OrderPaid(order_id="7"))[0] == OrderPaid(order_id="7")


def test_a_type_registered_in_one_catalogue_is_unknown_to_another(catalogue: Catalogue) -> None:
    catalogue.register(OrderPaid)
    assert OrderPaid not in Catalogue()


def test_registering_a_type_twice_is_harmless(catalogue: Catalogue) -> None:
    catalogue.register(OrderPaid)
    catalogue.register(OrderPaid)
    assert len(catalogue) == 254


def test_a_value_of_ones_own_is_found_too(catalogue: Catalogue) -> None:
    @catalogue.register
    class Parcel(Event, frozen=True, kw_only=True):
        EVENT = EventType(name="PARCEL_SENT", value="parcel-sent/v2")

    assert catalogue.find("parcel-sent/v2") is Parcel


@pytest.mark.parametrize("taken", ["TRAINING_COMPLETED", "new_games", "SYNC_COMPLETED"])
def test_a_name_that_is_taken_is_refused_with_who_has_it(catalogue: Catalogue, taken: str) -> None:
    class Mine(Event, frozen=True, kw_only=True):
        EVENT = EventType.custom(taken)

    with pytest.raises(EventTypeError, match=r"Mine can't be registered as .* that is ringleader"):
        catalogue.register(Mine)


def test_two_types_of_ones_own_cannot_share_a_name(catalogue: Catalogue) -> None:
    class Other(Event, frozen=True, kw_only=True):
        EVENT = EventType(name="ORDER_SETTLED", value="order_paid")

    catalogue.register(OrderPaid)
    with pytest.raises(EventTypeError, match="OrderPaid; give its EVENT another name"):
        catalogue.register(Other)


def test_a_name_that_is_known_to_be_wrong_cannot_be_registered(catalogue: Catalogue) -> None:
    class Mine(Event, frozen=True, kw_only=True):
        EVENT = EventType.custom("TRAINING_PAUSED")

    with pytest.raises(EventTypeError, match="NODE_UNHEALTHY says why"):
        catalogue.register(Mine)


def test_a_near_name_of_ones_own_is_suggested(catalogue: Catalogue) -> None:
    catalogue.register(OrderPaid)
    with pytest.raises(UnknownEventTypeError, match="did you mean ORDER_PAID"):
        catalogue.find("ORDER_PAYED")


def test_what_is_no_event_is_refused_by_name(catalogue: Catalogue) -> None:
    with pytest.raises(UnknownEventTypeError, match="'dict' is not an event type"):
        catalogue.validated({"config_key": "hex8_2p"})  # type: ignore[type-var]  # pyright: ignore[reportArgumentType]  # the mistake


def test_a_type_is_decoded_by_any_spelling_of_its_name(catalogue: Catalogue) -> None:
    event = TrainingCompleted(config_key="hex8_2p")
    data = catalogue.encode(event)
    for spelling in ("TRAINING_COMPLETED", "training_complete", TrainingCompleted):
        assert catalogue.decode(spelling, data) == event


def test_a_type_that_the_table_does_not_have_cannot_claim_to_be_of_it() -> None:
    with pytest.raises(KeyError):
        EventType.named("ORDER_PAID")


def loaded_after(code: str) -> set[str]:
    """Run code in a fresh interpreter and name the catalogue's modules it loaded."""
    report = "import sys; print(*(n.split('.')[-1] for n in sys.modules if '.events.' in n))"
    done = subprocess.run(  # noqa: S603  # our own interpreter and code
        [sys.executable, "-c", f"{code}\n{report}"], capture_output=True, text=True, check=True
    )
    return {*done.stdout.split()} & {member.module for member in DataEventType}


@pytest.fixture(scope="module")
def always_loaded() -> set[str]:
    """The modules that the package itself needs: its supervisors publish lifecycle events."""
    return loaded_after("import ringleader")


def test_the_package_loads_only_the_events_it_publishes_itself(always_loaded: set[str]) -> None:
    assert always_loaded <= {"daemon", "health"}


def test_importing_one_type_loads_its_module_only(always_loaded: set[str]) -> None:
    loaded = loaded_after("from ringleader.actors.events import CmaesTriggered")
    assert loaded == always_loaded | {"optimization"}


def test_the_catalogue_loads_nothing_until_it_is_asked(always_loaded: set[str]) -> None:
    code = "from ringleader.actors.events import Catalogue; c = Catalogue(); len(c)"
    assert loaded_after(code) == always_loaded
    assert loaded_after(f"{code}; c.find('CMAES_COMPLETE')") == always_loaded | {"optimization"}


def test_all_types_are_exported() -> None:
    assert {member.class_name for member in DataEventType} <= {*events.__all__} <= {*dir(events)}
    for name in events.__all__:
        assert getattr(events, name) is not None


def test_a_misspelt_type_is_answered_with_the_nearest() -> None:
    with pytest.raises(AttributeError, match="did you mean TrainingCompleted"):
        _ = events.TraningCompleted  # type: ignore[attr-defined]  # pyright: ignore[reportAttributeAccessIssue, reportUnknownMemberType]  # the mistake
