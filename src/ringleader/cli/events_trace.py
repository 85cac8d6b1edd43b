"""`ringleader events trace`: what led to an event, who handled it, and what it led to."""

from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Final, TypeAlias

import typer
from msgspec import to_builtins
from rich.console import Console
from rich.text import Text
from rich.tree import Tree

from ringleader.actors.dead_letters import StoredLetter

from .. import event_lines as lines
from ..causes import Happening, Step, lineage, tree
from ..event_findings import Undertaking, letters_of, undertaking
from ..log_source import open_events
from .choice import Config, Data, Json, data_dir_named
from .events_show import Which, known_or_error
from .output import CLEAN, answers_errors, note, print_json

_WIDE: Final = 200
_GOOD: Final = frozenset({"handled", ""})

Limit = Annotated[
    int, typer.Option("--limit", metavar="N", min=1, max=10_000, help="At most so many events.")
]
Letters: TypeAlias = Mapping[tuple[str, str], StoredLetter]


@answers_errors
def trace(
    which: Which,
    *,
    limit: Limit = 200,
    config: Config = None,
    data_dir: Data = None,
    json: Json = False,
) -> int:
    """Draw how events caused each other: the whole undertaking that one event belongs to.

    Below each event stands who handled it, how that ended and how long it took, and below that
    what was published meanwhile. If there are more than --limit, only what led to the event and
    what it led to is drawn. While the node is down it is not known who handled them.
    """
    with open_events(data_dir_named(config, data_dir)) as (events, source):
        record = known_or_error(events, which).record
        whole = undertaking(events, record)
        everything = tree(whole.happenings)
        steps = everything
        if len(steps) > limit:
            steps = lineage(everything, record.envelope.id)[:limit]
        letters = letters_of(events, [s.happening for s in steps if s.happening is not None])
    asked = record.envelope.id
    if json:
        value = [_value(steps, index, letters) for index in range(len(steps))]
        left_out = len(everything) - len(steps)
        print_json({"source": source, "event": asked, "left_out": left_out, "events": value})
        return CLEAN
    _print(draw(steps, asked, letters, is_remembered=whole.is_remembered))
    _note(whole, len(everything) - len(steps))
    return CLEAN


def _note(whole: Undertaking, left_out: int) -> None:
    if left_out:
        note(f"{lines.count(left_out)} beside these are left out; --limit draws more")
    if whole.is_cut:
        note("the undertaking has more events than are looked at")
    if not whole.is_remembered:
        note("no node runs: who handled them is not known, but for dead letters")


def draw(steps: Sequence[Step], asked: str, letters: Letters, *, is_remembered: bool) -> list[Tree]:
    """Return a tree for each event without a cause."""
    drawing = _Drawing(steps, asked, letters, is_remembered=is_remembered)
    for index in range(len(steps)):
        drawing.add(index)
    return drawing.roots


class _Drawing:
    """Trees that grow step by step.

    Attributes:
        roots: the trees.
    """

    def __init__(
        self, steps: Sequence[Step], asked: str, letters: Letters, *, is_remembered: bool
    ) -> None:
        self._steps, self._asked, self._letters = steps, asked, letters
        self._is_remembered = is_remembered
        self.roots: list[Tree] = []
        self._places: list[Tree] = []
        self._handlers: dict[tuple[int, str], Tree] = {}

    def add(self, index: int) -> None:
        """Draw one event below its cause, and below it those who handled it."""
        step = self._steps[index]
        text = self._event(step)
        if step.cause < 0:
            place = Tree(text)
            self.roots.append(place)
        else:
            by_handler = self._handlers.get((step.cause, step.handler))
            place = (by_handler or self._places[step.cause]).add(text)
        self._places.append(place)
        if step.happening is not None:
            self._add_handlers(index, step.happening, place)

    def _add_handlers(self, index: int, happening: Happening, place: Tree) -> None:
        event_id = happening.envelope.id
        mine = {
            path: letter for (owner, path), letter in self._letters.items() if owner == event_id
        }
        for handling in happening.handlings or ():
            style = "green" if handling.outcome == "handled" else "yellow"
            if handling.outcome not in _GOOD:
                style = "red"
            told = lines.handled(handling, mine.pop(handling.path, None))
            text = Text.assemble(handling.path, " ", (told, style))
            self._handlers.setdefault((index, handling.path), place.add(text))
        for letter in mine.values():
            whom = lines.word(letter.path or "nobody in particular")
            place.add(Text.assemble(whom, " ", (lines.letter_in_short(letter), "red")))
        if happening.handlings is None and self._is_remembered:
            place.add(Text("who handled it is not known any more", "dim"))

    def _event(self, step: Step) -> Text:
        if step.happening is None:
            return Text(f"{lines.word(step.id)}, of which nothing more is known", "dim")
        envelope = step.happening.envelope
        text = Text(lines.word(envelope.type), "bold cyan")
        text.append(f" {lines.word(envelope.id)}", "not bold default")
        if envelope.sequence:
            text.append(f" #{envelope.sequence}", "not bold dim")
        if not step.handler:
            text.append(f" by {lines.source(envelope)}", "not bold default")
        text.append(f" {self._when(step)}", "not bold dim")
        if step.id == self._asked:
            text.append("  <-- this one", "bold yellow")
        return text

    def _when(self, step: Step) -> str:
        """Return the time of the first, and of the others how much later than their causes."""
        if step.happening is None:
            return ""
        time = step.happening.envelope.time
        above = self._steps[step.cause].happening if step.cause >= 0 else None
        if above is None:
            return lines.local_time(time)
        return f"+{lines.took(max(0.0, time - above.envelope.time))}"


def _print(trees: Sequence[Tree]) -> None:
    console = Console(highlight=False)
    if not console.is_terminal:
        console = Console(width=_WIDE, highlight=False, soft_wrap=True)
    for each in trees:
        console.print(each)


def _value(steps: Sequence[Step], index: int, letters: Letters) -> dict[str, Any]:
    """Return one place of the tree as JSON has it."""
    step = steps[index]
    value: dict[str, Any] = {
        "id": step.id,
        "cause": steps[step.cause].id if step.cause >= 0 else None,
        "level": step.level,
    }
    if step.happening is None:
        return value
    envelope = step.happening.envelope
    handlings = step.happening.handlings
    return {
        **value,
        "type": envelope.type,
        "source": envelope.source,
        "time": envelope.time,
        "sequence": envelope.sequence,
        "handler": step.handler or None,
        "handlings": None if handlings is None else to_builtins(handlings),
        "letters": {
            path: letter.number for (owner, path), letter in letters.items() if owner == step.id
        },
    }
