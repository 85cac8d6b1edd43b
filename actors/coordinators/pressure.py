"""Which pressure coordinators heed: that of work, not that of some subscriber's mailbox."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from ..events.resilience import BackpressureActivated, BackpressureReleased

OF_EVENTS: Final = frozenset({"mailbox", "registry"})
"""What the registry tells pressure of: a subscriber that is slow, or itself."""


def is_of_work(event: BackpressureActivated | BackpressureReleased) -> bool:
    """Tell whether queues of work are meant: one slow subscriber is not to stop self-play."""
    return event.resource_type not in OF_EVENTS
