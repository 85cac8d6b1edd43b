"""Where a system's dead letters go: into memory, to be counted, and into a store, to be kept."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from ringleader.actors.dead_letter_queue import DeadLetterQueue

if TYPE_CHECKING:
    from ringleader.actors.dead_letter_options import DeadLetterOptions
    from ringleader.actors.dead_letters import LetterStore
    from ringleader.actors.events.base import Envelope, Event
    from ringleader.actors.hub import EventHub
    from ringleader.actors.letters import DeadLetter, DeadLetterSink

KEEPER: str = "/system/dead-letters"
"""Where the actor lives that looks after them, in whose name their events are published."""


class Letterbox:
    """Gives each letter to several sinks.

    Args:
        sinks: where they go, in this order.
    """

    def __init__(self, *sinks: DeadLetterSink) -> None:
        self._sinks = sinks

    def put(self, letter: DeadLetter) -> None:
        """Keep a letter; called from any thread, does not block."""
        for sink in self._sinks:
            sink.put(letter)


def queue_of(
    hub: EventHub, store: LetterStore, options: DeadLetterOptions | None = None
) -> DeadLetterQueue:
    """Return the queue of a system's dead letters."""

    def announce(event: Event) -> object:
        return hub.publish(event, source=KEEPER)

    def republish(event: Event, envelope: Envelope) -> object:
        """Publish an event that reached nobody: as of now, or it might be too old at once.

        One of another node is in the log already, and is not ours to publish.
        """
        if envelope.origin is not None:
            hub.deliver_again(event, envelope)
            return None
        return hub.publish_named(
            envelope.type,
            msgspec.msgpack.decode(hub.catalogue.encode(event)),
            source=envelope.source,
            subject=envelope.subject,
            id=envelope.id,
            traceparent=envelope.traceparent,
            correlationid=envelope.correlationid,
            causationid=envelope.causationid,
        )

    queue = DeadLetterQueue(
        store,
        catalogue=hub.catalogue,
        subscribers=hub.table,
        clock=hub.context.clock,
        options=options,
        announce=announce,
        republish=republish,
    )
    queue.tries.on_begin = hub.look
    hub.tries_under_way = lambda: queue.tries.under_way
    return queue
