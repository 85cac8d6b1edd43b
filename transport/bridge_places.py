"""Where a reader is in a stream: in memory at once, on disk a moment later, in the same order."""

from __future__ import annotations

from collections import deque
from functools import partial
from typing import TYPE_CHECKING, Final, NamedTuple

from .streams import NO_HASH, Entry, Loss, Place, chain

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from .streams import Inbox, Stream

MOST_HEARSAY: Final = 16
"""Epochs that were heard of and never entered; older ones are forgotten."""


class _Commit(NamedTuple):
    place: Place
    entries: int
    size: int


class Places:
    """The places of one stream, in all epochs that were ever entered.

    A reader that never committed anything of a stream is new: what is beyond retention then was
    never meant for it, and is not lost. Everything else that it leaves behind is applied or
    declared, and for an epoch that was left `heard` is the last entry of which that is true.

    Args:
        stream: of which.
        inbox: where it is committed; calls back in any thread.
        wake: called in any thread when `settle` has something to do.
    """

    def __init__(self, stream: Stream, inbox: Inbox, wake: Callable[[], object]) -> None:
        known = inbox.places(stream)
        self._stream = stream
        self._inbox = inbox
        self._wake = wake
        self._known = {place.epoch: place for place in known}
        self._hearsay: dict[int, int] = {}
        self._done: deque[_Commit] = deque()
        self._told = known[-1] if known else None
        self._unsettled = 0
        self.current: Place | None = self._told
        self.committed: Place | None = self._told
        self.is_new = not known
        self.declared = 0
        self.entries = 0
        """That are applied and not committed yet."""
        self.bytes = 0

    @property
    def is_settled(self) -> bool:
        """All that was applied is committed, so that the inbox can be asked about it."""
        return not self._unsettled

    @property
    def is_remembered(self) -> bool:
        """The inbox was told of everything that was heard of the present epoch."""
        return self.current == self._told

    def knows(self, epoch: int) -> bool:
        """Tell whether this epoch was ever entered."""
        return epoch in self._known

    def hash_at(self, place: Place, seq: int) -> bytes | None:
        """Return the hash of an entry at or below a place; None if it is not known any more."""
        if seq == place.next - 1:
            return place.hash
        return self._inbox.hash_at(self._stream, place.epoch, seq)

    def hear(self, epoch: int, seq: int) -> None:
        """Note that there is, or was, an entry."""
        place = self.current
        if place is not None and epoch == place.epoch:
            if seq > place.heard:
                self.current = place._replace(heard=seq)
        elif epoch in self._known:
            self._hear_late(self._known[epoch], seq)
        else:
            seq = max(seq, self._hearsay.pop(epoch, 0))
            self._hearsay[epoch] = seq
            if len(self._hearsay) > MOST_HEARSAY:
                del self._hearsay[next(iter(self._hearsay))]

    def take(self, first: int, prev: bytes, bodies: Sequence[bytes]) -> int | None:
        """Apply what follows the current place, and pass over what is known already.

        Returns:
            How many entries were new; None if they don't follow what is known: the hashes differ.
        """
        place = self.current
        if place is None or not first <= place.next < first + len(bodies):
            return 0
        known, last = place.next - first, first + len(bodies) - 1
        hashes = chain(prev, place.epoch, first, bodies)
        if (hashes[known - 1] if known else prev) != place.hash:
            return None
        new = [Entry(seq, body) for seq, body in enumerate(bodies[known:], place.next)]
        there = Place(place.epoch, last + 1, hashes[-1], max(place.heard, last))
        self._apply(there, new, (), hashes[known:])
        return len(new)

    def skip(self, upto: int, after: bytes) -> None:
        """Go on behind what can't be read any more, and say that it is lost."""
        place = self.current
        if place is None:
            return
        there = place._replace(next=upto + 1, hash=after)
        if self.is_new:
            self.current = there
            return
        self._apply(there, (), self._missing(place, place.next, upto, "gone"))

    def enter(self, epoch: int, start: int, reason: str, upto: int = -1) -> None:
        """Go on in another epoch, or in one from before, where that was left.

        Args:
            epoch: which one.
            start: its first `seq`, used if it was never entered.
            reason: why what was heard of the present epoch will not come.
            upto: the last entry of the present epoch that does exist.
        """
        place = self.current
        losses = self._unheard(place, reason, upto)
        there = self._known.get(epoch)
        if there is None:
            there = Place(epoch, start, NO_HASH, self._hearsay.pop(epoch, 0))
        else:
            # Whatever was heard of it since it was left is declared already.
            there = there._replace(heard=there.next - 1)
        if place is not None and not self.is_new:
            self._known[place.epoch] = place
        if self.is_new and not losses:
            self.current = there
        else:
            self._apply(there, (), losses)

    def declare(self, first: int, last: int, reason: str) -> None:
        """Say that entries of the present epoch are lost, wherever the reader is in it."""
        place = self.current
        if place is not None:
            self._apply(place, (), self._missing(place, first, last, reason))

    def give_up(self, end: int, reason: str) -> None:
        """Stop waiting for what was heard of the present epoch beyond its end."""
        place = self.current
        if place is not None and place.heard > end:
            losses = self._unheard(place, reason, end)
            self._apply(place._replace(heard=end), (), losses)

    def settle(self) -> bool:
        """Take note of commits; tell whether there were any."""
        before = self._unsettled
        while self._done:
            place, entries, size = self._done.popleft()
            self.entries -= entries
            self.bytes -= size
            self._unsettled -= 1
            self.committed = place
        return self._unsettled != before

    def remember(self) -> None:
        """Commit where the reader is, and what it heard, unless that is on its way already."""
        place = self.current
        if place is not None and place != self._told:
            self._apply(place, (), ())

    def _unheard(self, place: Place | None, reason: str, upto: int) -> list[Loss]:
        if place is None:
            return []
        return self._missing(place, max(place.next, upto + 1), place.heard, reason)

    def _hear_late(self, place: Place, seq: int) -> None:
        """Declare what was in an epoch that its owner says to have ended before: a rollback."""
        first = max(place.next, place.heard + 1)
        if seq < first:
            return
        self._known[place.epoch] = place._replace(heard=seq)
        if self.current is not None:
            self._apply(self.current, (), self._missing(place, first, seq, "rolled_back"))

    def _missing(self, place: Place, first: int, last: int, reason: str) -> list[Loss]:
        if last < first:
            return []
        self.declared += last - first + 1
        return [Loss(self._stream, place.epoch, first, last, reason)]

    def _apply(
        self,
        place: Place,
        entries: Sequence[Entry],
        losses: Sequence[Loss],
        hashes: Sequence[bytes] = (),
    ) -> None:
        size = sum([len(entry.body) for entry in entries])
        self.current = self._told = self._known[place.epoch] = place
        self.is_new = False
        self.entries += len(entries)
        self.bytes += size
        self._unsettled += 1
        commit = _Commit(place, len(entries), size)
        then = partial(self._commit, commit)
        self._inbox.apply(self._stream, place, entries, losses, then, hashes=hashes)

    def _commit(self, commit: _Commit) -> None:
        self._done.append(commit)
        self._wake()
