"""The order in which siblings start: their file's order, but each after those it names."""

from __future__ import annotations

from graphlib import CycleError, TopologicalSorter
from typing import TYPE_CHECKING

from .errors import did_you_mean

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    After = Mapping[str, Sequence[str]]


def ordered(after: After) -> tuple[str, ...]:
    """Return the names so that each stands after those it names; ties keep the order given.

    Raises:
        ValueError: `faults` has something to say.
    """
    waiting = dict(after)
    placed: dict[str, None] = {}
    while waiting:
        ready = (name for name, needs in waiting.items() if all(need in placed for need in needs))
        chosen = next(ready, None)
        if chosen is None:
            raise ValueError(f"no order for {', '.join(waiting)}")
        del waiting[chosen]
        placed[chosen] = None
    return tuple(placed)


def faults(after: After, word: str = "after") -> Iterator[tuple[str, str, str]]:
    """Yield what makes an order impossible: a name, what is wrong with its `word`, a remedy."""
    sound: dict[str, list[str]] = {}
    for name, needs in after.items():
        sound[name] = [need for need in needs if need in after and need != name]
        for need in needs:
            if need == name:
                yield name, "can't start after itself", f"remove it from `{word}`"
            elif need not in after:
                others = [other for other in after if other != name]
                yield name, f"has no sibling {need!r}", did_you_mean(need, others)
    cycle = _cycle(sound)
    if cycle:
        yield cycle[0], f"waits for itself: {' → '.join(cycle)}", f"remove one `{word}` of these"


def _cycle(after: After) -> tuple[str, ...]:
    """Return one cycle, each name followed by one that it starts after, or nothing."""
    try:
        TopologicalSorter(after).prepare()
    except CycleError as error:
        return tuple(reversed(error.args[1]))
    return ()
