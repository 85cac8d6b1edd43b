"""What a client asks a node about its event log and its memory of events, or orders it to do."""

from __future__ import annotations

from typing import Annotated, Final, Literal, TypeAlias

import msgspec

from ringleader.actors.event_log import LogQuery
from ringleader.actors.events.base import Envelope
from ringleader.actors.history import Handling

from .event_questions import EventId, Moment, Source, Types
from .question_base import Name, QuestionBase

PAGE: Final = 1_000
"""Events in one answer, at most."""
PAGE_BYTES: Final = 16 * 1024 * 1024
"""Payload in one answer, at most; one event may be larger."""
LONGEST_WAIT: Final = 20.0
"""Seconds that one answer may wait for subscribers; who wants to wait longer asks again."""

Target: TypeAlias = Annotated[str, msgspec.Meta(min_length=1, max_length=1_000)]
"""The name of a durable consumer, or the path of a subscriber."""
Sequence: TypeAlias = Annotated[int, msgspec.Meta(ge=0, le=(1 << 63) - 1)]


class PastQuery(msgspec.Struct, frozen=True, kw_only=True):
    """Which events of the node's memory; all that is given must hold.

    Attributes:
        types: wire values.
        source: who published it: this path, or below it.
        since: seconds UTC, from when on.
        event_id: the event's own id.
        undertaking: all that go back to the event with this id; then the rest does not matter.
        limit: how many at most, the newest.
        full: with payloads.
    """

    types: Types | None = None
    source: Source | None = None
    since: float | None = None
    event_id: EventId | None = None
    undertaking: EventId | None = None
    limit: Annotated[int, msgspec.Meta(ge=1, le=PAGE)] = 100
    full: bool = False


class PastEvent(msgspec.Struct, frozen=True, kw_only=True):
    """One event that the node remembers.

    Attributes:
        envelope: who said it, when and why.
        handlings: what became of its deliveries, durable consumers last.
        payload: MessagePack; empty if it was not asked for.
    """

    envelope: Envelope
    handlings: tuple[Handling, ...]
    payload: bytes = b""


class ReplayOrder(msgspec.Struct, frozen=True, kw_only=True):
    """Which events somebody is to get again; all that is given must hold.

    Attributes:
        to: a durable consumer, or the path of a subscriber.
        after: events above this sequence.
        since: seconds UTC; a consumer begins with the first event that was published then.
        until: seconds UTC, before which. For subscribers only, as the rest.
        last: the last sequence.
        types: wire values.
        any_age: whether events come that are older than their type allows.
    """

    to: Target
    after: Sequence = 0
    since: Moment | None = None
    until: Moment | None = None
    last: Sequence | None = None
    types: Types | None = None
    any_age: bool = False

    @property
    def query(self) -> LogQuery:
        """The question to the log; `last` is not in it."""
        return LogQuery(after=self.after, types=self.types, since=self.since, until=self.until)


class ReplayPlan(msgspec.Struct, frozen=True, kw_only=True):
    """What a replay would do.

    Attributes:
        kind: whether it is a durable consumer, or a subscriber that has none.
        events: how many would come again.
        is_counted: whether that is all of them; else there are more.
        too_old: events among the others that are older than their type allows.
        unwanted: events among the others that it would not get if they were published now.
        after: where the consumer's cursor would be.
        cursor: where it is.
        lag: events that it has not had, and gets as well.
        owner: who holds the consumer; empty if nobody does.
    """

    kind: Literal["consumer", "subscriber"]
    events: int = 0
    is_counted: bool = True
    too_old: int = 0
    unwanted: int = 0
    after: int = 0
    cursor: int = 0
    lag: int = 0
    owner: str = ""


class Replayed(msgspec.Struct, frozen=True, kw_only=True):
    """How far a replay to a subscriber is.

    Attributes:
        replay: to name it by.
        last: sequence of the last event that was looked at.
        sent: deliveries so far.
        outcomes: how they ended.
        too_old: events that were left out: older than their type allows.
        unwanted: events that were left out: of a condition, or its own.
        unreadable: events that were left out: they can't be decoded.
        is_full: whether its mailbox has no room at the moment.
        is_done: whether all is sent, and has its outcome.
    """

    replay: str
    last: int = 0
    sent: int = 0
    outcomes: dict[str, int] = {}  # msgspec copies an empty default
    too_old: int = 0
    unwanted: int = 0
    unreadable: int = 0
    is_full: bool = False
    is_done: bool = False

    @property
    def under_way(self) -> int:
        """Deliveries without an outcome yet."""
        return self.sent - sum(self.outcomes.values())


class FindEvents(QuestionBase, frozen=True, kw_only=True, tag="find_events"):
    """Which events of the log are these? Answered with a list of `Record`, in order.

    No more than fit into an answer: ask again behind the last one.
    """

    query: LogQuery


class FindPast(QuestionBase, frozen=True, kw_only=True, tag="find_past"):
    """Which events do you remember? Answered with a list of `PastEvent`, as they were routed."""

    query: PastQuery


class ListConsumers(QuestionBase, frozen=True, kw_only=True, tag="list_consumers"):
    """How far are the durable consumers? Answered with a list of `ConsumerInfo`, by name."""


class SumLog(QuestionBase, frozen=True, kw_only=True, tag="sum_log"):
    """How does the event log fare? Answered with `LogStatistics`."""


class ForgetConsumer(QuestionBase, frozen=True, kw_only=True, tag="forget_consumer"):
    """Delete a durable consumer that nobody holds. Answered with nil."""

    consumer: Target


class PlanReplay(QuestionBase, frozen=True, kw_only=True, tag="plan_replay"):
    """What would a replay do? Answered with a `ReplayPlan`."""

    order: ReplayOrder


class RewindConsumer(QuestionBase, frozen=True, kw_only=True, tag="rewind_consumer"):
    """Hand a durable consumer all behind `after` (again). Answered with `ConsumerInfo`."""

    consumer: Target
    after: Sequence


class BeginReplay(QuestionBase, frozen=True, kw_only=True, tag="begin_replay"):
    """Prepare a replay to a subscriber; it ends with the connection. Answered with `Replayed`."""

    order: ReplayOrder


class GoOnReplaying(QuestionBase, frozen=True, kw_only=True, tag="go_on_replaying"):
    """Send more, and wait for outcomes, but no longer than that. Answered with `Replayed`.

    Attributes:
        replay: from `Replayed`.
        wait: seconds.
    """

    replay: Name
    wait: Annotated[float, msgspec.Meta(ge=0.0, le=LONGEST_WAIT)] = LONGEST_WAIT


LogQuestion: TypeAlias = (
    FindEvents
    | FindPast
    | ListConsumers
    | SumLog
    | ForgetConsumer
    | PlanReplay
    | RewindConsumer
    | BeginReplay
    | GoOnReplaying
)
