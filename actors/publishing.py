"""The publishers' way to the registry: checks, envelopes, and what pressure means for them."""

from __future__ import annotations

import itertools
import logging
from collections import Counter, deque
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Final

from pykka import ActorDeadError

from .errors import MailboxFull, PublishError, PublishRefused
from .events.base import Envelope, Event
from .events.errors import UnknownEventTypeError
from .events.scales import PressureLevel
from .kinds import Kind
from .letters import DeadLetter, Outcome
from .message import Chore
from .publication import Publication, Routing
from .slowing import Slowing

if TYPE_CHECKING:
    from collections.abc import Mapping

    from .context import Context
    from .event_log import EventLog
    from .events.catalogue import Catalogue
    from .options import EventOptions
    from .ref import Ref
    from .registry import Registry

logger = logging.getLogger("ringleader.events")
NONE: Final = PressureLevel.NONE
MOST_UNKNOWN: Final = 1_000
"""Unknown names that are counted each by itself; they come from outside, and memory has an end."""
OTHERS: Final = "(others)"
MOST_SOURCES: Final = 10_000
"""Names of publishers that are remembered as good ones."""


class Urgent(Chore):
    """Tells the registry that there is something in the lane for urgent events."""

    __slots__ = ("publishing",)

    def __init__(self, publishing: Publishing) -> None:
        self.publishing = publishing

    def refused(self) -> None:
        """Set aside what is in the lane: the registry has stopped."""
        urgent = self.publishing.urgent
        with suppress(IndexError):  # of two threads that do so one takes the last
            while urgent:
                self.publishing.lose(urgent.popleft())


