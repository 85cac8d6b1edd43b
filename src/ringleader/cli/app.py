"""The command line's root: `ringleader COMMAND`."""

import platform
from importlib.metadata import version
from typing import Annotated

import typer

from . import bridge, check, config, deaths, dlq, emit, events, keys, operate, status, tree, up, why
from .choice import Json
from .output import CLEAN, Command, Commands, print_json

app = typer.Typer(
    cls=Commands,
    no_args_is_help=True,
    pretty_exceptions_enable=False,  # a fault of ours is reported as Python does
    help="Keep a fleet of Python daemons alive and talking.",
)

Version = Annotated[bool, typer.Option("--version", help="Print the version.")]


@app.callback(invoke_without_command=True)
def ringleader(*, show: Version = False, json: Json = False) -> None:
    """Keep a fleet of Python daemons alive and talking.

    Exit codes: 0 clean; 1 bad configuration or arguments; 70 something failed for good; 75 try
    again later (the data directory is in use, or no node runs). After a second SIGINT or SIGTERM:
    128 + signal.
    """
    if not show:
        return
    found = version("ringleader")
    if json:
        print_json({"version": found, "python": platform.python_version()})
    else:
        typer.echo(f"ringleader {found} (Python {platform.python_version()})")
    raise typer.Exit(CLEAN)


app.command(cls=Command)(up.up)
app.command(cls=Command)(tree.tree)
app.command(cls=Command)(status.status)
app.command(cls=Command)(bridge.peers)
app.command(cls=Command)(deaths.deaths)
app.command(cls=Command)(why.why)
app.command(cls=Command)(operate.stop)
app.command(cls=Command)(operate.start)
app.command(cls=Command)(operate.restart)
app.command(cls=Command)(operate.quarantine)
app.command(cls=Command)(operate.release)
app.command(cls=Command)(check.check)
app.command(cls=Command)(emit.emit)
app.add_typer(config.app, name="config")
app.add_typer(events.events_app, name="events")
app.add_typer(dlq.dlq_app, name="dlq")
app.add_typer(keys.keys_app, name="keys")
app.add_typer(bridge.bridge_app, name="bridge")
