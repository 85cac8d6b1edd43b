"""`ringleader status`: whether a node is ready, and why not."""

from collections.abc import Iterator
from typing import Final

import typer

from ..client import NodeClient
from ..durations import in_words
from ..status import NodeStatus
from .choice import Config, Data, Json, data_dir_named
from .output import CLEAN, TRY_AGAIN, answers_errors, print_json

_LISTED: Final = 20


@answers_errors
def status(*, config: Config = None, data_dir: Data = None, json: Json = False) -> int:
    """Tell whether the node is ready: exit code 0 if it is, 75 if it is not or does not run."""
    with NodeClient(data_dir_named(config, data_dir).socket) as client:
        found = client.status()
    if json:
        print_json(found)
    else:
        for text in lines(found):
            typer.echo(text)
    return CLEAN if found.ready else TRY_AGAIN


def lines(found: NodeStatus) -> Iterator[str]:
    """Yield how a node fares, line by line."""
    word = "ready" if found.ready else "not ready"
    yield (
        f"node {found.node} (process {found.pid}) is {word}: {found.phase} for "
        f"{in_words(found.uptime)}, {found.level} at {found.score:.0%}, {found.actors} actors, "
        f"{found.restarts} restart{'' if found.restarts == 1 else 's'}"
    )
    yield from (f"  {reason}" for reason in found.reasons)
    yield from (f"  warning: {warning}" for warning in found.warnings)
    others = [f"  {path} is {state}" for path, state in found.not_running.items()]
    yield from others[:_LISTED]
    if len(others) > _LISTED:
        yield f"  … and {len(others) - _LISTED} more"
