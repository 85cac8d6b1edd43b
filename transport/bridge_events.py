"""What the bridge says, as events, of what it can't repair."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Final

from ringleader.actors.errors import RingleaderError
from ringleader.actors.events.base import Dedup, Event, EventType, Priority
from ringleader.actors.events.health import HealthAlert
from ringleader.actors.publication import Routing

if TYPE_CHECKING:
    from ringleader.actors.hub import EventHub
    from ringleader.actors.publication import Receipt

    from .inbox import SqliteInbox
    from .streams import Loss

logger = logging.getLogger("ringleader.bridge")

SOURCE: Final = "/system/bridge"
"""Who publishes them."""


class BridgeLossDeclared(Event, frozen=True, kw_only=True):
    """Events of another node will never get here.

    Attributes:
        stream: of which node, and which group of types: `node/group`.
        epoch: of which epoch of the stream.
        first: number of the first entry that is missing.
        last: number of the last one that is known to be missing.
        reason: `gone`: it was away longer than they were kept; `rolled_back`, `diverged`: the
            other node's disk was put back to an older state; `reset`: the other node knows nothing
            of that epoch.
    """

    EVENT = EventType.custom(
        "BRIDGE_LOSS_DECLARED",
        durable=True,
        dedup=Dedup.id(),
        priority=Priority.HIGH,
    )

    stream: str
    epoch: int
    first: int
    last: int
    reason: str


def loss_event(loss: Loss) -> BridgeLossDeclared:
    """Return the event of a loss."""
    return BridgeLossDeclared(
        stream=str(loss.stream),
        epoch=loss.epoch,
        first=loss.first,
        last=loss.last,
        reason=loss.reason,
    )


def loss_id(loss: Loss) -> str:
    """Return the id of the event of a loss: the same whenever it is published."""
    return f"{loss.stream}/{loss.epoch:x}/{loss.first}-{loss.last}/{loss.reason}"


def declare(hub: EventHub, inbox: SqliteInbox, loss: Loss) -> None:
    """Publish a loss that is committed, and log it; what fails is tried at the next start.

    Does not block. `BridgeLossDeclared` must be in the hub's catalogue.
    """
    logger.error(
        "entries %s to %s of %s (epoch %x) are lost here: %s",
        *(loss.first, loss.last, loss.stream, loss.epoch, loss.reason),
    )

    def decided(receipt: Receipt) -> None:
        if receipt.routing is not Routing.REJECTED:
            inbox.told(loss)

    event = loss_event(loss)
    fields = {name: getattr(event, name) for name in event.__struct_fields__}
    try:
        publication = hub.publish_named(
            BridgeLossDeclared.EVENT.name, fields, source=SOURCE, id=loss_id(loss)
        )
    except RingleaderError as error:
        logger.warning("the loss is not published: %s", error)
        return
    publication.when_decided(decided)


def declare_untold(hub: EventHub, inbox: SqliteInbox) -> int:
    """Publish the losses whose events a kill of the node has prevented; return how many."""
    losses = inbox.untold()
    for loss in losses:
        declare(hub, inbox, loss)
    return len(losses)


def alarm(hub: EventHub, group: str, first: int, last: int) -> None:
    """Raise the alarm: entries were removed from an outbox before all peers had them."""
    event = HealthAlert(
        alert=f"entries {first} to {last} of the outbox {group} were removed before all peers had "
        "them",
        alert_type="bridge_outbox_cap",
        reason="a peer was away for longer than entries are kept, or too much waits for it",
    )
    try:
        hub.publish(event, source=SOURCE)
    except RingleaderError as error:
        logger.warning("%s not published: %s", event.alert, error)
