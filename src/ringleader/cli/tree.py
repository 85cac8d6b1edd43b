"""`ringleader tree`: the tree of a running node, or the one that is declared."""

from collections.abc import Iterable
from typing import Annotated, Any, Final

import typer
from msgspec import to_builtins
from msgspec.json import encode
from rich.console import Console
from rich.text import Text
from rich.tree import Tree

from ringleader.config import Loaded, Planned, PlannedChild, PlannedSupervisor, flatten
from ringleader.config.entry import TreeEntry

from ..client import NodeClient, NoNode
from ..live import tree_line
from ..snapshot import TreeSnapshot
from .choice import Choice, Config, Data, Json, Profile, Set, data_dir_of
from .output import CLEAN, answers_errors, print_json

_WIDE: Final = 200
_SHOWN: Final = frozenset(
    {
        "supervisor",
        "actor",
        "enabled",
        "restart",
        "shutdown",
        "significant",
        "dispatcher",
        "options",
        "intensity",
        "period",
        "auto_shutdown",
        "children",
    }
)
"""Fields of an entry that a line of the tree has anyway."""

Declared = Annotated[
    bool, typer.Option("--declared", help="Show the declared tree, even if a node runs.")
]


@answers_errors
def tree(
    *,
    config: Config = None,
    profile: Profile = None,
    set_: Set = None,
    data_dir: Data = None,
    declared: Declared = False,
    json: Json = False,
) -> int:
    """Show the supervision tree: of the running node, or else of the configuration.

    With --config, or when no node runs on the data directory, it is the declared tree, in the
    order in which it starts. The first line says which of both it is.
    """
    choice = Choice(config=config, profile=profile, overrides=tuple(set_ or ()), data_dir=data_dir)
    loaded = choice.load()
    found = None if declared or config is not None else _running(loaded)
    if found is None:
        _show_declared(loaded, json=json)
    else:
        _show_running(found, json=json)
    return CLEAN


def _running(loaded: Loaded) -> TreeSnapshot | None:
    try:
        with NodeClient(data_dir_of(loaded).socket) as client:
            return client.tree()
    except NoNode:
        return None


def _show_running(found: TreeSnapshot, *, json: bool) -> None:
    if json:
        print_json({"source": "node", "node": found.node_id, "pid": found.pid, "tree": found.cells})
        return
    typer.echo(f"The tree of the running node {found.node_id} (process {found.pid}):")
    _print(Tree("/"), ((cell.path, tree_line(cell)) for cell in found.cells))


def _show_declared(loaded: Loaded, *, json: bool) -> None:
    nodes = list(flatten(loaded.plan()))
    if json:
        print_json({"source": "configuration", "tree": [_value(node) for node in nodes]})
        return
    typer.echo("The declared tree (no node is asked):")
    _print(Tree("/"), ((node.path, _planned_line(node)) for node in nodes))


def _print(root: Tree, lines: Iterable[tuple[str, Text]]) -> None:
    """Print lines as a tree; each is below the one whose path begins its own."""
    branches = {"": root}
    for path, line in lines:
        branches[path] = branches[path.rpartition("/")[0]].add(line)
    console = Console(highlight=False)
    if not console.is_terminal:
        console = Console(width=_WIDE, highlight=False)  # nobody likes cut lines in a file
    console.print(root)


def _planned_line(node: Planned) -> Text:
    line = Text(node.id, "bold")
    if isinstance(node, PlannedSupervisor):
        line.append(
            f" {node.strategy}, {node.intensity} restarts in {node.period} s", "not bold dim"
        )
    else:
        line.append(f" {node.actor}", "not bold cyan")
    if node.restart != "permanent":
        line.append(f" {node.restart}", "not bold yellow")
    for name, value in _declared(node).items():
        line.append(f" {name}={encode(value).decode()}", "not bold dim")
    return line


def _declared(node: Planned) -> dict[str, Any]:
    """Return what its entry says beyond what every one has; the rest is as in the settings."""
    usual, said = TreeEntry(), node.entry
    return {
        name: to_builtins(getattr(said, name))
        for name in said.__struct_fields__
        if name not in _SHOWN and getattr(said, name) != getattr(usual, name)
    }


def _value(node: Planned) -> dict[str, Any]:
    common: dict[str, Any] = {
        "path": node.path,
        "restart": node.restart,
        "significant": node.significant,
    }
    common |= {"declared": _declared(node)}
    if isinstance(node, PlannedChild):
        more = {"shutdown": node.shutdown, "dispatcher": node.dispatcher, "options": node.options}
        return {**common, "actor": node.actor, **more}
    return {
        **common,
        "strategy": node.strategy,
        "intensity": node.intensity,
        "period": node.period,
        "auto_shutdown": node.auto_shutdown,
        "shutdown": node.shutdown,
    }
