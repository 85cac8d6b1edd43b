"""The rule that time, sleep, threads and chance have one source, in the form of `architecture`."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from tests.architecture import imports

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.architecture import Finding, Source

FORBIDDEN = {
    "datetime.datetime.now": "time belongs to the clock",
    "datetime.datetime.utcnow": "time belongs to the clock",
    "datetime.datetime.today": "time belongs to the clock",
    "datetime.date.today": "time belongs to the clock",
    "threading.Thread": "threads come from spawn(name, fn)",
    "threading.Timer": "timers come from the clock",
    "_thread.start_new_thread": "threads come from spawn(name, fn)",
    "concurrent.futures.ThreadPoolExecutor": "threads come from spawn(name, fn)",
    "concurrent.futures.ProcessPoolExecutor": "it pickles",
    "asyncio.to_thread": "threads come from spawn(name, fn)",
}
LOOP = {
    "time": "time belongs to the clock",
    "call_later": "timers come from the clock",
    "call_at": "timers come from the clock",
    "run_in_executor": "threads come from spawn(name, fn)",
}


def exempt(source: Source) -> bool:
    """Tell the modules that may: the clock, the dispatchers, and the job programs."""
    folder, *rest = source.path.parts
    if folder != "actors":
        return False
    return rest[0] in {"clock.py", "workloads"} or (
        len(rest) == 1 and rest[0].startswith("dispatch")
    )


def against_the_clock(source: Source) -> Iterator[Finding]:
    """Find what reads time, sleeps, makes threads or draws unseeded numbers.

    Annotations may name what the code may not use: a function may return a `threading.Thread`.
    """
    for found in imports(source):
        if found.target.split(".")[0] == "time":
            yield source.finding(found.node, "time belongs to the clock")
    names = _imported_names(source)
    for node in _outside_annotations(source.tree):
        if what := _verdict(node, names):
            yield source.finding(node, what)


def _verdict(node: ast.AST, names: dict[str, str]) -> str | None:
    match node:
        case ast.Attribute(attr="sleep") | ast.Name(id="sleep"):
            return "nobody sleeps"
        case ast.Attribute(value=receiver, attr=attr) if attr in LOOP and _is_loop(receiver):
            return LOOP[attr]
        case ast.Call(func=function, args=[] | [ast.Constant(value=None)], keywords=[]):
            return "unseeded Random" if _resolve(function, names) == "random.Random" else None
        case ast.keyword(arg="default_factory", value=value):
            return "unseeded Random" if _resolve(value, names) == "random.Random" else None
        case ast.Attribute() | ast.Name():
            target = _resolve(node, names)
            drawn = target.startswith("random.") and target != "random.Random"
            return (
                "draw from a seeded Random"
                if drawn and target.count(".") == 1
                else FORBIDDEN.get(target)
            )
        case _:
            return None


def _is_loop(receiver: ast.expr) -> bool:
    return ast.unparse(receiver).removesuffix("()").endswith("loop")


def _imported_names(source: Source) -> dict[str, str]:
    """Map the names that imports bind to what they mean: {"Thread": "threading.Thread"}."""
    names: dict[str, str] = {}
    for node in ast.walk(source.tree):
        match node:
            case ast.Import(names=aliases):
                for alias in aliases:
                    top = alias.name.split(".")[0]
                    names[alias.asname or top] = alias.name if alias.asname else top
            case ast.ImportFrom(module=str(module), names=aliases, level=0):
                names |= {alias.asname or alias.name: f"{module}.{alias.name}" for alias in aliases}
            case _:
                pass
    return names


def _resolve(node: ast.AST, names: dict[str, str]) -> str:
    """Spell out a dotted expression with its imports; empty if no import is behind it."""
    match node:
        case ast.Name(id=name):
            return names.get(name, "")
        case ast.Attribute(value=value, attr=attr):
            base = _resolve(value, names)
            return base and f"{base}.{attr}"
        case _:
            return ""


def _outside_annotations(node: ast.AST) -> Iterator[ast.AST]:
    yield node
    annotations = (getattr(node, "annotation", None), getattr(node, "returns", None))
    for child in ast.iter_child_nodes(node):
        if child not in annotations:
            yield from _outside_annotations(child)
