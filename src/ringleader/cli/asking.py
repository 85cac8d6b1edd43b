"""Asking before something is done that can't be undone."""

import sys
from typing import Annotated, TypeAlias

import typer

from .output import BadArgument, note

Yes: TypeAlias = Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")]


def confirm(question: str, *, yes: bool, json: bool) -> None:
    """Ask, unless that was answered.

    Raises:
        BadArgument: the answer is no, or there is nobody to ask.
    """
    if yes:
        return
    if json:
        raise BadArgument(f"{question} With --json nobody is asked; say --yes")
    typer.echo(f"{question} [y/N] ", err=True, nl=False)
    answer = sys.stdin.readline()
    if not answer.endswith("\n"):
        note("")  # nobody has ended the line
    if answer.strip().lower() not in {"y", "yes"}:
        raise BadArgument("nothing is done; --yes does it without asking")
