"""`ringleader peers`, `bridge status`, `bridge resync`: how a node fares with the others."""

from collections.abc import Callable, Iterator
from threading import Event
from typing import Annotated

import msgspec
import typer
from rich.console import Console

from ringleader.transport.bridge_view import BridgeStatistics

from .. import bridge_lines as lines
from ..client import NodeClient
from .choice import Config, Data, Json, data_dir_named
from .output import CLEAN, Command, Commands, answers_errors, note, print_json

bridge_app = typer.Typer(
    cls=Commands,
    no_args_is_help=True,
    help="Look at the bridge to other nodes; have it look for what is missing.",
)

Watch = Annotated[bool, typer.Option("--watch", help="Look again and again, until Ctrl-C.")]
Interval = Annotated[
    float, typer.Option("--interval", metavar="SECONDS", min=0.1, help="Between two looks.")
]
Peer = Annotated[
    str | None, typer.Argument(metavar="[PEER]", help="Node id \\[default: all peers].")
]
Group = Annotated[
    str | None,
    typer.Argument(metavar="[GROUP]", help="Group of event types \\[default: all streams]."),
]


@bridge_app.callback()
def group() -> None:
    """Look at the bridge to other nodes; have it look for what is missing."""


@answers_errors
def peers(
    *,
    watch: Watch = False,
    interval: Interval = 2.0,
    config: Config = None,
    data_dir: Data = None,
    json: Json = False,
) -> int:
    """List the nodes that the running node knows, and how they fare.

    With --watch and --json there is a line of JSON for each look.
    """
    client = NodeClient(data_dir_named(config, data_dir).socket)
    return _show(client, lines.peer_lines, watch=watch, interval=interval, json=json)


@bridge_app.command(cls=Command)
@answers_errors
def status(
    *,
    watch: Watch = False,
    interval: Interval = 2.0,
    config: Config = None,
    data_dir: Data = None,
    json: Json = False,
) -> int:
    """Tell how events cross: for each peer and stream the lag, gaps, repairs and losses.

    With --watch and --json there is a line of JSON for each look.
    """
    client = NodeClient(data_dir_named(config, data_dir).socket)
    return _show(client, lines.status_lines, watch=watch, interval=interval, json=json)


@bridge_app.command(cls=Command)
@answers_errors
def resync(
    peer: Peer = None,
    group: Group = None,
    *,
    config: Config = None,
    data_dir: Data = None,
    json: Json = False,
) -> int:
    """Ask peers now for whatever is missing here; what is there already does no harm.

    The bridge does so by itself; this is for who does not want to wait. `bridge status` shows what
    comes of it.
    """
    with NodeClient(data_dir_named(config, data_dir).socket) as client:
        done = client.resync(peer, group)
    if json:
        print_json(done)
    else:
        plural = "" if done.streams == 1 else "s"
        note(f"{done.streams} stream{plural} asked for; ringleader bridge status shows the lag")
    return CLEAN


def _show(
    client: NodeClient,
    text_of: Callable[[BridgeStatistics], Iterator[str]],
    *,
    watch: bool,
    interval: float,
    json: bool,
) -> int:
    never, screen = Event(), Console()
    while True:
        with client:
            found = client.bridge()
        if watch and screen.is_terminal and not json:
            screen.clear()
        if json and watch:
            typer.echo(msgspec.json.encode(found).decode())
        elif json:
            print_json(found)
        else:
            for text in text_of(found):
                typer.echo(text)
        try:
            if not watch or never.wait(interval):
                return CLEAN
        except KeyboardInterrupt:
            return CLEAN
