"""What commands print, and how they end: text or JSON, and an exit code that means something."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any, Final, ParamSpec

import msgspec
import typer

from ringleader.actors.errors import RingleaderError
from ringleader.config import ConfigError

if TYPE_CHECKING:
    from collections.abc import Callable

P = ParamSpec("P")

CLEAN: Final = 0
BAD_CONFIG: Final = 1
"""What the user said can't be done: configuration, arguments, data directory."""
PERMANENT: Final = 70
"""Something failed for good: starting the node again will not help (`EX_SOFTWARE`)."""
TRY_AGAIN: Final = 75
"""Somebody else has what the node needs; later it may be free (`EX_TEMPFAIL`)."""


def print_json(value: Any) -> None:
    """Print a value as JSON, indented, on standard output."""
    typer.echo(msgspec.json.format(msgspec.json.encode(value), indent=2).decode())


def note(text: str) -> None:
    """Print a line for people on standard error."""
    typer.echo(text, err=True)


def answers_errors(command: Callable[P, int]) -> Callable[P, None]:
    """Let a command return its exit code, and print the errors of this package without traceback.

    With `--json` an error is JSON, too, on standard output.
    """

    @functools.wraps(command)
    def run(*args: P.args, **kwargs: P.kwargs) -> None:
        try:
            code = command(*args, **kwargs)
        except RingleaderError as error:
            code = getattr(error, "exit_code", PERMANENT)
            if kwargs.get("json"):
                print_json(error_value(error))
            else:
                note(f"ringleader: {error}")
        raise typer.Exit(code)

    return run


def error_value(error: RingleaderError) -> dict[str, Any]:
    """Return an error as JSON has it."""
    value: dict[str, Any] = {"error": str(error)}
    if isinstance(error, ConfigError):
        value["problems"] = error.problems
    return value
