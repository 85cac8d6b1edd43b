"""Which events an actor gets: conditions, topics, `subscriptions()`, timeouts."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pykka
import pytest

from ringleader import ALL, Actor, ChildSpec, Event, EventCategory, HandlerError, Outcome, handles
from ringleader.actors.events import (
    EvaluationStarted,
    ModelPromoted,
    TrainingCompleted,
    TrainingFailed,
    TrainingStarted,
)
from ringleader.supervisors.errors import StartFailed
from ringleader.testing import TestSystem

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from ringleader.actors.topics import Topic

HEX8 = TrainingCompleted(config_key="hex8_2p", model_path="m.npz")
HEX5 = TrainingCompleted(config_key="hex5_2p", model_path="m.npz")


@pytest.fixture
def system() -> Iterator[TestSystem]:
    with TestSystem(intensity=100) as system:
        yield system


def publish(system: TestSystem, *events: Event) -> None:
    for event in events:
        system.publish(event)
    system.run()


class Keeping(Actor):
    """Keeps what its handlers hear, with the handler's name."""

    def __init__(self, heard: list[tuple[str, Any]]) -> None:
        super().__init__()
        self.heard = heard

    def keep(self, how: str, event: Event) -> None:
        if not event.EVENT.name.startswith("DAEMON"):
            self.heard.append((how, event))


class ByTopic(Keeping):
    @handles(TrainingCompleted)
    def exact(self, event: TrainingCompleted) -> None:
        self.keep("exact", event)

    @handles(EventCategory.TRAINING)
    def category(self, event: Event) -> None:
        self.keep("category", event)

    @handles(ALL)
    def everything(self, event: Event) -> None:
        self.keep("all", event)


def test_of_several_handlers_the_narrowest_gets_the_event(system: TestSystem) -> None:
    heard: list[tuple[str, Any]] = []
    system.start_child(ChildSpec("topics", ByTopic, (heard,)))
    failed = TrainingFailed(config_key="hex8_2p", error="no")
    started = EvaluationStarted(config_key="hex8_2p", model_path="m")

    publish(system, HEX8, failed, started)

    assert heard == [("exact", HEX8), ("category", failed), ("all", started)]


class Choosy(Keeping):
    @handles(TrainingCompleted, where={"config_key": {"hex8_2p", "hex9_2p"}, "model_path": "m.npz"})
    def hear(self, event: TrainingCompleted) -> None:
        self.keep("hear", event)

    @handles(ModelPromoted, where=lambda event: event.model_path.startswith("best"))
    def promoted(self, event: ModelPromoted) -> None:
        self.keep("promoted", event)


def test_a_condition_lets_only_some_events_through(system: TestSystem) -> None:
    heard: list[tuple[str, Any]] = []
    system.start_child(ChildSpec("choosy", Choosy, (heard,)))
    best = ModelPromoted(config_key="hex8_2p", model_path="best.npz")
    other = TrainingCompleted(config_key="hex8_2p", model_path="other.npz")

    publish(system, HEX8, HEX5, other, best, ModelPromoted(config_key="x", model_path="worse.npz"))

    assert heard == [("hear", HEX8), ("promoted", best)]
    assert system.hub.statistics().outcomes == {Outcome.HANDLED: 2}


def test_a_condition_that_raises_makes_a_dead_letter_and_harms_nobody(system: TestSystem) -> None:
    heard: list[Any] = []

    def unsure(event: TrainingCompleted) -> bool:
        raise ValueError(event.config_key)

    system.subscribe(TrainingCompleted, heard.append, name="unsure", where=unsure)
    system.subscribe(TrainingCompleted, heard.append, name="sure")
    publish(system, HEX8)

    assert heard == [HEX8]
    (letter,) = system.dead_letters.letters()
    assert letter.path == "/system/subscribers/unsure"
    assert letter.detail == "its condition raised ValueError: hex8_2p"
    assert not [d for d in system.deaths.all() if d.path == "/system/registry"]


