"""What commands print, and how they end: text or JSON, and an exit code that means something."""

from __future__ import annotations

import functools
import sys
from typing import TYPE_CHECKING, Any, Final, ParamSpec

import msgspec
import typer
from typer.core import TyperCommand, TyperGroup

from ringleader.actors.errors import RingleaderError
from ringleader.config import ConfigError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

P = ParamSpec("P")

CLEAN: Final = 0
BAD_CONFIG: Final = 1
"""What the user said can't be done: configuration, arguments, data directory."""
PERMANENT: Final = 70
"""Something failed for good: starting the node again will not help (`EX_SOFTWARE`)."""
TRY_AGAIN: Final = 75
"""Somebody else has what the node needs; later it may be free (`EX_TEMPFAIL`)."""


class BadArgument(RingleaderError):  # noqa: N818  # as a command says it
    """An argument makes no sense here."""

    exit_code = BAD_CONFIG


class Command(TyperCommand):
    """One command."""

    def get_params(self, ctx: Any) -> Any:
        """Return the parameters; also asked for when the help is written."""
        return _plain(super().get_params(ctx))


class Commands(TyperGroup):
    """The commands; what is wrong with their arguments is JSON, too, where JSON is asked for."""

    def get_params(self, ctx: Any) -> Any:
        """Return the parameters of what all commands have in common."""
        return _plain(super().get_params(ctx))

    def main(self, args: Sequence[str] | None = None, *rest: Any, **named: Any) -> Any:
        """Run a command; end the process with its exit code."""
        words = sys.argv[1:] if args is None else list(args)
        if "--json" not in words:
            return super().main(args, *rest, **named)
        try:
            code = super().main(args, *rest, **{**named, "standalone_mode": False})
        except Exception as error:
            message = getattr(error, "format_message", None)  # an argument of the library's own
            if message is None:
                raise
            print_json({"error": message()})
            code = getattr(error, "exit_code", BAD_CONFIG)
        sys.exit(code if isinstance(code, int) else CLEAN)


def _plain(params: Any) -> Any:
    """Show flags as what they are: the library's help claims that they take a `<bool>`."""
    for param in params:
        if getattr(param, "is_flag", False):
            param.metavar = ""
    return params


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
