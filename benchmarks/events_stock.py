"""The peer that is measured: stock Pykka, with an actor for a registry."""

from __future__ import annotations

from time import perf_counter
from typing import TYPE_CHECKING, Any

import pykka

from .cases import await_event, started
from .events_facts import NAME, SUBSCRIBERS
from .events_plain import Message, Seen, payload_of, validate

if TYPE_CHECKING:
    from .events_facts import Batch
    from .events_finish import Finish


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