def test_a_condition_on_a_field_that_the_type_has_not_is_refused_with_the_nearest() -> None:
    with pytest.raises(HandlerError, match=r"no field 'config_kee'; did you mean config_key\?"):

        class Wrong(Actor):  # pyright: ignore[reportUnusedClass]  # its creation fails
            @handles(TrainingCompleted, where={"config_kee": "hex8_2p"})
            def hear(self, event: TrainingCompleted) -> None:
                del event


@pytest.mark.parametrize("extra", [{"timeout": 1.0}, {"where": {"a": 1}}, {"echo": True}])
def test_what_is_said_about_events_is_refused_for_other_messages(extra: dict[str, Any]) -> None:
    with pytest.raises(HandlerError, match="str, which is no event"):

        class Wrong(Actor):  # pyright: ignore[reportUnusedClass]  # its creation fails
            @handles(str, **extra)
            def hear(self, message: str) -> None:
                del message


def test_a_timeout_is_above_zero() -> None:
    with pytest.raises(HandlerError, match="seconds above 0"):
        handles(TrainingCompleted, timeout=0)


class Mapped(Keeping):
    """Says when it starts what it listens to, as the reference system's handlers do."""

    def __init__(
        self, heard: list[tuple[str, Any]], mapping: Mapping[Any, Any] | None = None
    ) -> None:
        super().__init__(heard)
        self.mapping = mapping

    def subscriptions(self) -> Mapping[Topic | str, str | Callable[[Any], Any]]:
        if self.mapping is not None:
            return self.mapping
        return {
            "training_complete": self.on_training,
            EvaluationStarted: "on_evaluation",
            EventCategory.MODEL: self.on_model,
        }

    def on_training(self, event: TrainingCompleted) -> None:
        self.keep("training", event)

    def on_evaluation(self, event: EvaluationStarted) -> None:
        self.keep("evaluation", event)

    def on_model(self, event: Event) -> None:
        self.keep("model", event)

    @handles(TrainingStarted)
    def declared(self, event: TrainingStarted) -> None:
        self.keep("declared", event)


def test_a_mapping_of_subscriptions_works_beside_declared_handlers(system: TestSystem) -> None:
    heard: list[tuple[str, Any]] = []
    ref = system.start_child(ChildSpec("mapped", Mapped, (heard,)))
    evaluation = EvaluationStarted(config_key="hex8_2p", model_path="m")
    promoted = ModelPromoted(config_key="hex8_2p", model_path="m")
    started = TrainingStarted(config_key="hex8_2p")

    publish(system, HEX8, evaluation, promoted, started)
    assert heard == [
        ("training", HEX8),
        ("evaluation", evaluation),
        ("model", promoted),
        ("declared", started),
    ]

    heard.clear()
    ref.tell(HEX5)  # a direct message of the type, too
    system.run()
    assert heard == [("training", HEX5)]


def test_the_mapping_is_asked_at_each_start(system: TestSystem) -> None:
    heard: list[tuple[str, Any]] = []
    mapping: dict[Any, Any] = {TrainingCompleted: "on_training"}
    ref = system.start_child(ChildSpec("mapped", Mapped, (heard, mapping)))
    publish(system, HEX8)

    del mapping[TrainingCompleted]
    mapping[TrainingFailed] = "on_model"
    ref.tell(object())  # is not expected, and logged
    assert ref.cell.current is not None
    ref.cell.kill(ref.cell.current)
    system.run()
    failed = TrainingFailed(config_key="hex8_2p", error="no")
    publish(system, HEX5, failed)

    assert heard == [("training", HEX8), ("model", failed)]


@pytest.mark.parametrize(
    ("mapping", "problem"),
    [
        ({"TRAINING_COMPLETD": "on_training"}, "did you mean TRAINING_COMPLETED"),
        ({TrainingCompleted: "on_trainin"}, r"no method of the actor; did you mean on_training"),
        ({7: "on_training"}, "has the key 7"),
    ],
)
@pytest.mark.usefixtures("quiet")
def test_what_a_mapping_can_not_mean_fails_the_start(
    system: TestSystem, mapping: dict[Any, Any], problem: str
) -> None:
    with pytest.raises(StartFailed, match=problem):
        system.start_child(ChildSpec("mapped", Mapped, ([], mapping)))


