"""The rules of the house, as functions from a source file to the lines that break them.

Every rule takes a `Source` and yields `Finding`s. They see syntax only: what a module is called
through `getattr` or a variable stays unseen.
"""

from __future__ import annotations

import ast
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator

PACKAGE = "ringleader"
FACADE = ""  # the layer of src/ringleader itself: system, cli, client, testing
ARROWS = {
    "actors": frozenset[str](),
    "supervisors": frozenset({"actors"}),
    "transport": frozenset({"actors"}),
    "config": frozenset({"actors", "supervisors", "transport"}),
    FACADE: frozenset({"actors", "supervisors", "transport", "config"}),
}
FOLDERS = tuple(layer for layer in ARROWS if layer != FACADE)

FORBIDDEN_MODULES = frozenset(
    {"pickle", "cPickle", "dill", "cloudpickle", "shelve", "marshal", "multiprocessing"}
)
FORBIDDEN_NAMES = frozenset({"eval", "exec", "compile", "os.fork", "os.forkpty"})


class Finding(NamedTuple):
    """One line that breaks a rule."""

    where: str
    line: int
    what: str

    def __str__(self) -> str:
        return f"{self.where}:{self.line}: {self.what}"


@dataclass(frozen=True)
class Source:
    """A module of the package: its path in the checkout, and its syntax tree."""

    path: Path
    tree: ast.Module

    @classmethod
    def parse(cls, path: str, text: str) -> Source:
        """Make a source from a path relative to the root and the file's text."""
        return cls(Path(path), ast.parse(text, path))

    @property
    def layer(self) -> str:
        """The top-level folder, or `FACADE`."""
        return self.path.parts[0] if self.path.parts[0] in FOLDERS else FACADE

    @property
    def package(self) -> tuple[str, ...]:
        """The dotted package that holds the module: ("ringleader", "actors")."""
        parts = self.path.parent.parts
        return (PACKAGE, *parts) if self.layer else parts[1:]

    @property
    def module(self) -> str:
        """The name to import it by."""
        return ".".join(
            self.package if self.path.stem == "__init__" else (*self.package, self.path.stem)
        )

    def finding(self, node: ast.AST, what: str) -> Finding:
        """Report a node of this source."""
        return Finding(str(self.path), getattr(node, "lineno", 0), what)


class Import(NamedTuple):
    """One imported name, resolved: `target` is absolute, `level` as written."""

    node: ast.stmt | ast.expr
    target: str
    level: int


def sources(root: Path) -> list[Source]:
    """Read every module of the checkout, each once: links are not followed."""
    files = [
        file
        for folder in (*FOLDERS, f"src/{PACKAGE}")
        for file in sorted((root / folder).rglob("*.py"))
    ]
    real = [file for file in files if root.resolve() / file.relative_to(root) == file.resolve()]
    return [Source.parse(str(file.relative_to(root)), file.read_text("utf-8")) for file in real]


def imports(source: Source) -> Iterator[Import]:
    """Find every import, those by a literal name included.

    `from a import b` counts as an import of a.b: b may be a module, and if it is not, a.b lies in
    the same layer as a. Only `from . import x` at the façade could differ, and there x is a layer.
    """
    for node in ast.walk(source.tree):
        match node:
            case ast.Import(names=names):
                yield from (Import(node, name.name, 0) for name in names)
            case ast.ImportFrom(module=module, names=names, level=level):
                base = source.package[: len(source.package) + 1 - level] if level else ()
                prefix = [*base, *([module] if module else [])]
                yield from (Import(node, ".".join([*prefix, name.name]), level) for name in names)
            case ast.Call(func=function, args=[ast.Constant(value=str(target)), *_]):
                if ast.unparse(function).endswith(("import_module", "__import__")):
                    yield Import(node, target, 0)
            case _:
                pass


def layer_of(target: str) -> str | None:
    """Tell the layer an absolute name belongs to; None: not ours."""
    first, *rest = target.split(".")
    if first != PACKAGE:
        return None
    return rest[0] if rest and rest[0] in FOLDERS else FACADE


def against_the_arrows(source: Source) -> Iterator[Finding]:
    """Find imports from a folder that this one must not know."""
    for found in imports(source):
        layer = layer_of(found.target)
        if layer is not None and layer != source.layer and layer not in ARROWS[source.layer]:
            yield source.finding(found.node, f"{source.layer} must not know {found.target}")


def misspelt_imports(source: Source) -> Iterator[Finding]:
    """Find absolute imports inside a folder, relative ones across, and plain folder names."""
    for found in imports(source):
        layer = layer_of(found.target)
        if found.level and layer != source.layer:
            yield source.finding(found.node, f"across folders absolute: {found.target}")
        elif not found.level and layer == source.layer:
            yield source.finding(found.node, f"inside a folder relative: {found.target}")
        elif not found.level and found.target.split(".")[0] in FOLDERS:
            yield source.finding(found.node, f"not a package of its own: {PACKAGE}.{found.target}")


def wildcards(source: Source) -> Iterator[Finding]:
    """Find `from x import *`."""
    for found in imports(source):
        if found.target.endswith(".*"):
            yield source.finding(found.node, f"wildcard: {found.target}")


def unsafe(source: Source) -> Iterator[Finding]:
    """Find pickle in any clothes, fork, and code made from text."""
    for found in imports(source):
        if found.target.split(".")[0] in FORBIDDEN_MODULES:
            yield source.finding(found.node, f"forbidden module: {found.target}")
    for node in ast.walk(source.tree):
        match node:
            case ast.Call(func=function) if ast.unparse(function) in FORBIDDEN_NAMES:
                yield source.finding(node, f"forbidden call: {ast.unparse(function)}")
            case ast.keyword(arg="allow_pickle", value=value) if ast.unparse(value) != "False":
                yield source.finding(value, "NumPy would pickle")
            case _:
                pass


def missing_inits(root: Path) -> list[str]:
    """Name folders whose modules a wheel would lack, for want of an __init__.py."""
    holders = {source.path.parent for source in sources(root)}
    return sorted(
        str(folder) for folder in holders if not (root / folder / "__init__.py").is_file()
    )


def wrong_links(root: Path) -> list[str]:
    """Describe what is wrong with the links of src/ringleader."""
    package = root / "src" / PACKAGE
    wrong = [
        f"{folder} must be a link to ../../{folder}"
        for folder in FOLDERS
        if not (package / folder).is_symlink()
        or str((package / folder).readlink()) != f"../../{folder}"
    ]
    wrong += [
        f"{folder} leads nowhere"
        for folder in FOLDERS
        if not (package / folder / "__init__.py").is_file()
    ]
    wrong += [
        f"{file.name} is a link"
        for file in package.iterdir()
        if file.is_symlink() and file.name not in FOLDERS
    ]
    return wrong


def exported(source: Source) -> list[str]:
    """List what a module exports: `__all__`, and names imported under the same alias."""
    names: list[str] = []
    for node in ast.walk(source.tree):
        match node:
            case (
                ast.Assign(
                    targets=[ast.Name(id="__all__")], value=ast.List() | ast.Tuple() as value
                )
                | ast.AugAssign(
                    target=ast.Name(id="__all__"), value=ast.List() | ast.Tuple() as value
                )
            ):
                names += ast.literal_eval(value)
            case ast.Import(names=aliases) | ast.ImportFrom(names=aliases):
                names += [alias.name for alias in aliases if alias.asname == alias.name]
            case _:
                pass
    return names
