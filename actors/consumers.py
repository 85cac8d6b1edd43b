"""The durable consumers in this process, by name."""

from __future__ import annotations

import itertools
import re
from functools import partial
from typing import TYPE_CHECKING, Any, Final

from .consumer import Feed
from .event_log import EventLogError
from .topics import ALL, wants

if TYPE_CHECKING:
    from collections.abc import Iterable

    from .events.base import Event
    from .hub import EventHub
    from .ref import Ref
    from .topics import Topic

NAME: Final = re.compile(r"\S{1,1000}|/.{1,10000}")


class Consumers:
    """The durable consumers of one system."""

    def __init__(self, hub: EventHub) -> None:
        self._hub = hub
        self._feeds: dict[str, Feed] = {}
        self._closing: dict[str, Feed] = {}
        self._numbers = itertools.count(1)

    def open(self, ref: Ref[Any], *, is_idempotent: bool, name: str = "") -> Feed:
        """Return what feeds a subscriber; once that is subscribed, call `begin`.

        Args:
            ref: the subscriber.
            is_idempotent: whether the handlers in question are; all of one feed must be.
            name: of the consumer; default: the subscriber's path.

        Raises:
            EventLogError: there is no event log, or another subscriber has the name.
        """
        name = name or ref.path
        feed = self._feeds.get(name)
        if feed is None or feed.ref != ref:
            self.check(name, ref.path)
            feed = self._feeds[name] = Feed(self._hub, ref, name, next(self._numbers))
        feed.is_idempotent = feed.is_idempotent and is_idempotent
        return feed

    def check(self, name: str, who: str = "a subscriber") -> None:
        """Make sure that a new subscriber could have a durable consumer of this name.

        Raises:
            EventLogError: there is no event log, another subscriber has the name, or it is none.
        """
        if self._hub.log is None:
            raise EventLogError(
                f"{who} wants its events durably, as {name!r}, and this system keeps none; give "
                "it an event log: System(event_log=...)"
            )
        if not NAME.fullmatch(name):
            raise EventLogError(
                f"{name!r} can't be the name of a durable consumer: it has 1 to 1000 characters "
                "without spaces"
            )
        feed = self._feeds.get(name)
        if feed is not None:
            raise EventLogError(
                f"the durable consumer {name!r} belongs to {feed.ref.path}; {who} needs another "
                "name"
            )

    def begin(self, ref: Ref[Any]) -> None:
        """Let the feeds of a subscriber bring what it is subscribed to now, and no other ones."""
        for feed in [f for f in list(self._feeds.values()) if f.ref == ref]:
            topics = [s.topic for s in self._hub.table.of(ref) if s.feed is feed]
            if not topics:
                self._close(feed)
                continue
            before = self._closing.get(feed.name)
            types = self._types(topics)
            if before is None:
                feed.begin(types)
            else:
                before.when_gone(partial(self._begin, feed, types))

    def _begin(self, feed: Feed, types: tuple[str, ...] | None) -> None:
        self._closing.pop(feed.name, None)
        if not feed.is_closed:
            feed.begin(types)

    def close(self, ref: Ref[Any]) -> None:
        """Let go of the consumers of a subscriber that is gone."""
        for feed in [f for f in list(self._feeds.values()) if f.ref == ref]:
            self._close(feed)

    def _close(self, feed: Feed) -> None:
        del self._feeds[feed.name]
        self._closing[feed.name] = feed
        feed.when_gone(lambda: self._forget(feed))
        feed.close()

    def _forget(self, feed: Feed) -> None:
        if self._closing.get(feed.name) is feed:
            del self._closing[feed.name]

    def wake(self) -> None:
        """Let each look whether there is more for it."""
        for feed in list(self._feeds.values()):
            feed.wake()

    def feeds(self) -> list[Feed]:
        """Return those that there are."""
        return list(self._feeds.values())

    def __contains__(self, cell: object) -> bool:
        """Tell whether a cell has one."""
        return any(feed.ref.cell is cell for feed in list(self._feeds.values()))

    def _types(self, topics: list[Topic]) -> tuple[str, ...] | None:
        """Return the wire values of the logged types of some topics; None for all."""
        if ALL in topics:
            return None
        if all(isinstance(t, type) and hasattr(t, "EVENT") for t in topics):
            kinds: Iterable[type[Event]] = [t for t in topics if isinstance(t, type)]
        else:  # a category, or a base of several types
            kinds = [k for k in self._hub.catalogue if any(wants(t, k) for t in topics)]
        return tuple(sorted({k.EVENT.value for k in kinds if self._hub.kind(k).is_logged}))
