"""The reader's side of one stream: it takes what follows, and asks for what is missing.

No sockets, no clock, no threads: messages come in, actions come out, and the place in the stream
is kept in an `Inbox`. What is heard on the fast path is checked entry by entry against what is
known; only the owner's answers to a pull ever change the epoch (`docs/wire.md`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from msgspec.structs import replace

from .bridge_course import follow
from .bridge_early import Early
from .bridge_pace import Pace
from .bridge_places import Places
from .bridge_reading import READER_LIMITS, ReaderLimits, ReaderStatistics
from .streams import Place
from .wire_messages import (
    Ack,
    Answer,
    Batch,
    Busy,
    Bye,
    Cursor,
    Evt,
    Hb,
    HelloOk,
    Pull,
    Welcome,
)

if TYPE_CHECKING:
    from collections.abc import Callable
    from random import Random

    from .streams import Inbox, Stream
    from .wire_messages import Head, Message

SILENCE: Final = 5
"""Pulls in a row without an answer after which a warning is due."""


class Send(NamedTuple):
    """To be sent to the stream's owner."""

    message: Message


class Warn(NamedTuple):
    """To be said to people."""

    text: str


Action = Send | Warn


class StreamReader:
    """What a node imports of one stream. All calls come from one thread.

    Args:
        stream: whose origin is another node.
        inbox: what was committed of it; commits call back in any thread.
        rng: for jitter, and for the numbers of requests.
        limits: of memory and pace.
        wake: called in any thread after a commit, so that `committed` is called soon.
    """

    def __init__(
        self,
        stream: Stream,
        inbox: Inbox,
        rng: Random,
        *,
        limits: ReaderLimits = READER_LIMITS,
        wake: Callable[[], object] = lambda: None,
    ) -> None:
        self.stream = stream
        self._limits = limits
        self._places = Places(stream, inbox, wake)
        self._pace = Pace(rng, limits.pace)
        self._early = Early(limits.early_entries, limits.early_bytes)
        # Answers to a pull of an earlier life may still be on their way to this address.
        self._req = rng.getrandbits(40) << 20
        # Whether the owner must be asked although nothing that was heard of is missing. So it is
        # at the beginning: nobody is heard on the fast path before the owner's next event.
        self._is_unsure = True
        self._waits_for_commit = False
        self._is_repairing = False
        self._acked: tuple[int, int] | None = None
        self._acked_at: float | None = None
        self._behind_since: float | None = None
        self._gaps = self._repairs = self._entries = self._bytes = self._duplicates = 0

    def on(self, message: Message, now: float) -> list[Action]:
        """Take what came of the stream's owner, on either socket; say what to do.

        Messages that don't concern this stream are ignored.
        """
        said: list[Action] = []
        if isinstance(message, Evt):
            if message.group == self.stream.group:
                self._on_events(message, now)
        elif isinstance(message, Hb | HelloOk | Welcome | Bye):
            for head in message.heads:
                if head.group == self.stream.group:
                    self._on_head(head, now)
            if isinstance(message, HelloOk | Welcome):
                # A connection is new: what was asked on the one before is not worth waiting for.
                self._pace.renew()
                self._doubt(now)
        elif isinstance(message, Answer) and message.group == self.stream.group:
            self._on_answer(message, now, said)
        self._pull(now, said)
        return said

    def tick(self, now: float) -> list[Action]:
        """Do what is due: asking again, acknowledging, remembering. At least every 50 ms."""
        said: list[Action] = []
        self._places.settle()
        self._remember(now)
        self._acknowledge(now, said)
        if self._is_behind():
            self._pace.want(now)
        self._pull(now, said)
        return said

    def committed(self, now: float) -> list[Action]:
        """Go on after a commit; `wake` says when."""
        said: list[Action] = []
        if self._places.settle():
            self._acknowledge(now, said)
            self._pull(now, said)
        return said

    def resync(self, now: float) -> list[Action]:
        """Ask the owner now, whatever seems to be right."""
        said: list[Action] = []
        self._is_unsure = True
        self._pace.hurry(now)
        self._pull(now, said)
        return said

    def cursor(self) -> Cursor | None:
        """Return what is committed, for a hello; None before the first entry."""
        place = self._places.committed
        return place and Cursor(self.stream.group, place.epoch, place.next)

    def statistics(self) -> ReaderStatistics:
        """Return where it is, and what it has been through."""
        places = self._places
        heard = places.current.heard if places.current else 0
        next_one = places.current.next if places.current else 1
        return ReaderStatistics(
            self.stream,
            places.committed,
            heard,
            max(heard - next_one + 1, 0) + places.entries,
            self._gaps,
            self._repairs,
            places.declared,
            self._entries,
            self._bytes,
            self._duplicates,
            places.entries,
            self._pace.tries,
        )

    def _on_events(self, evt: Evt, now: float) -> None:
        places = self._places
        last = evt.first + len(evt.bodies) - 1
        place = places.current
        if place is None or evt.epoch != place.epoch:
            # Hearsay: which epoch follows which is for the owner to say.
            places.hear(evt.epoch, last)
            self._doubt(now)
        elif last < place.next:
            self._duplicates += len(evt.bodies)
        elif evt.first <= place.next:
            self._take(evt.first, evt.prev, evt.bodies, now)
        else:
            places.hear(evt.epoch, last)
            self._early.keep(evt)
            self._pace.want(now)

    def _on_head(self, head: Head, now: float) -> None:
        self._places.hear(head.epoch, head.head)
        place = self._places.current
        if place is None or head.epoch != place.epoch or head.head < place.next - 1:
            self._doubt(now)
        elif head.head >= place.next:
            self._pace.want(now)
        elif head.hash and head.hash != place.hash:
            # As many entries, but others: a disk that was put back, and written again.
            self._doubt(now)

    def _on_answer(self, answer: Answer, now: float, said: list[Action]) -> None:
        asked = self._pace.asked
        is_awaited = self._pace.is_answered(answer.req)
        if isinstance(answer, Batch):
            # Entries prove themselves by their hashes, however late they come; all else is about
            # the very place that was asked for.
            self._on_batch(answer, now, is_awaited=is_awaited)
            return
        if not is_awaited or asked is None:
            return
        if isinstance(answer, Busy):
            self._pace.busy(answer.retry_after, now)
            return
        self._is_unsure = True
        self._early.clear()
        course = follow(self._places, answer, asked)
        self._waits_for_commit = course.waits
        if course.warning:
            said.append(Warn(f"{self.stream}: {course.warning}"))
        if course.probe is not None:
            self._send(course.probe, now, said)
        elif course.is_stuck:
            self._pace.busy(1.0, now)
        else:
            self._pace.hurry(now)

    def _on_batch(self, batch: Batch, now: float, *, is_awaited: bool) -> None:
        places = self._places
        place = places.current
        if place is None or batch.epoch != place.epoch:
            return
        places.hear(batch.epoch, batch.end)
        if places.is_new:
            # From here on the reader has a place, and what it misses is lost.
            places.remember()
        if self._take(batch.first, batch.prev, batch.bodies, now):
            self._repairs += 1
        if is_awaited:
            self._is_unsure = not batch.is_last
            if self._is_behind():
                self._pace.hurry(now)
            else:
                self._is_repairing = False

    def _take(self, first: int, prev: bytes, bodies: list[bytes], now: float) -> bool:
        """Apply what follows, and what came before its turn; tell whether anything did."""
        if not self._apply(first, prev, bodies, now):
            return False
        places = self._places
        while self._early and places.current is not None:
            evt = self._early.take(places.current.next)
            if evt is None or not self._apply(evt.first, evt.prev, evt.bodies, now):
                break
        if not self._is_behind():
            self._is_repairing = False
            self._pace.rest()
        return True

    def _apply(self, first: int, prev: bytes, bodies: list[bytes], now: float) -> bool:
        places = self._places
        is_full = self._is_full()
        taken = None if is_full else places.take(first, prev, bodies)
        if taken is None:
            if places.current is not None:
                places.hear(places.current.epoch, first + len(bodies) - 1)
            if not is_full:  # else it will be asked for when there is room
                self._doubt(now)
            return False
        self._duplicates += len(bodies) - taken
        self._entries += taken
        self._bytes += sum(map(len, bodies[-taken:])) if taken else 0
        return taken > 0

    def _is_full(self) -> bool:
        places, limits = self._places, self._limits
        return (
            places.entries >= limits.outstanding_entries or places.bytes >= limits.outstanding_bytes
        )

    def _is_behind(self) -> bool:
        place = self._places.current
        return self._is_unsure or place is None or place.heard >= place.next or bool(self._early)

    def _doubt(self, now: float) -> None:
        self._is_unsure = True
        self._pace.want(now)

    def _pull(self, now: float, said: list[Action]) -> None:
        if not self._pace.is_due(now):
            return
        places = self._places
        if self._is_full() or (self._waits_for_commit and not places.is_settled):
            return
        if not self._is_behind():
            self._is_repairing = False
            self._pace.rest()
            return
        self._waits_for_commit = False
        self._gaps += not (self._is_repairing or self._is_unsure)
        self._is_repairing = True
        place = places.current or Place(0, 1)
        heard = max(place.heard, place.next - 1)
        self._send(
            Pull(0, self.stream.group, place.epoch, place.next, place.hash, heard), now, said
        )

    def _send(self, pull: Pull, now: float, said: list[Action]) -> None:
        self._req += 1
        pull = replace(pull, req=self._req)
        self._pace.sent(pull, now)
        if self._pace.tries == SILENCE:
            said.append(Warn(f"{self.stream}: {SILENCE} pulls in a row were not answered"))
        said.append(Send(pull))

    def _remember(self, now: float) -> None:
        """Put on disk what was heard and has not come: a crash must not make it forgotten."""
        places = self._places
        if places.is_new or places.is_remembered:
            self._behind_since = None
        elif self._behind_since is None or now < self._behind_since:
            self._behind_since = now
        elif now - self._behind_since >= self._limits.remember_after:
            places.remember()

    def _acknowledge(self, now: float, said: list[Action]) -> None:
        place = self._places.committed
        if place is None:
            return
        since = None if self._acked_at is None else now - self._acked_at
        told = (place.epoch, place.next - 1)
        wait = self._limits.ack_interval if told != self._acked else self._limits.ack_again
        # A clock that went back makes no wait longer.
        if since is None or not 0 <= since < wait:
            self._acked, self._acked_at = told, now
            said.append(Send(Ack(self.stream.group, *told)))
