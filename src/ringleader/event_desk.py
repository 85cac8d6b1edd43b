"""Who answers a node's clients when they publish events, and consume them."""

from __future__ import annotations

import itertools
from functools import partial
from threading import Lock
from typing import TYPE_CHECKING, Any, Final, cast

from ringleader.actors.dispatch import here
from ringleader.actors.errors import PublishError, PublishRefused, RingleaderError
from ringleader.actors.event_log import ConsumerSpec, EventLogError
from ringleader.actors.topics import ALL
from ringleader.supervisors.spec import ChildSpec

from . import event_questions as questions
from .durable_session import DurableSession
from .errands import Eventually, Later
from .event_questions import Attached, SentEvent
from .guardians import SUBSCRIBERS
from .live_session import Listener, LiveSession
from .node_errors import NodeNotReady
from .questions import name_of
from .sent_events import publish_sent

if TYPE_CHECKING:
    from ringleader.actors.events.base import Envelope, Event
    from ringleader.actors.publication import Publication
    from ringleader.actors.topics import Topic
    from ringleader.supervisors.ref import SupervisorRef

    from .event_sessions import Done, Session
    from .questions import Question
    from .system import System

TICK: Final = 2.0
"""Seconds after which it is looked whether a fetch has waited for too long, or a lease is old."""


