"""`ringleader config`: what holds, and why."""

from collections.abc import Iterator
from typing import Annotated, Any

import typer

from ringleader.config import Loaded, Row, rows
from ringleader.config.toml import inline

from .choice import Choice, Config, Data, Json, Profile, Set
from .output import CLEAN, Command, Commands, answers_errors, print_json

app = typer.Typer(cls=Commands, no_args_is_help=True, help="Look at the configuration.")

Changed = Annotated[bool, typer.Option("--changed", help="Leave out what is at its default.")]


@app.callback()
def group() -> None:
    """Look at the configuration."""


@app.command(cls=Command)
@answers_errors
def show(
    *,
    config: Config = None,
    profile: Profile = None,
    set_: Set = None,
    data_dir: Data = None,
    changed: Changed = False,
    json: Json = False,
) -> int:
    """Print every setting with where its value came from, in a form that a file takes."""
    choice = Choice(config=config, profile=profile, overrides=tuple(set_ or ()), data_dir=data_dir)
    loaded = choice.load()
    shown = [row for row in rows(loaded) if not (changed and row.default)]
    if json:
        print_json(_value(loaded, shown))
    else:
        for line in _lines(loaded, shown):
            typer.echo(line)
    return CLEAN


def _lines(loaded: Loaded, shown: list[Row]) -> Iterator[str]:
    for row in shown:
        setting = f"{row.key} = {inline(row.value)}"
        yield setting if row.source == "default" else f"{setting}  # {row.source}"
    for name in loaded.ignored:
        yield f"# {name} is set, and sets nothing here"


def _value(loaded: Loaded, shown: list[Row]) -> dict[str, Any]:
    settings = [
        {"key": r.key, "value": r.value, "source": r.source, "default": r.default} for r in shown
    ]
    return {"settings": settings, "ignored": loaded.ignored}
