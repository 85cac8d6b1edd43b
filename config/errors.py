"""What is wrong with a configuration: every problem at once, each with its place and its remedy."""

from __future__ import annotations

import difflib
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from ringleader.actors.errors import RingleaderError

if TYPE_CHECKING:
    from collections.abc import Iterable


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong.

    Attributes:
        where: file and line, variable or command-line argument.
        key: the dotted key, empty when no single key is at fault.
        wrong: what is wrong with it.
        right: what would be right, empty when that is plain.
    """

    where: str
    key: str
    wrong: str
    right: str = ""

    def __str__(self) -> str:
        """Return it in one line: place, key, wrong; right."""
        place = ": ".join(part for part in (self.where, self.key) if part)
        return f"{place}: {self.wrong}" + (f"; {self.right}" if self.right else "")


class ConfigError(RingleaderError):
    """The configuration can't be used.

    Attributes:
        problems: all that is wrong, in the order of the layers.
        exit_code: what a command that meets it exits with.
    """

    exit_code: ClassVar[int] = 1

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = tuple(problems)
        lines = [str(problem) for problem in self.problems]
        many = f"{len(lines)} problems in the configuration:\n  "
        super().__init__(lines[0] if len(lines) == 1 else many + "\n  ".join(lines))


def nearest(name: str, known: Iterable[str]) -> str | None:
    """Return the known name that `name` most probably meant, or None."""
    found = difflib.get_close_matches(name, list(known), n=1, cutoff=0.6)
    return found[0] if found else None


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """Return a hint with the nearest known name, or with all of them when none is near."""
    names = list(known)
    near = nearest(name, names)
    if near is not None:
        return f"did you mean {near}?"
    return f"known: {', '.join(sorted(names))}" if names else ""
