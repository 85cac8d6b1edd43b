"""The peers: stock Pykka with a registry actor, and blinker, each as one would write it plainly."""

from __future__ import annotations

import hashlib
import json
from collections import OrderedDict
from time import monotonic, perf_counter
from typing import TYPE_CHECKING, Any, NamedTuple

import pykka
from blinker import Signal

from .cases import await_event, started
from .events_facts import CAPACITY, NAME, SUBSCRIBERS, WINDOW

if TYPE_CHECKING:
    from .events_facts import Batch, Fact
    from .events_receivers import Finish

Payload = dict[str, Any]


class Message(NamedTuple):
    """An event: its name and its fields."""

    name: str
    payload: Payload


class InvalidError(ValueError):
    """A field is missing, unknown, or of another type."""


REQUIRED: dict[str, dict[str, type | tuple[type, ...]]] = {NAME: {"config_key": str}}
OPTIONAL: dict[str, dict[str, type | tuple[type, ...]]] = {
    NAME: {
        "model_path": str,
        "model_id": str,
        "success": bool,
        "final_loss": (int, float),
        "policy_accuracy": (int, float),
        "training_samples": int,
        "iteration": int,
    }
}


def payload_of(fact: Fact) -> Payload:
    """Write the fields as a publisher does."""
    return {
        "config_key": fact.config_key,
        "model_path": fact.model_path,
        "final_loss": fact.final_loss,
        "policy_accuracy": fact.policy_accuracy,
        "training_samples": fact.training_samples,
        "iteration": fact.iteration,
    }


def validate(message: Message) -> None:
    """Check the fields, one by one.

    Raises:
        InvalidError: a field is missing, unknown, or of another type.
    """
    name, payload = message
    required, optional = REQUIRED[name], OPTIONAL[name]
    for field, kind in required.items():
        if not isinstance(payload.get(field), kind):
            raise InvalidError(f"{name}.{field} must be {kind}")
    for field, value in payload.items():
        if field not in required and not isinstance(value, optional[field]):
            raise InvalidError(f"{name}.{field} must be {optional[field]}")


class Seen:
    """The duplicates of a window: SHA-256 over JSON with its keys in order."""

    def __init__(self) -> None:
        self._seen: OrderedDict[str, float] = OrderedDict()

    def has(self, message: Message) -> bool:
        """Tell whether the same was said less than a window ago; else note it."""
        seen, now = self._seen, monotonic()
        while seen:
            oldest = next(iter(seen))
            if now - seen[oldest] < WINDOW:
                break
            del seen[oldest]
        content = json.dumps([message.name, message.payload], sort_keys=True)
        key = hashlib.sha256(content.encode()).hexdigest()
        if key in seen:
            return True
        seen[key] = now
        if len(seen) > CAPACITY:
            seen.popitem(last=False)
        return False


# ---------------------------------------------------------------------------------- stock Pykka


class StockRegistry(pykka.ThreadingActor):
    """Checks each event, drops duplicates, tells the subscribers."""

    def __init__(self, subscribers: dict[str, list[pykka.ActorRef[Any]]]) -> None:
        super().__init__()
        self._subscribers, self._seen = subscribers, Seen()

    def on_receive(self, message: Message) -> None:
        """Route."""
        validate(message)
        if not self._seen.has(message):
            for subscriber in self._subscribers[message.name]:
                subscriber.tell(message)


class StockSubscriber(pykka.ThreadingActor):
    """Counts what it gets."""

    def __init__(self, finish: Finish) -> None:
        super().__init__()
        self._finish, self._left = finish, finish.expected

    def on_receive(self, message: Message) -> None:
        """Count."""
        del message
        self._left -= 1
        if not self._left:
            self._finish.one_more()


class StockProducer(pykka.ThreadingActor):
    """Publishes a batch in one turn."""

    def __init__(self, registry: pykka.ActorRef[StockRegistry]) -> None:
        super().__init__()
        self._registry = registry

    def on_receive(self, message: Batch) -> None:
        """Publish."""
        for fact in message.facts:
            self._registry.tell(Message(NAME, payload_of(fact)))


def stock(given: Batch, finish: Finish, *, from_actor: bool) -> float:
    """Route a batch through stock actors; return the seconds until all is handled."""
    subscribers = [StockSubscriber.start(finish) for _ in range(SUBSCRIBERS)]
    registry = StockRegistry.start({NAME: [*subscribers]})
    producer = StockProducer.start(registry)
    with started(producer, registry, *subscribers):
        begin = perf_counter()
        if from_actor:
            producer.tell(given)
        else:
            for fact in given.facts:
                registry.tell(Message(NAME, payload_of(fact)))
        await_event(finish.done)
        return perf_counter() - begin


# --------------------------------------------------------------------------------------- blinker


class Receiver:
    """Counts what a signal sends."""

    def __init__(self, finish: Finish) -> None:
        self._finish, self._left = finish, finish.expected

    def __call__(self, sender: str, *, payload: Payload) -> None:
        """Count."""
        del sender, payload
        self._left -= 1
        if not self._left:
            self._finish.one_more()


def signal_to(finish: Finish) -> Signal:
    """Connect the subscribers; strong references are blinker's quicker way."""
    signal = Signal()
    for _ in range(SUBSCRIBERS):
        signal.connect(Receiver(finish).__call__, weak=False)
    return signal


def blinker(given: Batch, finish: Finish) -> float:
    """Check, drop duplicates, and call the receivers: what a registry does, without its queues."""
    signal, seen = signal_to(finish), Seen()
    begin = perf_counter()
    for fact in given.facts:
        message = Message(NAME, payload_of(fact))
        validate(message)
        if not seen.has(message):
            signal.send(message.name, payload=message.payload)
    await_event(finish.done)
    return perf_counter() - begin


def bare_blinker(given: Batch, finish: Finish) -> float:
    """Only call the receivers: nothing is checked, nothing is dropped, nothing is queued."""
    signal = signal_to(finish)
    begin = perf_counter()
    for fact in given.facts:
        signal.send(NAME, payload=payload_of(fact))
    await_event(finish.done)
    return perf_counter() - begin
