"""`ringleader stop`, `start`, `restart`, `quarantine`, `release`: what operators do to a node."""

import os
import pwd
import select
from pathlib import Path
from typing import Annotated, Final

import psutil
import typer

from ..client import NodeClient, NodeError
from ..desk import Stopping
from ..durations import in_words, seconds_in
from ..questions import Verb
from .choice import Config, Data, Json, data_dir_named
from .output import CLEAN, answers_errors, print_json

PATIENCE: Final = 120.0
"""Seconds that `stop` waits for the end of a node."""

Whom = Annotated[str, typer.Argument(metavar="PATH", help="The actor: /pipeline/worker.")]
Whom_ = Annotated[
    str | None,
    typer.Argument(metavar="PATH", help="The actor: /pipeline/worker. Without it, the node."),
]
Why = Annotated[
    str, typer.Option("--why", metavar="TEXT", help="A reason, for whoever asks `ringleader why`.")
]
For = Annotated[
    str | None,
    typer.Option(
        "--for", metavar="DURATION", help="Released by itself after 90s, 30m, 2h, 7d; else by hand."
    ),
]
NoWait = Annotated[bool, typer.Option("--no-wait", help="Do not wait until the node has ended.")]


@answers_errors
def stop(
    path: Whom_ = None,
    *,
    why: Why = "",
    no_wait: NoWait = False,
    config: Config = None,
    data_dir: Data = None,
    json: Json = False,
) -> int:
    """Stop the node in order; with PATH only this actor, and hold it.

    An actor that is held stays down whatever its supervisor does, over restarts of the node, too,
    until `ringleader start PATH`.
    """
    if path is not None:
        return _order("stop", path, why, config, data_dir, json=json)
    with NodeClient(data_dir_named(config, data_dir).socket) as client:
        stopping = client.stop()
    if not no_wait:
        _wait_for_end(stopping)
    words = f"node {stopping.node} {'stops' if no_wait else 'has stopped'}"
    if json:
        print_json({"verb": "stop", "node": stopping.node, "pid": stopping.pid, "words": words})
    else:
        typer.echo(words)
    return CLEAN


@answers_errors
def start(path: Whom, *, config: Config = None, data_dir: Data = None, json: Json = False) -> int:
    """Start an actor that is held, in quarantine, or down. A node is started by `up`."""
    return _order("start", path, "", config, data_dir, json=json)


@answers_errors
def restart(
    path: Whom,
    *,
    why: Why = "",
    config: Config = None,
    data_dir: Data = None,
    json: Json = False,
) -> int:
    """Stop an actor and start it again; that counts as no crash."""
    return _order("restart", path, why, config, data_dir, json=json)


@answers_errors
def quarantine(
    path: Whom,
    *,
    why: Why = "",
    for_: For = None,
    config: Config = None,
    data_dir: Data = None,
    json: Json = False,
) -> int:
    """Stop an actor, and keep it down until it is released, over restarts of the node, too."""
    seconds = None if for_ is None else seconds_in(for_)
    return _order("quarantine", path, why, config, data_dir, release_after=seconds, json=json)


@answers_errors
def release(path: Whom, *, config: Config = None, data_dir: Data = None, json: Json = False) -> int:
    """Release an actor from quarantine and start it; what is held only `start` lifts."""
    return _order("release", path, "", config, data_dir, json=json)


def operator() -> str:
    """Return the name of the user who runs this command, or the number if there is no name."""
    try:
        return pwd.getpwuid(os.getuid()).pw_name
    except KeyError:
        return f"user {os.getuid()}"


def _order(
    verb: Verb,
    path: str,
    why: str,
    config: Path | None,
    data_dir: Path | None,
    *,
    release_after: float | None = None,
    json: bool,
) -> int:
    with NodeClient(data_dir_named(config, data_dir).socket) as client:
        done = client.operate(verb, path, by=operator(), why=why, release_after=release_after)
    if json:
        print_json(done)
    else:
        typer.echo(done.words)
    return CLEAN


def _wait_for_end(stopping: Stopping) -> None:
    """Wait until the process of a node has ended.

    Raises:
        NodeError: it takes too long.
    """
    if not _has_ended(stopping.pid, PATIENCE):
        raise NodeError(
            f"node {stopping.node} (process {stopping.pid}) is still stopping after "
            f"{in_words(PATIENCE)}; a signal stops it now: kill -TERM {stopping.pid}"
        )


def _has_ended(pid: int, timeout: float) -> bool:
    """Wait for the end of a process; one that nobody has asked for its exit code has ended, too."""
    try:
        if not hasattr(os, "pidfd_open"):  # macOS
            psutil.Process(pid).wait(timeout)
            return True
        descriptor = os.pidfd_open(pid)
    except (ProcessLookupError, psutil.NoSuchProcess):
        return True
    except psutil.TimeoutExpired:
        return False
    try:
        return bool(select.select([descriptor], [], [], timeout)[0])
    finally:
        os.close(descriptor)