class EventDesk:
    """Answers questions about events. Called from the control socket's thread.

    Until `open` is called, events are accepted but not published: the tree is not up yet, and
    those who want them are not there. After `close` nothing is accepted.

    Args:
        system: whose events they are.
    """

    def __init__(self, system: System) -> None:
        self._system, self._hub, self._clock = system, system.hub, system.context.clock
        self._lock = Lock()
        self._early: list[tuple[SentEvent, Done]] | None = []
        self._closed = False
        self._sessions: dict[str, Session] = {}
        self._numbers = itertools.count(1)
        self._fresh: set[str] = set()
        self._passed = self._ticks = False

    # ---------------------------------------------------------------- from start to end

    def open(self) -> None:
        """Publish what came early, and from now on all that comes."""
        self._hub.taps.append(self._passes)
        self._forget_commits = self._hub.on_commit(self._committed)
        while True:
            with self._lock:
                if not self._early:
                    self._early = None
                    return
                early, self._early = self._early, []
            for sent, done in early:
                self._publish(sent, done)

    def close(self) -> None:
        """Accept nothing any more. Consumers are held for those who had them: they may be back."""
        with self._lock:
            self._closed = True
            early, self._early = self._early or [], None
            sessions = list(self._sessions.values())
            self._sessions.clear()
        if self._passes in self._hub.taps:
            self._hub.taps.remove(self._passes)
            self._forget_commits()
        for _, done in early:
            done(_away())
        for session in sessions:
            session.wake(_away())
            if isinstance(session, DurableSession):
                session.give_back()
            else:
                session.end()

    # ---------------------------------------------------------------- answers

    def answer(self, question: Question) -> Any:
        """Answer, or return what will; never blocks.

        Raises:
            NodeNotReady: the node is stopping.
            RingleaderError: what was asked for can't be had.
        """
        if self._closed:
            raise _away()
        match question:
            case questions.Publish():
                return self._take(question)
            case questions.Consume():
                return self._consume(question)
            case questions.Listen():
                return self._listen(question)
            case questions.Fetch():
                session = self._session(question.session)
                return Eventually(partial(session.fetch, question), cancel=session.wake)
            case questions.Settle():
                return Eventually(partial(self._session(question.session).settle, question))
            case questions.Wake():
                return self._session(question.session).wake()
            case _:
                raise RingleaderError(f"{name_of(question)!r} is no question about events")

    def _session(self, name: str) -> Session:
        found = self._sessions.get(name)
        if found is None:
            raise EventLogError(f"there is no session {name!r} any more; attach again")
        return found

    # ---------------------------------------------------------------- publishing

    def _take(self, question: questions.Publish) -> Any:
        if question.wait:
            return Eventually(partial(self._publish_when_open, question.event))
        if not self._is_early(question.event, _nothing):
            self._hand_over(question.event)
        return None

    def _is_early(self, sent: SentEvent, done: Done) -> bool:
        with self._lock:
            if self._early is not None:
                self._early.append((sent, done))
            return self._early is not None

    def _publish_when_open(self, sent: SentEvent, done: Done) -> None:
        if not self._is_early(sent, done):
            self._publish(sent, done)

    def _publish(self, sent: SentEvent, done: Done) -> None:
        try:
            publication = self._hand_over(sent)
        except RingleaderError as error:
            done(error)
        else:
            publication.when_decided(done)

    def _hand_over(self, sent: SentEvent) -> Publication:
        outside, here.is_loop = here.is_loop, True  # this thread must not be slowed down
        try:
            return publish_sent(self._hub, sent)
        except RingleaderError as error:
            raise self._said(error) from error
        finally:
            here.is_loop = outside

    def _said(self, error: RingleaderError) -> RingleaderError:
        """Tell a client to keep its event, if it is only that the registry is not there."""
        ref = self._hub.ref
        is_gone = ref is None or not ref.is_alive()
        if is_gone and isinstance(error, PublishError) and not isinstance(error, PublishRefused):
            return _away()
        return error

    # ---------------------------------------------------------------- consuming

    def _consume(self, question: questions.Consume) -> Eventually:
        log = self._hub.log
        if log is None:
            raise EventLogError(
                "this node keeps no event log, so it has no durable consumers; subscribe without "
                "a durable name"
            )
        spec = ConsumerSpec(
            name=question.consumer,
            types=None if question.types is None else self._logged(question.types),
            idempotent=question.idempotent,
            start=question.start,
            lease=question.lease,
        )
        session = DurableSession(log, spec, question.owner, self._clock)
        name = self._name()
        return Eventually(
            start=lambda done: self._attach(name, session, done),
            ended=lambda: self._end(name),
        )

    def _attach(self, name: str, session: DurableSession, done: Done) -> None:
        def attached(answer: Attached | RingleaderError) -> None:
            if isinstance(answer, RingleaderError):
                self._forget(name)
            done(answer)

        with self._lock:
            for other in self._durable():
                if (other.name, other.owner) == (session.name, session.owner):
                    other.is_superseded = True
            self._sessions[name] = session
        self._keep_ticking()
        session.attach(name, attached)

    def _logged(self, names: tuple[str, ...]) -> tuple[str, ...]:
        kinds = [self._hub.kind(self._hub.catalogue.find(name)) for name in names]
        passing = [kind.name for kind in kinds if not kind.is_logged]
        if passing:
            raise EventLogError(
                f"{', '.join(passing)}: not kept in the event log, only durable and bridged types "
                "are; subscribe to it without a durable name"
            )
        return tuple(sorted({kind.value for kind in kinds}))

    def _listen(self, question: questions.Listen) -> Later:
        topics: list[Topic] = [ALL]
        if question.types is not None:
            topics = [self._hub.catalogue.find(name) for name in question.types]
        session, name = LiveSession(self._clock), self._name()
        with self._lock:
            self._sessions[name] = session

        def begin() -> Attached:
            spec = ChildSpec(
                f"client-{name}", Listener, (self._hub, topics, session), restart="temporary"
            )
            subscribers = cast("SupervisorRef[Any]", self._system.ref(SUBSCRIBERS))
            session.kept_by(subscribers.start_child(spec))
            return Attached(session=name)

        self._keep_ticking()
        return Later(begin, ended=lambda: self._end(name))

    def _name(self) -> str:
        return f"{self._hub.epoch:x}-{next(self._numbers)}"

    def _end(self, name: str) -> None:
        session = self._forget(name)
        if session is not None:
            session.end()

    def _forget(self, name: str) -> Session | None:
        with self._lock:
            return self._sessions.pop(name, None)

    def _durable(self) -> list[DurableSession]:
        return [one for one in self._sessions.values() if isinstance(one, DurableSession)]

    # ---------------------------------------------------------------- what wakes a fetch

    def _passes(self, _: Event, envelope: Envelope) -> None:
        self._passed = True
        if envelope.sequence is not None:
            self._fresh.add(envelope.type)

    def _committed(self) -> None:
        """Wake those who want what was committed; all of them now and then, whatever it was."""
        fresh, passed = frozenset(self._fresh), self._passed
        self._fresh.clear()
        self._passed = False
        if not fresh and passed:
            return
        with self._lock:
            sessions = self._durable()
        for session in sessions:
            session.committed(fresh or None)

    def look(self) -> None:
        """Let all durable consumers look: one may have more to come, though nothing is new."""
        with self._lock:
            sessions = self._durable()
        for session in sessions:
            session.committed(None)

    def _keep_ticking(self) -> None:
        with self._lock:
            if self._ticks or self._closed:
                return
            self._ticks = True
        self._clock.call_later(TICK, self._tick)

    def _tick(self) -> None:
        with self._lock:
            self._ticks = False
            sessions = list(self._sessions.values())
        now = self._clock.now()
        for session in sessions:
            session.look(now)
        if sessions:
            self._keep_ticking()


def _away() -> NodeNotReady:
    return NodeNotReady("the node is stopping, and takes no events any more")


def _nothing(_: object) -> None:
    """Hear what became of an event whose sender does not wait."""
