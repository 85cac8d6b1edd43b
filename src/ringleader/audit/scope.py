"""What names mean inside a function, and what they can turn out to be."""

from __future__ import annotations

import ast
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

from .source import Class, Function, Module

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator


@dataclass(frozen=True, slots=True)
class External:
    """Something that was not scanned, or is no class or function: its dotted name."""

    dotted: str

    @property
    def last(self) -> str:
        """Its own name."""
        return self.dotted.rpartition(".")[2]

    @property
    def holder(self) -> str:
        """The name of what it is in."""
        return self.dotted.rpartition(".")[0].rpartition(".")[2]


@dataclass(frozen=True, slots=True)
class Text:
    """A string."""

    value: str
    line: int


Value: TypeAlias = Class | Function | Module | External | Text


class Scope:
    """What names mean inside a function: first its own, then its module's.

    Attributes:
        function: the function.
        leaf: the class whose instance runs it: `self.x` is looked up there.
    """

    def __init__(self, function: Function, leaf: Class | None = None) -> None:
        self.function = function
        self.leaf = function.owner if leaf is None else leaf
        self.module = function.module
        self.values: dict[str, list[ast.expr]] = {}
        self.annotations: dict[str, list[ast.expr]] = {}
        for parameter in function.parameters:
            self.values.setdefault(parameter.arg, [])
            if parameter.annotation is not None:
                self.annotations.setdefault(parameter.arg, []).append(parameter.annotation)
        if not isinstance(function.node, ast.Module):
            self._read(function.nodes)

    def _read(self, nodes: Iterable[ast.AST]) -> None:
        for inner in nodes:
            match inner:
                case ast.Assign(targets=[ast.Name(id=name)], value=value):
                    self.values.setdefault(name, []).append(value)
                case ast.AnnAssign(target=ast.Name(id=name), annotation=said, value=given):
                    self.annotations.setdefault(name, []).append(said)
                    self.values.setdefault(name, []).extend([] if given is None else [given])
                case ast.NamedExpr(target=ast.Name(id=name), value=value):
                    self.values.setdefault(name, []).append(value)
                case ast.For(target=ast.Name(id=name), iter=value):
                    self.values.setdefault(name, []).append(value)
                case ast.comprehension(target=ast.Name(id=name), iter=value):
                    self.values.setdefault(name, []).append(value)
                case _:
                    pass

    @property
    def self_name(self) -> str | None:
        """What the instance is called in a method."""
        parameters = self.function.parameters
        return parameters[0].arg if self.function.owner is not None and parameters else None


def pairs(targets: Iterable[ast.expr], value: ast.expr) -> Iterator[tuple[ast.expr, ast.expr]]:
    """Return which target of an assignment gets what, also of `a, b = x, y`."""
    for target in targets:
        if (
            isinstance(target, ast.Tuple)
            and isinstance(value, ast.Tuple)
            and len(target.elts) == len(value.elts)
        ):
            yield from zip(target.elts, value.elts, strict=True)
        else:
            yield target, value


def unquoted(annotation: ast.expr) -> ast.expr:
    """Read an annotation that is written as a string."""
    if isinstance(annotation, ast.Constant) and isinstance(annotation.value, str):
        try:
            return ast.parse(annotation.value, mode="eval").body
        except SyntaxError:
            return annotation
    return annotation
