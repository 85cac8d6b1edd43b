"""The owner's side of one stream: it answers pulls from its log, and never guesses.

No sockets, no clock, no threads: pulls come in, answers go out, and the log is an `Outbox`. What
is told here follows `docs/wire.md`; the readers' side is `bridge_reader`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from .bridge_answers import Write, answer_of, diverged
from .bridge_readers import Readers, RepairLimits
from .wire_messages import Batch, Busy, Evt, Head

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator, Sequence

    from .bridge_readers import ReaderState
    from .streams import Entry, Outbox, Segment, Stream
    from .wire_messages import Answer, Pull

REPAIR_LIMITS: Final = RepairLimits()
WRITING: Final = 60.0
"""Seconds after which a change of the log that was not heard of again is asked for again."""


class OwnerStatistics(NamedTuple):
    """What one exported stream has been through since the node began.

    Attributes:
        stream: which one.
        epoch: the open one.
        head: the newest `seq`.
        low: the oldest that can be read.
        pulls: that were answered, `busy` ones not counted.
        busy: pulls that were put off.
        entries: that were given in answers.
        bytes: of those entries.
        mints: epochs that were begun because a reader knew more than the log.
        restamps: epochs that were written anew because a reader knew other content.
    """

    stream: Stream
    epoch: int
    head: int
    low: int
    pulls: int
    busy: int
    entries: int
    bytes: int
    mints: int
    restamps: int


class _Asked(NamedTuple):
    """A pull that waits for the log to be written.

    Attributes:
        pull: which one.
        restamped: the pull is what an epoch is being written anew for.
    """

    pull: Pull
    restamped: bool


class StreamOwner:
    """What a node exports of one group. All calls come from one thread.

    Args:
        stream: whose origin is this node.
        outbox: its log; writing calls back in any thread.
        limits: what repair may cost.
        wake: called in any thread when `answers` has something to say.
    """

    def __init__(
        self,
        stream: Stream,
        outbox: Outbox,
        *,
        limits: RepairLimits = REPAIR_LIMITS,
        wake: Callable[[], object] = lambda: None,
    ) -> None:
        self.stream = stream
        self._outbox = outbox
        self._limits = limits
        self._wake = wake
        self._readers = Readers(limits)
        self._asked: dict[str, _Asked] = {}
        self._is_writing = False
        self._writing_since = 0.0
        self._pulls = self._busy = self._entries = self._bytes = 0
        self._mints = self._restamps = 0

    def head(self) -> Head:
        """Return how far the stream has come, for heartbeats: a lost tail shows by it."""
        outbox = self._outbox
        epoch, head = outbox.segments[-1].epoch, outbox.head
        told = outbox.hash_at(epoch, head) or b""
        return Head(self.stream.group, epoch, head, outbox.low, told)

    def announce(self, entries: Sequence[Entry]) -> list[Evt]:
        """Return what to publish of entries that were just committed.

        An entry that is not in the log any more, or is too large for a frame, is left out: readers
        see by the next heartbeat that they miss it, and ask.
        """
        group = self.stream.group
        told: list[Evt] = []
        for epoch, first, bodies in self._runs(entries):
            prev = self._outbox.hash_at(epoch, first - 1)
            if prev is not None:
                told.append(Evt(group, epoch, first, prev, bodies))
        return told

    def pull(self, reader: str, pull: Pull, now: float) -> Answer | None:
        """Return the answer to a pull; None if the log must be written first: see `answers`."""
        wait = self._readers.wait(reader, now)
        if wait > 0:
            self._busy += 1
            return Busy(pull.req, pull.group, wait)
        answer = self._answer(reader, pull, now)
        # Asking costs too, else one could keep the owner writing for nothing.
        self._count(reader, answer, now)
        return answer

    def answers(self, now: float) -> list[tuple[str, Answer]]:
        """Return the answers, with their readers, that waited for the log; `wake` says when."""
        if self._is_writing or not self._asked:
            return []
        asked, self._asked = self._asked, {}
        told: list[tuple[str, Answer]] = []
        for reader, (pull, restamped) in asked.items():
            answer = diverged(self._outbox, pull) if restamped else self._answer(reader, pull, now)
            if answer is not None:
                self._count(reader, answer, now)
                told.append((reader, answer))
        return told

    def acked(self, reader: str, epoch: int, seq: int, now: float) -> None:
        """Note up to where a reader has everything on its disk; its hello says the same."""
        self._readers.acked(reader, epoch, seq, now)

    def forget(self, reader: str) -> None:
        """Expect no more of a reader: it does not hold back retention any longer."""
        self._readers.forget(reader)
        self._asked.pop(reader, None)

    def slowest(self, expected: Collection[str] = ()) -> int | None:
        """Return the `seq` up to which every reader has everything, for retention.

        None if there is no reader, or one of those expected was not heard of since the start.
        """
        return self._readers.slowest(self._outbox.segments, expected)

    def readers(self) -> list[ReaderState]:
        """Return how far each reader has come."""
        return self._readers.states(self._outbox.segments, self._outbox.head)

    def reader(self, name: str) -> ReaderState | None:
        """Return how far one reader has come; None: it is not known."""
        return self._readers.state(name, self._outbox.segments, self._outbox.head)

    def statistics(self) -> OwnerStatistics:
        """Return what was done so far."""
        head = self.head()
        return OwnerStatistics(
            self.stream,
            head.epoch,
            head.head,
            head.low,
            self._pulls,
            self._busy,
            self._entries,
            self._bytes,
            self._mints,
            self._restamps,
        )

    def _answer(self, reader: str, pull: Pull, now: float) -> Answer | None:
        answer = answer_of(self._outbox, pull, self._limits)
        if not isinstance(answer, Write):
            return answer
        # One writing at a time: what a second one would be for may have changed by then. A reader
        # has one pull at a time, so a newer one takes the place of an older one.
        starts = not self._is_writing or not 0 <= now - self._writing_since < WRITING
        self._asked[reader] = _Asked(pull, starts and answer is Write.RESTAMP)
        if starts:
            self._writing_since = now
            self._write(answer, pull.epoch)
        return None

    def _write(self, what: Write, epoch: int) -> None:
        self._is_writing = True
        if what is Write.MINT:
            self._mints += 1
            self._outbox.mint(self._written)
        else:
            self._restamps += 1
            self._outbox.restamp(epoch, self._written)

    def _written(self) -> None:
        """Go on answering. In any thread, so nothing but one store is done here."""
        self._is_writing = False
        self._wake()

    def _count(self, reader: str, answer: Answer | None, now: float) -> None:
        given = 0
        if isinstance(answer, Batch):
            given = sum(map(len, answer.bodies))
            self._entries += len(answer.bodies)
            self._bytes += given
        self._pulls += answer is not None
        self._readers.spend(reader, given, now)

    def _runs(self, entries: Sequence[Entry]) -> Iterator[tuple[int, int, list[bytes]]]:
        """Cut entries where a frame is full, a number is left out, or an epoch begins."""
        limits, segments = self._limits, self._outbox.segments
        most_bytes, most, largest = limits.batch_bytes, limits.batch_entries, limits.entry_bytes
        begun, opened = segments[-1].start, segments[-1].epoch
        run: list[bytes] = []
        epoch = first = following = size = 0
        for seq, body in entries:
            bytes_ = len(body)
            its = opened if seq >= begun else _epoch_of(segments, seq)
            is_next = seq == following and its == epoch
            if run and not (is_next and size + bytes_ <= most_bytes and seq - first < most):
                yield epoch, first, run
                run, size = [], 0
            if bytes_ > largest:
                continue
            if not run:
                epoch, first = its, seq
            run.append(body)
            size += bytes_
            following = seq + 1
        if run:
            yield epoch, first, run


def _epoch_of(segments: Sequence[Segment], seq: int) -> int:
    """Return the epoch that an entry is in; nearly always it is the open one."""
    for segment in reversed(segments):
        if seq >= segment.start:
            return segment.epoch
    return segments[-1].epoch
