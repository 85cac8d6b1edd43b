"""The registry: each event to everyone who asked, once."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from ringleader import Actor, ChildSpec, Dedup, Event, EventCategory, EventType, Outcome, handles
from ringleader.actors.errors import PublishError
from ringleader.actors.events import (
    BackpressureActivated,
    EvaluationStarted,
    EventValidationError,
    HandlerTimeout,
    ModelPromoted,
    PressureLevel,
    TrainingCompleted,
    UnknownEventTypeError,
)
from ringleader.actors.events.unknown import UnknownEvent
from ringleader.actors.kinds import key_function
from ringleader.actors.message import Delivery
from ringleader.actors.options import EventOptions
from ringleader.actors.topics import ALL
from ringleader.testing import TestSystem

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ringleader.supervisors.spec import Restart

DONE = TrainingCompleted(config_key="hex8_2p", model_path="m.npz")


class Listener(Actor):
    """Keeps what it hears."""

    def __init__(self, heard: list[Any]) -> None:
        super().__init__()
        self.heard = heard

    @handles(TrainingCompleted)
    def hear(self, event: TrainingCompleted) -> None:
        self.heard.append(event)

    @handles(str)
    def obey(self, order: str) -> None:
        raise ValueError(order)


class Evaluator(Actor):
    """Publishes because of an event."""

    @handles(TrainingCompleted)
    def evaluate(self, event: TrainingCompleted) -> None:
        self.publish(EvaluationStarted(config_key=event.config_key, model_path=event.model_path))


class Fragile(Actor):
    """Fails at every event."""

    @handles(TrainingCompleted)
    def fail(self, event: TrainingCompleted) -> None:
        raise ValueError(event.config_key)


@pytest.fixture
def system() -> Iterator[TestSystem]:
    with TestSystem(intensity=100) as system:
        yield system


def listen(
    system: TestSystem, name: str = "listener", restart: Restart = "permanent"
) -> list[TrainingCompleted]:
    heard: list[TrainingCompleted] = []
    system.start_child(ChildSpec(name, Listener, (heard,), restart=restart))
    return heard


def test_an_event_reaches_each_subscriber_once(system: TestSystem) -> None:
    first, second = listen(system, "a"), listen(system, "b")

    system.publish(DONE)
    system.run()

    assert first == second == [DONE]
    assert system.hub.statistics().outcomes == {Outcome.HANDLED: 2}


def test_subscribers_get_events_in_the_order_of_publication(system: TestSystem) -> None:
    heard = listen(system)

    for number in range(20):
        system.publish(TrainingCompleted(config_key="hex8_2p", model_path=f"{number}.npz"))
    system.run()

    assert [e.model_path for e in heard] == [f"{number}.npz" for number in range(20)]


def test_an_equal_event_is_suppressed_within_the_window_and_let_through_after_it(
    system: TestSystem,
) -> None:
    heard = listen(system)

    system.publish(DONE)
    system.publish(DONE)
    system.advance(59.0)
    system.publish(DONE)
    system.run()
    assert len(heard) == 1
    assert system.hub.statistics().deduplicated == 2

    system.advance(2.0)
    system.publish(DONE)
    system.run()
    assert len(heard) == 2


def test_equal_payloads_of_types_that_tell_of_transitions_are_different_facts(
    system: TestSystem,
) -> None:
    heard: list[Event] = []
    system.subscribe("BACKPRESSURE_ACTIVATED", heard.append)

    for _ in range(2):
        system.publish(BackpressureActivated(level=PressureLevel.HIGH, node_id="a"))
    system.run()

    assert len(heard) == 2


def test_a_window_of_zero_turns_suppression_off() -> None:
    with TestSystem(events=EventOptions(dedup_window=0)) as system:
        heard = listen(system)
        system.publish(DONE)
        system.publish(DONE)
        system.run()

        assert len(heard) == 2


def test_the_key_of_a_type_with_key_fields_ignores_all_others() -> None:
    class Closed(Event, frozen=True, kw_only=True):
        EVENT = EventType.custom("ACCOUNT_CLOSED", dedup=Dedup.key("who"))

        who: str
        why: str = ""

    key = key_function(Closed.EVENT)
    assert key is not None
    one = key(Closed(who="a", why="x"), b"1")
    other = key(Closed(who="a", why="y"), b"2")
    assert one == other != key(Closed(who="b"), b"1")


def test_an_event_wanted_by_nobody_is_counted(system: TestSystem) -> None:
    system.publish(DONE)
    system.run()

    statistics = system.hub.statistics()
    assert (statistics.published, statistics.unrouted, statistics.deliveries) == (1, 1, 0)


def test_what_a_handler_publishes_names_the_event_that_caused_it(system: TestSystem) -> None:
    seen: list[tuple[Event, Any]] = []
    system.hub.taps.append(lambda event, envelope: seen.append((event, envelope)))
    system.start_child(ChildSpec("evaluator", Evaluator))

    cause = system.publish(DONE, source="test").id
    system.run()

    (_, first), (_, second) = [pair for pair in seen if not pair[0].EVENT.name.startswith("DAEMON")]
    assert (first.id, first.source, first.depth) == (cause, "test", 0)
    assert (second.causationid, second.correlationid, second.depth) == (cause, cause, 1)
    assert second.source == "/evaluator"


def test_a_chain_of_events_that_cause_one_another_is_cut_off(system: TestSystem) -> None:
    class Echo(Actor):
        """Answers each event with the next."""

        @handles(TrainingCompleted)
        def answer(self, event: TrainingCompleted) -> None:
            number = int(event.model_path or 0) + 1
            self.publish(TrainingCompleted(config_key="hex8_2p", model_path=str(number)))

    for name in ("a", "b"):  # each hears the other
        system.start_child(ChildSpec(name, Echo))
    system.publish(TrainingCompleted(config_key="hex8_2p", model_path="0"))
    system.run()

    assert system.hub.statistics().looped > 0
    causes = {death.cause for death in system.deaths.all()}
    assert any("look like a loop" in cause for cause in causes)


def test_a_component_does_not_hear_its_own_echo_unless_it_asks_to(system: TestSystem) -> None:
    heard: list[str] = []

    class Speaker(Actor):
        """Publishes what it also hears."""

        @handles(str)
        def speak(self, model: str) -> None:
            self.publish(TrainingCompleted(config_key="hex8_2p", model_path=model))

        @handles(TrainingCompleted)
        def hear(self, event: TrainingCompleted) -> None:
            heard.append(event.model_path or "")

    ref = system.start_child(ChildSpec("speaker", Speaker))
    ref.tell("a")
    system.run()
    assert heard == []

    system.hub.subscribe(ref, TrainingCompleted, echo=True)
    ref.tell("b")
    system.run()
    assert heard == ["b"]


def test_subscriptions_are_kept_over_a_restart_and_events_wait(system: TestSystem) -> None:
    heard = listen(system)

    system.ref("/listener").tell("crash")
    system.publish(DONE)
    system.run()

    assert heard == [DONE]


def test_a_subscriber_that_is_gone_for_good_is_unsubscribed(system: TestSystem) -> None:
    listen(system, restart="temporary")
    assert system.hub.statistics().subscriptions == 1

    system.ref("/listener").tell("crash")
    system.run()

    assert system.hub.statistics().subscriptions == 0


def test_a_failing_subscriber_changes_nothing_for_the_others(system: TestSystem) -> None:
    system.start_child(ChildSpec("fragile", Fragile))
    heard = listen(system)

    system.publish(DONE)
    system.run()

    assert heard == [DONE]
    assert system.hub.statistics().outcomes == {Outcome.HANDLED: 1, Outcome.FAILED: 1}
    (letter,) = system.dead_letters.letters()
    assert (letter.path, letter.message, letter.reason) == ("/fragile", DONE, Outcome.FAILED)
    assert letter.event_id is not None


def test_a_full_subscriber_gets_a_dead_letter_and_the_publisher_goes_on(
    system: TestSystem,
) -> None:
    class Narrow(Listener):
        """Has room for one message."""

        mailbox_capacity = 1

    heard: list[TrainingCompleted] = []
    ref = system.start_child(ChildSpec("narrow", Narrow, (heard,)))
    with system.stepper.hold(ref.cell):
        for number in range(3):
            system.publish(TrainingCompleted(config_key="hex8_2p", model_path=str(number)))
        system.run()
    system.run()

    assert [e.model_path for e in heard] == ["0"]
    assert system.hub.statistics().outcomes == {Outcome.HANDLED: 1, Outcome.REJECTED: 2}
    assert len(system.dead_letters.letters()) == 2


def test_subscribing_to_a_category_or_to_everything_works_for_functions(
    system: TestSystem,
) -> None:
    models: list[Event] = []
    everything: list[Event] = []
    system.subscribe(EventCategory.MODEL, models.append)
    system.subscribe(ALL, everything.append)

    system.publish(ModelPromoted(model_id="m", config_key="hex8_2p"))
    system.publish(DONE)
    system.run()

    assert [type(e) for e in models] == [ModelPromoted]
    assert {ModelPromoted, TrainingCompleted} <= {type(e) for e in everything}


def test_a_restart_of_the_registry_keeps_subscriptions_and_events(system: TestSystem) -> None:
    heard = listen(system)
    registry = system.ref("/system/registry").cell
    assert registry.current is not None
    with system.stepper.hold(registry):
        system.publish(DONE)
        registry.inject(registry.current, ValueError("injected"))
    system.run()

    assert registry.launched == 2
    assert heard == [DONE]


def test_an_event_that_is_not_what_its_type_declares_is_refused_to_its_publisher(
    system: TestSystem,
) -> None:
    wrong: Any = 7
    with pytest.raises(EventValidationError, match=r"TRAINING_COMPLETED\.config_key"):
        system.publish(TrainingCompleted(config_key=wrong))


def test_publishing_by_name_names_the_nearest_types(system: TestSystem) -> None:
    with pytest.raises(UnknownEventTypeError, match="TRAINING_COMPLETED"):
        system.publish("TRAINING_COMPLETD", {"config_key": "hex8_2p"})


def test_publishing_by_an_old_name_publishes_the_new_one(system: TestSystem) -> None:
    heard = listen(system)

    system.publish("training_complete", {"config": "hex8_2p", "model_path": "m.npz"})
    system.run()

    assert heard == [DONE]


def test_an_event_type_outside_the_catalogue_can_not_be_published(system: TestSystem) -> None:
    class Private(Event, frozen=True, kw_only=True):
        EVENT = EventType.custom("PRIVATE_FACT")

    with pytest.raises(UnknownEventTypeError, match=r"Private.*register it first"):
        system.publish(Private())


def test_an_event_type_of_ones_own_can_be_published_when_the_system_knows_it() -> None:
    class Sold(Event, frozen=True, kw_only=True):
        """Something was sold."""

        EVENT = EventType.custom("SOLD")

        what: str

    heard: list[Event] = []
    with TestSystem(event_types=[Sold]) as system:
        system.subscribe("SOLD", heard.append)
        system.publish(Sold(what="hat"))
        system.run()

    assert heard == [Sold(what="hat")]


def test_a_payload_beside_an_event_is_refused(system: TestSystem) -> None:
    with pytest.raises(PublishError, match="name of an event"):
        system.publish(DONE, {"config_key": "hex8_2p"})


def test_an_actor_without_a_system_has_no_registry() -> None:
    ref = Evaluator.start()
    try:
        with pytest.raises(PublishError, match="without a registry"):
            ref.call(Evaluator.evaluate, DONE).get(timeout=5)
    finally:
        ref.stop()


def test_nothing_can_be_published_before_the_start_or_after_the_end() -> None:
    system = TestSystem()
    with pytest.raises(PublishError, match="not running"):
        system.publish(DONE)
    with system:
        pass
    with pytest.raises(PublishError):
        system.publish(DONE)


def test_a_name_can_stand_for_a_path_until_its_actor_is_gone(system: TestSystem) -> None:
    listen(system, restart="temporary")
    system.hub.register("ears", "/listener")
    assert system.ref("ears").path == "/listener"
    with pytest.raises(ValueError, match="is taken by /listener"):
        system.hub.register("ears", "/other")

    system.ref("ears").tell("crash")
    system.run()
    assert system.hub.names == {}


class Stuck(Actor):
    """Never comes to the end of its first event."""

    def __init__(self, lives: list[str]) -> None:
        super().__init__()
        self.lives = lives

    @handles(TrainingCompleted)
    async def hang(self, event: TrainingCompleted) -> None:
        self.lives.append(event.model_path or "")
        if len(self.lives) == 1:
            await self.sleep(10_000.0)


def test_a_handler_that_takes_too_long_is_ended_and_its_event_set_aside() -> None:
    late: list[Event] = []
    lives: list[str] = []
    with TestSystem(intensity=10, events=EventOptions(handler_timeout=10.0)) as system:
        system.start_child(ChildSpec("stuck", Stuck, (lives,)))
        system.subscribe("HANDLER_TIMEOUT", late.append)
        done = system.publish(DONE)
        system.publish(TrainingCompleted(config_key="hex8_2p", model_path="next"))

        system.advance(9.0)
        assert lives == ["m.npz"]
        system.advance(4.0)

        assert lives == ["m.npz", "next"]
        assert system.hub.statistics().outcomes == {Outcome.HANDLED: 2, Outcome.TIMED_OUT: 1}
        (letter,) = system.dead_letters.letters()
        assert (letter.path, letter.message, letter.reason) == ("/stuck", DONE, Outcome.TIMED_OUT)
        assert late == [
            HandlerTimeout(
                handler_name="/stuck",
                event_type="TRAINING_COMPLETED",
                timeout_seconds=10.0,
                coordinator="stuck",
                event_id=done.id,
            )
        ]
        (death,) = system.deaths.all()
        assert death.cause == (
            "HandlerTimedOut: the handler of training_completed took longer than 10 s"
        )


def test_a_handler_that_is_at_another_event_by_then_is_left_alone() -> None:
    lives: list[str] = []
    with TestSystem(events=EventOptions(handler_timeout=10.0)) as system:
        ref = system.start_child(ChildSpec("stuck", Stuck, (lives,)))
        system.publish(DONE)
        system.run()
        current, at = ref.cell.current, ref.cell.delivery
        assert current is not None
        assert at is not None
        other = Delivery(at.event, at.envelope, None)

        assert not ref.cell.kill(current, "late", only_if=lambda: ref.cell.delivery is other)
        assert ref.cell.kill(current, "late", only_if=lambda: ref.cell.delivery is at)


def test_lenient_validation_publishes_what_is_unknown_logs_it_once_and_counts_it(
    caplog: pytest.LogCaptureFixture,
) -> None:
    heard: list[Event] = []
    with TestSystem(events=EventOptions(validation_strict=False)) as system:
        system.subscribe(ALL, heard.append)
        for _ in range(3):
            system.publish("NO_SUCH_EVENT", {"what": 1})
        system.run()

        assert system.hub.statistics().unknown == {"NO_SUCH_EVENT": 3}
    assert heard == [UnknownEvent(type="NO_SUCH_EVENT", fields={"what": 1})] * 3
    assert [r.getMessage() for r in caplog.records if r.name == "ringleader.events"] == [
        (
            "published as UNKNOWN_EVENT, and so will be all like it: "
            "'NO_SUCH_EVENT' is not an event type of the catalogue"
        )
    ]


def test_old_spellings_are_counted(system: TestSystem) -> None:
    system.publish("training_complete", {"config": "hex8_2p", "model_path": "m.npz"})

    assert sum(system.hub.statistics().renamed.values()) == 2
