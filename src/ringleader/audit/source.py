"""Python files as modules: their classes, functions, constants and imports, by name."""

from __future__ import annotations

import ast
import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Final, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

SKIPPED: Final = frozenset({"__pycache__", "node_modules", "site-packages", "build", "dist"})
"""Directories that hold nobody's sources."""


@dataclass(eq=False, slots=True)
class Function:
    """A function, a method, or the body of a module, with all functions inside it."""

    name: str
    module: Module
    node: ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda | ast.Module
    owner: Class | None = None
    _nodes: list[ast.AST] | None = None

    @property
    def nodes(self) -> list[ast.AST]:
        """What it consists of; see `nodes_of`."""
        if self._nodes is None:
            self._nodes = nodes_of(self.node)
        return self._nodes

    @property
    def where(self) -> str:
        """Its name with its class."""
        return self.name if self.owner is None else f"{self.owner.name}.{self.name}"

    @property
    def parameters(self) -> list[ast.arg]:
        """What it takes by position or by name, `self` included."""
        if isinstance(self.node, ast.Module):
            return []
        arguments = self.node.args
        return [*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs]


@dataclass(eq=False, slots=True)
class Class:
    """A class."""

    name: str
    module: Module
    node: ast.ClassDef
    methods: dict[str, Function] = field(default_factory=dict[str, Function])
    constants: dict[str, ast.expr] = field(default_factory=dict[str, ast.expr])

    @property
    def dotted(self) -> str:
        """Its name with its module."""
        return f"{self.module.name}.{self.name}"


@dataclass(eq=False, slots=True)
class Import:
    """An imported name: a module, or (`name`) something in it."""

    target: str
    name: str | None


@dataclass(eq=False, slots=True)
class Constant:
    """A name that is given a value, or several, where a module is loaded."""

    module: Module
    values: list[ast.expr] = field(default_factory=list[ast.expr])


Symbol: TypeAlias = Class | Function | Import | Constant


@dataclass(eq=False, slots=True)
class Module:
    """A module.

    Attributes:
        name: to import it by.
        path: as messages show it.
        symbols: what its names mean. Names inside functions are here too, if nothing else is
            called so: that is what most code means by them.
        functions: all, the module's own body included.
        classes: all.
    """

    name: str
    path: str
    is_package: bool
    tree: ast.Module
    symbols: dict[str, Symbol] = field(default_factory=dict[str, Symbol])
    functions: list[Function] = field(default_factory=list[Function])
    classes: list[Class] = field(default_factory=list[Class])

    @classmethod
    def parse(cls, file: Path, shown: str) -> Module:
        """Read a module.

        Raises:
            OSError: it can't be read.
            SyntaxError: it is no Python.
            ValueError: it holds a null character.
        """
        name, is_package = module_name(file)
        module = cls(name, shown, is_package, ast.parse(file.read_bytes(), shown))
        module.functions.append(Function("<module>", module, module.tree))
        _Reader(module).read(module.tree.body)
        return module

    @property
    def package(self) -> list[str]:
        """The dotted name of the package that it stands in."""
        parts = self.name.split(".")
        return parts if self.is_package else parts[:-1]


def module_name(file: Path) -> tuple[str, bool]:
    """Return what a file is imported as, and whether it is a package."""
    parts, folder = [file.stem], file.parent
    while (folder / "__init__.py").exists():
        parts.append(folder.name)
        folder = folder.parent
    is_package = file.stem == "__init__"
    names = parts[1:] if is_package and len(parts) > 1 else parts
    return ".".join(reversed(names)), is_package


def python_files(path: Path) -> Iterator[Path]:
    """Find the Python files at a path and below, each as it is reached; links are followed."""
    if path.is_file():
        yield path
        return
    seen: set[str] = set()
    for folder, below, names in os.walk(path, followlinks=True):
        real = os.path.realpath(folder)
        if real in seen:
            below.clear()
            continue
        seen.add(real)
        below[:] = sorted(b for b in below if b not in SKIPPED and not b.startswith("."))
        yield from (Path(folder, name) for name in sorted(names) if name.endswith(".py"))


