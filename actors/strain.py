"""What the registry does about pressure: it tells of it once when it rises, and when it is over."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from msgspec.structs import replace

from .errors import RingleaderError
from .events.resilience import BackpressureActivated, BackpressureReleased
from .events.scales import PressureLevel
from .pressure import RELEASE, mark, next_level

if TYPE_CHECKING:
    from collections.abc import Callable

    from .events.base import Event
    from .hub import EventHub
    from .mailbox import Mailbox
    from .routing import Subscription

    Publish = Callable[[Event], object]

logger = logging.getLogger("ringleader.events")


class Strain:
    """Keeps the levels of the registry and of the subscribers that are behind.

    Args:
        hub: whose backlog and subscribers they are.
    """

    def __init__(self, hub: EventHub) -> None:
        self._hub = hub
        self._room = hub.options.backlog
        self._low = mark(PressureLevel.SOFT, self._room)
        self._crowded: dict[Mailbox, tuple[str, PressureLevel, float]] = {}
        """By mailbox: whose it is, the level that was told, and since when there is one."""
        self._since = 0.0

    def crowded(self, subscription: Subscription, depth: int, publish: Publish) -> None:
        """Look at a subscriber whose mailbox fills, and tell if its level rises."""
        mailbox, path = subscription.mailbox, subscription.path
        _, before, since = self._crowded.get(mailbox, (path, PressureLevel.NONE, self._now()))
        level = next_level(before, depth, mailbox.capacity)
        if level <= before:
            return
        self._crowded[mailbox] = (path, level, since)
        self._tell(
            publish,
            BackpressureActivated(
                level=level,
                reason=f"{path} is behind",
                node_id=self._hub.context.node_id,
                resource_type="mailbox",
                queue_depth=depth,
                threshold=float(mark(level, mailbox.capacity)),
                trigger=path,
            ),
        )

    def look(self, publish: Publish) -> None:
        """Tell of subscribers that have caught up."""
        for mailbox, (path, level, since) in list(self._crowded.items()):
            waiting = len(mailbox.q)
            if waiting < mailbox.capacity * RELEASE:
                del self._crowded[mailbox]
                event = self._released("mailbox", path, level, waiting)
                self._tell(publish, replace(event, duration_seconds=self._now() - since))

    def weigh(self, depth: int, publish: Publish) -> None:
        """Take note of how many messages wait for the registry, and tell if its level changes.

        Who waits for it may go on once it has caught up.
        """
        hub, before = self._hub, self._hub.level
        if depth < self._low:
            hub.slowing.release()
        level = next_level(before, depth, self._room)
        if level == before:
            return
        now = hub.context.clock.now()
        hub.level = level
        if level is PressureLevel.NONE:
            event = self._released("registry", "/system/registry", before, depth)
            self._tell(publish, replace(event, duration_seconds=self._now() - self._since))
            return
        if before is PressureLevel.NONE:
            self._since = now
        self._tell(
            publish,
            BackpressureActivated(
                level=level,
                reason="the registry is behind",
                node_id=hub.context.node_id,
                resource_type="registry",
                queue_depth=depth,
                threshold=float(mark(level, self._room)),
                trigger="/system/registry",
            ),
        )

    @staticmethod
    def unpublished(event: Event, error: RingleaderError) -> None:
        """Log an event of the registry's own that it could not publish."""
        logger.warning("%s not published: %s", event.EVENT.name, error)

    def _released(
        self, what: str, path: str, level: PressureLevel, depth: int
    ) -> BackpressureReleased:
        return BackpressureReleased(
            node_id=self._hub.context.node_id,
            resource_type=what,
            previous_level=level,
            reason=f"{path} has caught up",
            queue_depth=depth,
        )

    def _now(self) -> float:
        return self._hub.context.clock.now()

    def _tell(self, publish: Publish, event: Event) -> None:
        try:
            publish(event)
        except RingleaderError as error:
            self.unpublished(event, error)

    def __bool__(self) -> bool:
        """Tell whether anybody is behind."""
        return bool(self._crowded) or self._hub.level > PressureLevel.NONE
