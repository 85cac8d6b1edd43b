"""Which way a reader goes on an owner's word: another epoch, past what is lost, or back to ask."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from .wire_messages import Ahead, Diverged, Gone, Next, Pull, Unknown

if TYPE_CHECKING:
    from collections.abc import Sequence

    from .bridge_places import Places
    from .streams import Place
    from .wire_messages import Start

UNKNOWN_HASH: Final = b"\xff" * 8
"""What a reader sends that has forgotten a hash; the owner must take it for a difference."""

Word = Next | Gone | Ahead | Diverged | Unknown
"""What an owner says about a place, other than giving entries."""


class Course(NamedTuple):
    """What to do after an owner's word.

    Attributes:
        probe: ask this, instead of what follows the place.
        warning: for people; empty if there is nothing that they must know.
        waits: nothing was done, because the answer depends on commits that are under way.
        is_stuck: nothing was done, because the word makes no sense here; ask later.
    """

    probe: Pull | None = None
    warning: str = ""
    waits: bool = False
    is_stuck: bool = False


ONWARD: Final = Course()
STUCK: Final = Course(is_stuck=True)


def follow(places: Places, word: Word, asked: Pull) -> Course:
    """Move as the owner says, declaring what is lost by it."""
    if isinstance(word, Unknown):
        return _unknown(places, word)
    place = places.current
    if place is None or word.epoch != place.epoch:
        return STUCK
    if isinstance(word, Gone):
        return _gone(places, place, word)
    if isinstance(word, Next):
        return _next(places, place, word, asked)
    if isinstance(word, Diverged):
        if word.first <= word.upto:
            places.declare(word.first, min(word.upto, place.next - 1), "diverged")
        places.enter(word.new_epoch, word.start, "diverged")
        return Course(warning="its log has other entries under the numbers that were read")
    return _ahead(places, place, word)


def _gone(places: Places, place: Place, word: Gone) -> Course:
    if word.upto < place.next:
        return STUCK
    is_lost = not places.is_new
    first = place.next
    places.skip(word.upto, word.hash)
    if not is_lost:
        return ONWARD
    return Course(warning=f"{first} to {word.upto} can't be read any more")


def _next(places: Places, place: Place, word: Next, asked: Pull) -> Course:
    # Behind a probe the place is beyond the end, and what is there was found to be the same.
    if place.next != word.end + 1 and asked.next == place.next:
        return STUCK
    places.enter(word.next_epoch, word.start, "rolled_back", word.end)
    return ONWARD


def _ahead(places: Places, place: Place, word: Ahead) -> Course:
    """Follow an owner whose log was rolled back.

    If what is left of its epoch ends below this place, it may have been written anew up to there
    with other entries. Then the owner is asked about its last one, and finds the difference itself.
    """
    if place.next - 1 < word.end:
        places.give_up(word.end, "rolled_back")
        return Course(warning=f"its log was rolled back to {word.end}")
    if not places.is_settled:
        return Course(waits=True)
    mine = places.hash_at(place, word.end)
    if mine != word.hash:
        about = mine or UNKNOWN_HASH
        return Course(Pull(word.req + 1, word.group, word.epoch, word.end + 1, about, 0))
    places.enter(word.next_epoch, word.start, "rolled_back", word.end)
    return Course(warning=f"its log was rolled back to {word.end}, this is at {place.next - 1}")


def _unknown(places: Places, word: Unknown) -> Course:
    """Find a way back into a stream whose owner has forgotten the epoch, or begin one."""
    place = places.current
    if not word.segments:
        return STUCK
    known = [each for each in word.segments if places.knows(each.epoch)]
    if known and place is not None and known[-1].epoch == place.epoch:
        return STUCK
    there = known[-1] if known else _begin(word.segments, word.low, is_new=places.is_new)
    places.enter(there.epoch, there.start, "reset")
    if places.is_new:
        return ONWARD
    return Course(warning="its log knows nothing of the epoch that was read: its disk is another")


def _begin(segments: Sequence[Start], low: int, *, is_new: bool) -> Start:
    """Return where to begin: who is new needs nothing that is beyond retention."""
    readable = [each for each in segments if each.start <= low]
    return readable[-1] if is_new and readable else segments[0]