def is_test(file: Path) -> bool:
    """Tell whether a file belongs to tests: what they publish says nothing about a system."""
    name = file.name
    return name.startswith("test_") or name == "conftest.py" or name.endswith("_test.py")


class _Reader:
    """Takes the names of one module in."""

    def __init__(self, module: Module) -> None:
        self.module = module

    def read(self, body: Iterable[ast.stmt], owner: Class | None = None) -> None:
        for node in body:
            self._statement(node, owner)

    def _statement(  # noqa: C901, PLR0912  # a case for each sort of statement
        self, node: ast.stmt, owner: Class | None
    ) -> None:
        module = self.module
        match node:
            case ast.FunctionDef() | ast.AsyncFunctionDef():
                function = Function(node.name, module, node, owner)
                module.functions.append(function)
                if owner is None:
                    module.symbols[node.name] = function
                else:
                    owner.methods.setdefault(node.name, function)  # not the setter of a property
                self._inside(function)
            case ast.ClassDef():
                self._class(node)
            case ast.Import():
                self._import(node)
            case ast.ImportFrom():
                self._import_from(node)
            case ast.Assign(targets=targets, value=value):
                for target in targets:
                    self._constant(target, value, owner)
            case ast.AnnAssign(target=target, value=ast.expr() as value):
                self._constant(target, value, owner)
            case ast.If() | ast.Try() | ast.With() | ast.For() | ast.While() | ast.TryStar():
                for name in ("body", "orelse", "handlers", "finalbody"):
                    for inner in getattr(node, name, ()):
                        if isinstance(inner, ast.ExceptHandler):
                            self.read(inner.body, owner)
                        else:
                            self._statement(inner, owner)
            case _:
                pass

    def _class(self, node: ast.ClassDef) -> None:
        found = Class(node.name, self.module, node)
        self.module.classes.append(found)
        self.module.symbols.setdefault(node.name, found)
        self.read(node.body, found)

    def _inside(self, function: Function) -> None:
        """Take in what is imported or declared inside a function."""
        for node in function.nodes:
            match node:
                case ast.ClassDef():
                    self._class(node)
                case ast.Import():
                    self._import(node)
                case ast.ImportFrom():
                    self._import_from(node)
                case _:
                    pass

    def _constant(self, target: ast.expr, value: ast.expr, owner: Class | None) -> None:
        if not isinstance(target, ast.Name):
            return
        if owner is not None:
            owner.constants.setdefault(target.id, value)
            return
        known = self.module.symbols.setdefault(target.id, Constant(self.module))
        if isinstance(known, Constant):
            known.values.append(value)

    def _import(self, node: ast.Import) -> None:
        for alias in node.names:
            bound = alias.asname or alias.name.partition(".")[0]
            target = alias.name if alias.asname else bound
            self.module.symbols.setdefault(bound, Import(target, None))

    def _import_from(self, node: ast.ImportFrom) -> None:
        package = self.module.package
        base = package[: len(package) + 1 - node.level] if node.level else []
        target = ".".join([*base, *([node.module] if node.module else [])])
        for alias in node.names:
            self.module.symbols.setdefault(alias.asname or alias.name, Import(target, alias.name))


def nodes_of(root: ast.AST) -> list[ast.AST]:
    """Return what a function or a module's body consists of.

    Functions inside a function are part of it; those of a module are not part of its body. Classes
    come as they are, without what is in them.
    """
    is_module = isinstance(root, ast.Module)
    found: list[ast.AST] = []
    waiting = list(ast.iter_child_nodes(root))
    while waiting:
        node = waiting.pop()
        if isinstance(node, ast.ClassDef):
            found.append(node)
        elif not (is_module and isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)):
            found.append(node)
            waiting.extend(ast.iter_child_nodes(node))
    return found
