"""Tells the world what happens to a supervisor's children: reports, decisions and events."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from pykka import ActorDeadError

from ringleader.actors.errors import RingleaderError
from ringleader.actors.events.health import DaemonPermanentlyFailed

from .decisions import decision
from .lifecycle_events import Host, LifecycleEvents

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from ringleader.actors.holds import Hold
    from ringleader.actors.incarnation import Incarnation
    from ringleader.actors.lifecycle import Reason

    from .child import Child
    from .crash_loop import CrashLoop
    from .lifecycle_events import LifecycleEvent
    from .plan import Decided, Report
    from .spec import Flags

logger = logging.getLogger("ringleader.supervisor")


class Chronicle:
    """Pass on what plans say; the sink hears it first, then the registry, if there is one.

    Args:
        me: the supervisor.
        flags: the supervisor's.
        loop: the rule for crash loops.
        publish: publishes an event about the actor at a path; None publishes nothing.
    """

    def __init__(
        self,
        me: Incarnation,
        flags: Flags,
        loop: CrashLoop,
        publish: Callable[[LifecycleEvent, str], object] | None,
    ) -> None:
        self._me, self._flags = me, flags
        context = me.cell.context
        self._sink, self._clock = context.sink, context.clock
        self._given_up = context.given_up
        self._events = LifecycleEvents(flags, Host(context.hostname, context.pid), loop)
        self._publish = publish

    def report(self, report: Report) -> None:
        """Pass on one of OTP's reports."""
        self._sink.report(self._me, report.context, report.child.spec.id, report.reason)

    def decided(self, decided: Decided) -> None:
        """Say what is done about a child that ended by itself or did not start."""
        self._sink.decided(self._me, decided.pid, decided.reason, decision(decided, self._flags))
        events = self._events.decided(decided, self._clock.now())
        self._send(decided.child, [e for e in events if self._is_news(decided.child, e)])

    def started(self, child: Child) -> None:
        """Say that a child is up."""
        self._send(child, self._events.started(child))

    def stopped(self, child: Child, reason: Reason) -> None:
        """Say that a child was stopped by its supervisor."""
        self._send(child, self._events.stopped(child, reason))

    def cancelled(self, child: Child) -> None:
        """Say that a child will not be tried again."""
        self._send(child, self._events.cancelled(child))

    def was_in_trouble(self, child: Child) -> bool:
        """Tell whether somebody wants to hear that it is healthy again."""
        given_up = self._given_up  # nearly always empty, and each start asks
        return self._events.is_looping(child) or (bool(given_up) and self._path(child) in given_up)

    def healthy(self, child: Child) -> None:
        """Say that a child's crash loop is over; forget that it had failed for good."""
        self._given_up.discard(self._path(child))
        events = self._events.healthy(child)
        if events:
            logger.info("%s is out of its crash loop", self._path(child))
        self._send(child, events)

    def parked(self, child: Child, hold: Hold) -> None:
        """Say that a child is kept down."""
        why = f": {hold.why}" if hold.why else ""
        logger.warning("%s is %s by %s%s", self._path(child), child.state, hold.by, why)
        self._send(child, self._events.parked(child, hold))

    def released(self, child: Child, hold: Hold) -> None:
        """Say that a child is no longer kept down."""
        what = "held" if hold.kind == "hold" else "in quarantine"
        logger.info("%s is no longer %s", self._path(child), what)
        self._send(child, self._events.released(child))

    def waits(self, child: Child, sibling: str) -> None:
        """Say that a child is not started before another one is there."""
        logger.warning("%s is not started: it waits for %s", self._path(child), sibling)

    def forgotten(self, child: Child) -> None:
        """Forget a child whose spec is gone."""
        self._given_up.discard(self._path(child))
        self._events.forgotten(child)

    def _is_news(self, child: Child, event: LifecycleEvent) -> bool:
        """Tell whether to send it: a failure for good once, over all lives of this supervisor."""
        if not isinstance(event, DaemonPermanentlyFailed):
            return True
        path, known = self._path(child), self._given_up
        is_news = path not in known
        known.add(path)
        return is_news

    def _send(self, child: Child, events: Iterable[LifecycleEvent]) -> None:
        if self._publish is None:
            return
        path = self._path(child)
        for event in events:
            try:
                self._publish(event, path)
            except (RingleaderError, ActorDeadError) as error:
                # Nobody hears of it, and that must not end the supervisor.
                logger.warning("%s about %s not published: %s", type(event).__name__, path, error)

    def _path(self, child: Child) -> str:
        return f"{self._me.path}/{child.name}"
