"""Who answers a node's clients about its event log, and about the events that it remembers."""

from __future__ import annotations

import itertools
from functools import partial
from typing import TYPE_CHECKING, Any, Final, TypeVar

from msgspec.structs import replace
from pykka import Timeout

from ringleader.actors.errors import RingleaderError
from ringleader.actors.event_log import EventLogError, LogQuery, NoSuchConsumer
from ringleader.actors.events.errors import (
    EventValidationError,
    UnknownEventTypeError,
    did_you_mean,
    nearest,
)
from ringleader.actors.future import Reply

from .errands import Later
from .log_questions import (
    PAGE,
    PAGE_BYTES,
    BeginReplay,
    FindEvents,
    FindPast,
    ForgetConsumer,
    GoOnReplaying,
    ListConsumers,
    PastEvent,
    PlanReplay,
    ReplayPlan,
    RewindConsumer,
    SumLog,
)
from .replay import PORTION, Judge, Replay, Verdict, is_too_old, read_on

if TYPE_CHECKING:
    from collections.abc import Callable

    from ringleader.actors.event_log import ConsumerInfo, EventLog, Record, Then
    from ringleader.actors.history import History, Past
    from ringleader.actors.hub import EventHub

    from .log_questions import LogQuestion, PastQuery, Replayed, ReplayOrder

T = TypeVar("T")

PATIENCE: Final = 10.0
"""Seconds that an order waits for the disk."""
COUNTED: Final = 100_000
"""Events that a plan counts, at most."""


class LogDesk:
    """Answers questions about the log. Each may wait for the disk, so all are answered later.

    Args:
        hub: whose log it is.
        look: lets consumers of other processes look whether there is something for them.
    """

    def __init__(self, hub: EventHub, look: Callable[[], object]) -> None:
        self._hub, self._look = hub, look
        self._replays: dict[str, Replay | None] = {}
        self._numbers = itertools.count(1)

    def answer(self, question: LogQuestion) -> Later:
        """Return what will answer."""
        if isinstance(question, BeginReplay):
            name = f"replay-{next(self._numbers)}"
            self._replays[name] = None
            return Later(
                partial(self._begin, name, question.order),
                ended=lambda: self._replays.pop(name, None),
            )
        return Later(partial(self._find, question))

    def _find(self, question: LogQuestion) -> Any:  # noqa: PLR0911  # one for each question
        log = self._log
        match question:
            case FindEvents(query=query):
                return page(log.read, query)
            case FindPast(query=query):
                return past(self._hub, query)
            case ListConsumers():
                return log.consumers()
            case SumLog():
                return log.statistics()
            case ForgetConsumer(consumer=name):
                return self._forget(name)
            case PlanReplay(order=order):
                return self._plan(order)
            case RewindConsumer(consumer=name, after=after):
                return self._rewind(name, after)
            case GoOnReplaying(replay=name, wait=wait):
                return self._replay(name).go_on(wait)
            case BeginReplay():
                raise AssertionError  # it is answered above

    @property
    def _log(self) -> EventLog:
        if self._hub.log is None:
            raise EventLogError("this node keeps no event log")
        return self._hub.log

    # ---------------------------------------------------------------- consumers

    def _consumer(self, name: str) -> ConsumerInfo | None:
        return next((info for info in self._log.consumers() if info.name == name), None)

    def _forget(self, name: str) -> None:
        known = self._consumer(name)
        if known is None:
            near = did_you_mean(nearest(name, [info.name for info in self._log.consumers()]))
            raise NoSuchConsumer(f"the event log has no consumer {name!r}{near}")
        if known.active:
            raise EventLogError(
                f"the consumer {name} is held by {known.owner}, which would get nothing any more; "
                "end that first"
            )
        _awaited(self._log, partial(self._log.forget, name))

    def _rewind(self, name: str, after: int) -> ConsumerInfo:
        info: ConsumerInfo = _awaited(self._log, partial(self._log.rewind, name, after))
        self._hub.consumers.wake()
        self._look()
        return info

    # ---------------------------------------------------------------- replays

    def _plan(self, order: ReplayOrder) -> ReplayPlan:
        consumer = self._consumer(order.to)
        if consumer is not None:
            return self._plan_rewinding(consumer, order)
        self._check_subscriber(order.to)
        judge = Judge(self._hub, order.to, any_age=order.any_age)
        counts = dict.fromkeys(Verdict, 0)
        records = read_on(self._log.read, order.query, order.last)
        for record in itertools.islice(records, COUNTED):
            counts[judge.judge(record).verdict] += 1
        return ReplayPlan(
            kind="subscriber",
            events=counts[Verdict.WANTED],
            is_counted=next(records, None) is None,
            too_old=counts[Verdict.TOO_OLD],
            unwanted=counts[Verdict.UNWANTED] + counts[Verdict.UNREADABLE],
        )

    def _plan_rewinding(self, consumer: ConsumerInfo, order: ReplayOrder) -> ReplayPlan:
        if order.until is not None or order.last is not None or order.types is not None:
            raise EventLogError(
                f"{consumer.name} is a durable consumer, which gets all its events from there on; "
                "an end, and a choice of types, are for subscribers that are none"
            )
        first = self._log.read(replace(order.query, limit=1))
        after = min(first[0].sequence - 1, consumer.cursor) if first else consumer.cursor
        again = LogQuery(after=after, types=consumer.types)
        events = too_old = 0
        records = read_on(self._log.read, again, consumer.cursor)
        for record in itertools.islice(records, COUNTED):
            events += 1
            too_old += self._will_expire(consumer, record)
        return ReplayPlan(
            kind="consumer",
            events=events,
            is_counted=next(records, None) is None,
            too_old=too_old,
            after=after,
            cursor=consumer.cursor,
            lag=consumer.lag,
            owner=consumer.owner,
        )

    def _will_expire(self, consumer: ConsumerInfo, record: Record) -> bool:
        """Tell whether an event would become a dead letter: only actors of the node look at age."""
        hub = self._hub
        if all(s.consumer != consumer.name for s in hub.table.subscriptions()):
            return False
        try:
            event = hub.catalogue.decode(record.envelope.type, record.payload)
        except (UnknownEventTypeError, EventValidationError):
            return False
        return is_too_old(hub, event, record.envelope.time)

    def _begin(self, name: str, order: ReplayOrder) -> Replayed:
        self._check_subscriber(order.to)
        replay = Replay(self._hub, name, order)
        if name in self._replays:  # else the client is gone already
            self._replays[name] = replay
        return replay.progress()

    def _replay(self, name: str) -> Replay:
        found = self._replays.get(name)
        if found is None:
            raise EventLogError(f"there is no replay {name!r} any more; begin it again")
        return found

    def _check_subscriber(self, path: str) -> None:
        paths = {subscription.path for subscription in self._hub.table.subscriptions()}
        if path in paths:
            return
        names = [info.name for info in self._log.consumers()]
        raise EventLogError(
            f"{path!r} is no durable consumer, and nobody of this path is subscribed to anything"
            f"{did_you_mean(nearest(path, {*paths, *names}))}"
        )


