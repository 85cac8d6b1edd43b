"""Where a person sees a node: a live view on a terminal, plain lines anywhere else."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Protocol

from rich.console import Console
from rich.live import Live
from rich.text import Text

from ..live import View, render
from .output import note

if TYPE_CHECKING:
    from rich.console import RenderableType


class Screen(Protocol):
    """Takes lines from any thread, and views from one."""

    def line(self, text: str) -> None:
        """Show one line."""
        ...

    def show(self, view: View) -> None:
        """Show how the node fares now."""
        ...

    def close(self, last: RenderableType | None = None) -> None:
        """Show the result, if there is one, and nothing after it."""
        ...


class PlainScreen:
    """Writes lines to standard error, and the result to standard output."""

    def __init__(self, *, silent_result: bool = False) -> None:
        self._silent = silent_result

    def line(self, text: str) -> None:
        """Write one line."""
        note(text)

    def show(self, view: View) -> None:
        """Do nothing: lines tell what changes."""

    def close(self, last: RenderableType | None = None) -> None:
        """Write the result."""
        if last is not None and not self._silent:
            Console(width=None if sys.stdout.isatty() else 120).print(last)


class LiveScreen:
    """Draws the view over and over at the bottom of a terminal; lines scroll above it."""

    def __init__(self, console: Console) -> None:
        self._console = console
        # Without `auto_refresh`: rich would make a thread of its own.
        self._live = Live(console=console, auto_refresh=False, transient=True)
        self._live.start()

    def line(self, text: str) -> None:
        """Print one line above the view."""
        self._console.print(Text(text), highlight=False)

    def show(self, view: View) -> None:
        """Draw the view."""
        self._live.update(render(view, self._console.height - 1), refresh=True)

    def close(self, last: RenderableType | None = None) -> None:
        """Take the view away and print the result."""
        self._live.stop()
        if last is not None:
            self._console.print(last)


def open_screen(*, plain: bool, json: bool) -> Screen:
    """Return a live view if standard output is a terminal, and nobody wants it otherwise."""
    console = Console()
    if plain or json or not console.is_terminal or console.is_dumb_terminal:
        return PlainScreen(silent_result=json)
    return LiveScreen(console)