class Publishing:
    """Takes events from publishers; used by any thread.

    Attributes:
        ref: of the registry; None while there is none.
        kinds: what is known of the types that were published.
        urgent: what is routed before all that waits in the registry's mailbox.
        slowing: makes publishers wait.
        level: how far behind the registry is, as it says itself.
        in_log: events given to the log and not committed yet; counted by the registry.
        also_logged: names of types that are kept in the log although the catalogue says no; set
            before the first event.
    """

    def __init__(
        self,
        context: Context,
        catalogue: Catalogue,
        options: EventOptions,
        epoch: int,
        log: EventLog | None,
    ) -> None:
        self.context, self.catalogue, self.options, self.epoch = context, catalogue, options, epoch
        self.log: EventLog | None = log
        self.ref: Ref[Registry] | None = None
        self.kinds: dict[type[Event], Kind] = {}
        self.urgent: deque[Publication] = deque()
        self._urgent = Urgent(self)
        self.slowing = Slowing()
        self.level = NONE
        self.in_log = 0
        self.also_logged: frozenset[str] = frozenset()
        self.looped = self.shed = self.refused = self.expired = 0
        self.unknown: Counter[str] = Counter()
        self.renamed: Counter[str] = Counter()
        self._ids = itertools.count(1)
        self._prefix = f"{epoch:016x}-"
        self._time = context.clock.time
        self._sources: set[str] = set()

    def publish(
        self,
        event: Event,
        *,
        source: str,
        subject: str | None = None,
        cause: Envelope | None = None,
    ) -> Publication:
        """Validate an event and hand it to the registry.

        Raises:
            EventValidationError: a field is missing, or of another type than declared.
            UnknownEventTypeError: its type is not in the catalogue.
            PublishRefused: the registry is too far behind, and the type says to refuse then; or
                the event log can't be written, and the type is kept there.
            PublishError: the registry is not running, or too many events caused one another.
        """
        kind = self.kinds.get(type(event))
        if kind is None:
            kind = self.kind(type(event))
        value, payload = kind.check(event)
        if cause is None:
            envelope = Envelope(
                id=f"{self._prefix}{next(self._ids)}",
                source=source,
                type=kind.value,
                time=self._time(),
                subject=subject,
                epoch=self.epoch,
            )
        else:
            envelope = self._caused(cause, kind, source, subject)
        if subject is not None or source not in self._sources:
            self._check_words(kind, source, subject)
        publication = Publication(value, payload, envelope, kind.is_logged)
        ref = self.ref
        is_special = kind.is_urgent or (kind.is_logged and self.log is not None)
        if is_special or ref is None or self.level is not NONE:
            return self._send(publication, kind)
        mailbox = ref.cell.mailbox  # as `tell` does it: every event that is published comes here
        if mailbox.closed or len(mailbox.q) >= mailbox.capacity or self.context.abandoned:
            return self._send(publication, kind)
        mailbox.q.append(publication)
        if not mailbox.busy:
            mailbox.wake()
        return publication

    def _caused(self, cause: Envelope, kind: Kind, source: str, subject: str | None) -> Envelope:
        depth = cause.depth + 1
        self._check_depth(depth, kind.name, source)
        return Envelope(
            id=f"{self._prefix}{next(self._ids)}",
            source=source,
            type=kind.value,
            time=self._time(),
            subject=subject,
            traceparent=cause.traceparent,
            correlationid=cause.correlationid or cause.id,
            causationid=cause.id,
            depth=depth,
            epoch=self.epoch,
        )

    def _check_words(self, kind: Kind, source: str, subject: str | None) -> None:
        """Refuse what can't be written as UTF-8; sources that were checked are remembered."""
        for word, text in (("source", source), ("subject", subject)):
            try:
                if text is not None:
                    text.encode()
            except (UnicodeEncodeError, AttributeError) as error:
                raise PublishError(
                    f"{kind.name} can't be published with the {word} {text!a}: "
                    f"it must be text without lone surrogates"
                ) from error
        if len(self._sources) >= MOST_SOURCES:
            self._sources.clear()
        self._sources.add(source)

    def _check_depth(self, depth: int, name: str, source: str) -> None:
        if depth > self.options.causation_depth:
            self.looped += 1
            raise PublishError(
                f"{source} published {name} as the {depth}th event of a chain in which "
                f"each caused the next; more than {self.options.causation_depth} look like a loop"
            )

    def publish_named(
        self,
        name: str,
        payload: Mapping[str, Any],
        *,
        source: str,
        subject: str | None = None,
        id: str | None = None,  # noqa: A002  # CloudEvents' word
        time: float | None = None,
        traceparent: str | None = None,
        correlationid: str | None = None,
        causationid: str | None = None,
        depth: int = 0,
    ) -> Publication:
        """Publish by name, in any of its spellings; for what comes from outside.

        Old spellings of names and fields are counted. A payload that names its source gives it to
        the envelope. Where unknown names are allowed they are published as `UnknownEvent`.

        Args:
            name: of the type.
            payload: its fields.
            source: who publishes it.
            subject: what it is about.
            id: its id, if it has one already: a second one with it is a duplicate.
            time: when it was published, in seconds UTC; default: now. If that is longer ago than
                the type's `max_age`, it goes to the dead letters.
            traceparent: W3C trace context.
            correlationid: of the undertaking that it belongs to.
            causationid: of the event that caused it.
            depth: how many events led to it, one causing the next.

        Raises:
            UnknownEventTypeError: the catalogue has no such type, and validation is strict.
            EventValidationError: a field is missing, unknown, or of another type than declared.
            PublishError: as `publish`.
        """
        self._check_depth(depth, name, source)
        try:
            parsed = self.catalogue.parse(name, payload)
        except UnknownEventTypeError as error:
            if self.options.validation_strict:
                raise
            parsed = self.catalogue.parse_leniently(name, payload)
            known = name in self.unknown or len(self.unknown) < MOST_UNKNOWN
            counted = name if known else OTHERS
            self.unknown[counted] += 1
            if self.unknown[counted] == 1:
                logger.warning("published as UNKNOWN_EVENT, and so will be all like it: %s", error)
        self.renamed.update(parsed.renamed)
        value, kind = parsed.event, self.kind(type(parsed.event))
        data = self.catalogue.encode(value)  # it was checked when it was made
        now = self._time()
        self._check_words(kind, parsed.source or source, subject)
        envelope = Envelope(
            id=id or f"{self._prefix}{next(self._ids)}",
            source=parsed.source or source,
            type=kind.value,
            time=time or parsed.time or now,
            subject=subject,
            traceparent=traceparent,
            correlationid=correlationid,
            causationid=causationid,
            depth=depth,
            epoch=self.epoch,
        )
        publication = Publication(value, data, envelope, kind.is_logged)
        if time is not None and kind.max_age is not None and now - time > kind.max_age:
            self.expire(publication, now - time, kind.max_age)
            return publication
        return self._send(publication, kind, is_own=id is None)

    def kind(self, event_class: type[Event]) -> Kind:
        """Return what is known of a type."""
        kind = self.kinds.get(event_class)
        if kind is None:
            check = self.catalogue.check_of(event_class)
            new = Kind(event_class.EVENT, check)
            new.is_logged = new.is_logged or new.name in self.also_logged
            kind = self.kinds.setdefault(event_class, new)
        return kind

    def _send(self, publication: Publication, kind: Kind, *, is_own: bool = True) -> Publication:
        ref = self.ref
        if ref is None:
            raise PublishError(f"{kind.name} can't be published: the registry is not running")
        if kind.is_logged and self.in_log >= self.options.backlog and self.log is not None:
            self.refused += 1
            raise PublishRefused(
                f"{kind.name} is refused for now: {self.in_log} events wait for the event log"
                + (f", {self.log.trouble}" if self.log.trouble else "")
            )
        publication.is_own = is_own
        if self.level is not NONE and not self._admits(publication, kind):
            return publication
        try:
            if kind.is_urgent:
                self.urgent.append(publication)
                ref.tell(self._urgent)
            else:
                ref.tell(publication)
        except (ActorDeadError, MailboxFull) as error:
            with suppress(ValueError):  # the registry has taken it after all
                self.urgent.remove(publication)
            if isinstance(error, MailboxFull):
                raise PublishRefused(
                    f"{kind.name} is refused for now: {ref.cell.mailbox.capacity} events wait for "
                    "the registry; publish it again later"
                ) from error
            raise PublishError(f"{kind.name} can't be published: {error}") from error
        return publication

    def _admits(self, publication: Publication, kind: Kind) -> bool:
        match kind.verdict(self.level):
            case "take":
                return True
            case "wait":
                self.slowing.wait(lambda: self.level is not NONE)
                return True
            case "shed":
                self.shed += 1
                self.set_aside(publication, Outcome.REJECTED, f"shed: pressure is {self.level}")
                publication.decided(Routing.SHED)
                return False
            case "refuse":
                self.refused += 1
                raise PublishRefused(
                    f"{kind.name} is refused for now: the registry is behind, pressure is "
                    f"{self.level}; publish it again later"
                )

    def lose(self, publication: Publication) -> None:
        """Set aside an event that the registry will not route, and tell its publisher."""
        detail = "the registry stopped before it was routed"
        self.set_aside(publication, Outcome.UNDELIVERABLE, detail)
        publication.decided(Routing.REJECTED)

    def expire(self, publication: Publication, age: float, most: float) -> None:
        """Set aside an event that is too old to be routed, and tell its publisher."""
        self.expired += 1
        words = f"published {age:.0f} s ago; events of its type mean nothing after {most:g} s"
        self.set_aside(publication, Outcome.EXPIRED, words)
        publication.decided(Routing.EXPIRED)

    def set_aside(self, publication: Publication, outcome: Outcome, detail: str) -> None:
        """Keep an event that is not routed among the dead letters."""
        envelope = publication.envelope
        self.context.dead_letters.put(
            DeadLetter(
                path="",
                message=publication.event,
                reason=outcome,
                time=self._time(),
                detail=detail,
                event_id=envelope.id,
                envelope=envelope,
            )
        )
