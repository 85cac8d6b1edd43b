"""The command line's root: `ringleader COMMAND`."""

import platform
from importlib.metadata import version
from typing import Annotated

import typer

from . import check, config, tree, up
from .choice import Json
from .output import CLEAN, print_json

app = typer.Typer(
    no_args_is_help=True,
    pretty_exceptions_enable=False,  # a fault of ours is reported as Python does
    help="Keep a fleet of Python daemons alive and talking.",
)

Version = Annotated[bool, typer.Option("--version", help="Print the version.")]


@app.callback(invoke_without_command=True)
def ringleader(*, show: Version = False, json: Json = False) -> None:
    """Keep a fleet of Python daemons alive and talking.

    Exit codes: 0 clean; 1 bad configuration or arguments; 70 something failed for good; 75 try
    again later (the data directory is in use). After a second SIGINT or SIGTERM: 128 + signal.
    """
    if not show:
        return
    found = version("ringleader")
    if json:
        print_json({"version": found, "python": platform.python_version()})
    else:
        typer.echo(f"ringleader {found} (Python {platform.python_version()})")
    raise typer.Exit(CLEAN)


app.command()(up.up)
app.command()(tree.tree)
app.command()(check.check)
app.add_typer(config.app, name="config")