# -------------------------------------------------------------------- looking


def page(read: Callable[[LogQuery], list[Record]], query: LogQuery) -> list[Record]:
    """Return as many of the events that are meant as fit into an answer; one, if there is any."""
    limit = max(1, min(query.limit, PAGE))
    if query.newest:
        return _fitting(read(replace(query, limit=limit)))
    found: list[Record] = []
    size, after = 0, query.after
    while len(found) < limit and size < PAGE_BYTES:
        portion = read(replace(query, after=after, limit=min(PORTION, limit - len(found))))
        for record in portion:
            size += len(record.payload)
            if found and size > PAGE_BYTES:
                return found
            found.append(record)
        if not portion:
            break
        after = portion[-1].sequence
    return found


def past(hub: EventHub, query: PastQuery) -> list[PastEvent]:
    """Return events that the node remembers, the newest of those that are meant."""
    history = hub.history
    if query.undertaking is not None:
        found = undertaking(history, query.undertaking)[-query.limit :]
    else:
        found = history.find(
            types=None if query.types is None else frozenset(query.types),
            source=query.source,
            since=query.since,
            event_id=query.event_id,
            limit=query.limit,
        )
    return _fitting([_past_event(hub, each, full=query.full) for each in found])


def undertaking(history: History, correlation: str) -> list[Past]:
    """Return the events that go back to the one with this id, be it remembered or not."""
    for item in list(history.entries):  # a copy: the registry goes on
        envelope = item.envelope
        if correlation in (envelope.id, envelope.correlationid):
            return history.undertaking(envelope.id)
    return []


def _past_event(hub: EventHub, found: Past, *, full: bool) -> PastEvent:
    payload = hub.catalogue.encode(found.event) if full else b""
    return PastEvent(envelope=found.envelope, handlings=found.handlings, payload=payload)


R = TypeVar("R", "Record", PastEvent)


def _fitting(found: list[R]) -> list[R]:
    """Leave out the oldest, if all would not fit into an answer."""
    size = 0
    for index in range(len(found) - 1, -1, -1):
        size += len(found[index].payload)
        if size > PAGE_BYTES and index < len(found) - 1:
            return found[index + 1 :]
    return found


def _awaited(log: EventLog, ask: Callable[[Then[T]], object]) -> T:
    """Wait for the result of something that the log does.

    Raises:
        RingleaderError: the log refuses, or takes too long.
    """
    reply: Reply[T | RingleaderError] = Reply()
    ask(reply.set)
    try:
        result = reply.get(timeout=PATIENCE)
    except Timeout as error:
        why = f": {log.trouble}" if log.trouble else ""
        raise EventLogError(
            f"the event log has not done it within {PATIENCE:g} s{why}; it will when it can"
        ) from error
    if isinstance(result, RingleaderError):
        raise result
    return result
