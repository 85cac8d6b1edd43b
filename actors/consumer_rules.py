"""What may happen to the consumers of the event log, as functions from the old value to the new.

Every event log asks these, so that all logs agree. Times are seconds UTC.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

import msgspec
from msgspec.structs import replace

from .event_log import ConsumerInfo, ConsumerTaken, EventLogError, NoSuchConsumer, Record
from .letters import Outcome

if TYPE_CHECKING:
    from collections.abc import Iterable

    from .event_log import ConsumerSpec, Settled

TRIES: Final = 2
"""How often an event is handed out to an idempotent consumer whose holders vanish with it."""


class Consumer(msgspec.Struct, frozen=True, kw_only=True):
    """What is kept of a consumer.

    Attributes:
        name: of the consumer.
        types: wire values of what it wants; None: all.
        idempotent: whether an event comes again when its holder was gone with it in hand.
        cursor: sequence of the last event that it was handed, or that was skipped for it.
        owner: who holds it; empty if nobody does.
        lease: seconds for which its holder need not be heard of; None: as long as the node runs.
        lease_until: when the lease runs out.
        created_at: when its name was seen first.
        seen_at: when it was attached or let go last.
    """

    name: str
    types: tuple[str, ...] | None
    idempotent: bool
    cursor: int
    owner: str = ""
    lease: float | None = None
    lease_until: float | None = None
    created_at: float = 0.0
    seen_at: float = 0.0

    def wants(self, event_type: str) -> bool:
        """Tell whether it is handed events of this type."""
        return self.types is None or event_type in self.types


class InHand(NamedTuple):
    """An event that was handed out, and has no outcome.

    Attributes:
        sequence: of the event.
        attempt: 1: handed out for the first time.
        waits: whether it was put back, and waits to be handed out again.
    """

    sequence: int
    attempt: int = 1
    waits: bool = False


class SetAside(NamedTuple):
    """An event that the log makes a dead letter of.

    Attributes:
        record: the event.
        consumer: whose it was.
        reason: how its delivery ended.
        detail: what more is known, in words.
        time: when.
    """

    record: Record
    consumer: str
    reason: Outcome
    detail: str
    time: float


class Letter(NamedTuple):
    """That an event becomes a dead letter, and why."""

    sequence: int
    reason: Outcome
    detail: str


class Ended(NamedTuple):
    """What becomes of events in hand whose holder is gone.

    Attributes:
        again: they wait to be handed out again.
        letters: they become dead letters.
    """

    again: list[InHand]
    letters: list[Letter]


# ---------------------------------------------------------------- holding a consumer


def attached(
    known: Consumer | None, spec: ConsumerSpec, owner: str, head: int, now: float
) -> Consumer:
    """Make `owner` the holder; whoever held it before has been let go of (`must_let_go`).

    Raises:
        EventLogError: the spec or the owner can't be meant.
    """
    _check(spec, owner)
    until = None if spec.lease is None else now + spec.lease
    consumer = known or Consumer(
        name=spec.name,
        types=None,
        idempotent=False,
        cursor=_beginning(spec, head),
        created_at=now,
    )
    return replace(
        consumer,
        types=None if spec.types is None else tuple(sorted(set(spec.types))),
        idempotent=spec.idempotent,
        owner=owner,
        lease=spec.lease,
        lease_until=until,
        seen_at=now,
    )


def must_let_go(known: Consumer | None, owner: str, now: float) -> bool:
    """Tell whether another owner has to be let go of before `owner` can hold a consumer.

    Raises:
        ConsumerTaken: the other one is still there, as far as its lease tells.
    """
    if known is None or known.owner in ("", owner):
        return False
    if not is_run_out(known, now):
        until = ""
        if known.lease_until is not None:
            until = f"; its lease runs out in {known.lease_until - now:.3g} s unless it is renewed"
        raise ConsumerTaken(f"the consumer {known.name!r} is held by {known.owner!r}{until}")
    return True


def held(known: Consumer | None, name: str, owner: str) -> Consumer:
    """Return the consumer that `owner` holds.

    Raises:
        NoSuchConsumer: there is none of this name.
        ConsumerTaken: somebody else holds it, or nobody.
    """
    consumer = existing(known, name)
    if consumer.owner == owner:
        return consumer
    holder = f"{consumer.owner!r} does" if consumer.owner else "nobody does at the moment"
    raise ConsumerTaken(
        f"the consumer {name!r} is not held by {owner!r}, {holder}; its lease ran out, or it was "
        "never attached: attach it (again)"
    )


def existing(known: Consumer | None, name: str) -> Consumer:
    """Return the consumer.

    Raises:
        NoSuchConsumer: there is none of this name.
    """
    if known is None:
        raise NoSuchConsumer(f"the event log has no consumer {name!r}; attach makes one")
    return known


def heard_of(consumer: Consumer, now: float) -> Consumer:
    """Renew the lease, if it has one."""
    if consumer.lease is None:
        return consumer
    return replace(consumer, lease_until=now + consumer.lease)


def is_run_out(consumer: Consumer, now: float) -> bool:
    """Tell whether its holder was not heard of for longer than its lease."""
    return bool(consumer.owner) and consumer.lease_until is not None and consumer.lease_until <= now


def is_there(consumer: Consumer, owner: str, now: float) -> bool:
    """Tell whether `owner` holds it, and was heard of: one that only waits must not be dead."""
    return consumer.owner == owner and not is_run_out(consumer, now)


def let_go(consumer: Consumer, now: float) -> Consumer:
    """Return the consumer with nobody holding it."""
    return replace(consumer, owner="", lease_until=None, seen_at=now)


def ended(consumer: Consumer, in_hand: Iterable[InHand]) -> Ended:
    """Decide about what a holder had in hand that is gone; what waits is none of it.

    An idempotent consumer gets it again, once. Who is gone with it twice is not given it a third
    time: the event may be the reason.
    """
    again: list[InHand] = []
    letters: list[Letter] = []
    gone = f"{consumer.owner} was gone with it in hand"
    for sequence, attempt, waits in in_hand:
        if waits:
            continue
        if not consumer.idempotent:
            letters.append(Letter(sequence, Outcome.INTERRUPTED, gone))
        elif attempt < TRIES:
            again.append(InHand(sequence, attempt + 1, waits=True))
        else:
            letters.append(Letter(sequence, Outcome.POISON, f"{gone}, as its holder was before"))
    return Ended(again, letters)


# ---------------------------------------------------------------- moving on


def check_limit(limit: int) -> None:
    """Refuse to hand out nothing.

    Raises:
        EventLogError: `limit` is less than 1.
    """
    if limit < 1:
        raise EventLogError(f"a fetch of {limit} events hands out nothing; ask for 1 at least")


def handed_out(consumer: Consumer, fresh: list[int], head: int, *, more: bool) -> Consumer:
    """Move the cursor: behind the last of `fresh`, or to the head if that was all there is."""
    cursor = fresh[-1] if more and fresh else consumer.cursor if more else head
    return replace(consumer, cursor=max(cursor, consumer.cursor))


def rewound(consumer: Consumer, after: int, head: int) -> Consumer:
    """Set the cursor; not before the first sequence, nor behind the head."""
    return replace(consumer, cursor=min(max(after, 0), head))


def puts_back(settled: Settled) -> bool:
    """Tell the outcome that is none: a later life of the consumer gets the event."""
    return settled.outcome is Outcome.HANDED_OVER


def is_letter(settled: Settled) -> bool:
    """Tell whether the log has to set a dead letter aside; not for what a later life gets."""
    return settled.letter and settled.outcome not in (Outcome.HANDLED, Outcome.HANDED_OVER)


def info(consumer: Consumer, in_hand: int, lag: int) -> ConsumerInfo:
    """Say how far a consumer has come."""
    return ConsumerInfo(
        name=consumer.name,
        types=consumer.types,
        idempotent=consumer.idempotent,
        cursor=consumer.cursor,
        in_hand=in_hand,
        lag=lag,
        owner=consumer.owner,
        lease_until=consumer.lease_until,
        active=bool(consumer.owner),
    )


def _beginning(spec: ConsumerSpec, head: int) -> int:
    match spec.start:
        case "new":
            return head
        case "first":
            return 0
        case sequence:
            return min(max(sequence, 0), head)


def _check(spec: ConsumerSpec, owner: str) -> None:
    if not spec.name:
        raise EventLogError("a consumer needs a name: its place in the log is kept under it")
    if not owner:
        raise EventLogError(f"the consumer {spec.name!r} needs an owner: a name for who holds it")
    if spec.lease is not None and spec.lease <= 0:
        raise EventLogError(
            f"the consumer {spec.name!r} has a lease of {spec.lease:g} s; expected more than 0, or "
            "None: as long as the node runs"
        )
    if spec.types is not None and not spec.types:
        raise EventLogError(
            f"the consumer {spec.name!r} wants no type at all; name some, or None: all"
        )