class Unwilling(Actor):
    """Forgets to say what it listens to."""

    def subscriptions(self) -> Any:
        return None


@pytest.mark.usefixtures("quiet")
def test_what_is_no_mapping_fails_the_start_in_words(system: TestSystem) -> None:
    with pytest.raises(StartFailed, match=r"Unwilling\.subscriptions\(\) has returned None"):
        system.start_child(ChildSpec("unwilling", Unwilling))


class Account(pykka.ThreadingActor):
    """Written for Pykka; what it calls subscriptions has nothing to do with events."""

    def subscriptions(self) -> dict[str, str]:
        return {"plan": "gold"}


class Accounts(pykka.ThreadingActor):
    """The same, with an argument."""

    def subscriptions(self, user: str) -> dict[str, str]:
        return {user: "gold"}


def test_an_unchanged_pykka_class_may_have_a_method_of_that_name(system: TestSystem) -> None:
    one = system.start_child(ChildSpec("account", Account))
    other = system.start_child(ChildSpec("accounts", Accounts))

    def asked(ref: Any, *args: str) -> Any:
        future = ref.proxy().subscriptions(*args)
        system.run()
        return future.get(timeout=0)

    assert asked(one) == {"plan": "gold"}
    assert asked(other, "me") == {"me": "gold"}
    assert system.hub.statistics().subscriptions == 0


class Steady(Keeping):
    """Its handler may be called twice, hears itself, and fails once at each event."""

    def subscriptions(self) -> Mapping[Topic | str, str | Callable[[Any], Any]]:
        return {TrainingCompleted: "hear", TrainingFailed: self.hear}

    @handles(TrainingStarted, idempotent=True, echo=True)
    def hear(self, event: Event) -> None:
        self.keep("hear", event)
        if [heard for _, heard in self.heard].count(event) == 1:
            raise ValueError("the first time")

    @handles(str)
    def speak(self, _: str) -> None:
        self.publish(HEX8)


@pytest.mark.usefixtures("quiet")
def test_what_is_said_of_a_handler_holds_for_the_events_of_a_mapping_too(
    system: TestSystem,
) -> None:
    heard: list[tuple[str, Any]] = []
    ref = system.start_child(ChildSpec("steady", Steady, (heard,)))
    failed = TrainingFailed(config_key="hex8_2p", error="no")

    publish(system, HEX5, failed)
    assert heard == [("hear", HEX5)] * 2 + [("hear", failed)] * 2  # it is tried again

    heard.clear()
    ref.tell("speak")
    system.run()
    assert heard == [("hear", HEX8)] * 2  # and hears itself


class Slow(Actor):
    """Sleeps in its handlers, of which one has a time of its own."""

    @handles(TrainingCompleted, timeout=1.0)
    async def hear(self, event: TrainingCompleted) -> None:
        del event
        await self.sleep(5.0)

    @handles(TrainingFailed)
    async def failed(self, event: TrainingFailed) -> None:
        del event
        await self.sleep(5.0)


def test_a_handler_may_have_a_time_of_its_own(system: TestSystem) -> None:
    system.start_child(ChildSpec("slow", Slow))
    publish(system, HEX8, TrainingFailed(config_key="hex8_2p", error="no"))
    system.advance(20.0)

    assert system.hub.statistics().outcomes == {Outcome.TIMED_OUT: 1, Outcome.HANDLED: 1}


def test_subscribing_again_takes_over_what_is_said_then(system: TestSystem) -> None:
    heard: list[tuple[str, Any]] = []
    ref = system.start_child(ChildSpec("keeping", Keeping, (heard,)))
    system.hub.subscribe(ref, TrainingCompleted, where={"config_key": "hex8_2p"}, timeout=3.0)
    subscription = system.hub.subscribe(ref, TrainingCompleted, timeout=5.0)

    assert (subscription.timeout, subscription.condition) == (5.0, None)
    assert system.hub.statistics().subscriptions == 1
