"""What names and expressions of scanned code mean, as far as reading it tells."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING, Final

from .scope import External, Scope, Text, pairs, unquoted
from .source import Class, Constant, Function, Import, Module

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from .scope import Value

DEPTH: Final = 12
"""How many names in a row are followed."""


class Project:
    """All scanned modules, and the questions about them.

    Args:
        modules: the modules.
    """

    def __init__(self, modules: Iterable[Module]) -> None:
        self.modules: Mapping[str, Module] = {module.name: module for module in modules}
        self._lines: dict[Class, tuple[Class, ...]] = {}
        self._bases: dict[Class, tuple[Value, ...]] = {}
        self._bodies: dict[Module, Scope] = {}

    # ---------------------------------------------------------------- names

    def name(self, module: Module, name: str, depth: int = DEPTH) -> list[Value]:
        """Return what a module's name may mean; nothing if it is not known."""
        symbol = module.symbols.get(name)
        match symbol:
            case None:
                return []
            case Class() | Function():
                return [symbol]
            case Import(target, inner):
                return self._imported(target, inner, depth - 1) if depth else []
            case Constant(module=home, values=expressions):
                scope = self.body(home)
                return [v for e in expressions for v in self.values(e, scope, depth - 1)]

    def _imported(self, target: str, name: str | None, depth: int) -> list[Value]:
        module = self.modules.get(target)
        if name is None:
            return [External(target) if module is None else module]
        if module is not None:
            found = self.name(module, name, depth)
            if found:
                return found
        below = self.modules.get(f"{target}.{name}")
        return [External(f"{target}.{name}") if below is None else below]

    def body(self, module: Module) -> Scope:
        """Return the scope of a module's body."""
        if module not in self._bodies:
            self._bodies[module] = Scope(module.functions[0])
        return self._bodies[module]

    def constant(self, module: Module, name: str, depth: int = DEPTH) -> list[Class]:
        """Return the classes that a module's constant is an instance of."""
        symbol = module.symbols.get(name)
        match symbol:
            case Import(target, str(inner)) if depth and target in self.modules:
                return self.constant(self.modules[target], inner, depth - 1)
            case Constant(module=home, values=expressions):
                scope = self.body(home)
                calls = [e.func for e in expressions if isinstance(e, ast.Call)]
                return _classes(v for function in calls for v in self.values(function, scope))
            case _:
                return []

    # ---------------------------------------------------------------- expressions

    def values(  # noqa: C901, PLR0911, PLR0912  # a case for each sort of expression
        self, node: ast.expr, scope: Scope, depth: int = DEPTH
    ) -> list[Value]:
        """Return the classes, functions and strings that an expression may be, or hold."""
        if depth <= 0:
            return []
        match node:
            case ast.Constant(value=str(text)):
                return [Text(text, node.lineno)]
            case ast.Name(id=name):
                return self._named(name, scope, depth - 1)
            case ast.Attribute():
                return self._attribute(node, scope, depth - 1)
            case ast.Call(func=function, args=arguments):
                if isinstance(function, ast.Name) and function.id in _COLLECTIONS:
                    return self._all(arguments, scope, depth - 1)
                return []
            case ast.Dict(values=expressions):
                return self._all(expressions, scope, depth - 1)
            case ast.Tuple(elts=expressions) | ast.List(elts=expressions):
                return self._all(expressions, scope, depth - 1)
            case ast.Set(elts=expressions) | ast.BoolOp(values=expressions):
                return self._all(expressions, scope, depth - 1)
            case ast.IfExp(body=one, orelse=other) | ast.BinOp(left=one, right=other):
                return self._all([one, other], scope, depth - 1)
            case ast.Subscript(value=inner) | ast.Starred(value=inner):
                return self.values(inner, scope, depth - 1)
            case ast.NamedExpr(value=inner) | ast.Await(value=inner):
                return self.values(inner, scope, depth - 1)
            case _:
                return []

    def _all(self, nodes: Iterable[ast.expr], scope: Scope, depth: int) -> list[Value]:
        return [value for node in nodes for value in self.values(node, scope, depth)]

    def _named(self, name: str, scope: Scope, depth: int) -> list[Value]:
        if name not in scope.values:
            return self.name(scope.module, name, depth)
        found = self._all(scope.values[name], scope, depth)
        annotations = scope.annotations.get(name, ()) if not found else ()
        return found or [v for a in annotations for v in self._classes_of_type(a, scope)]

    def _classes_of_type(self, annotation: ast.expr, scope: Scope) -> list[Value]:
        """Return the classes that `type[A | B]` in an annotation speaks of."""
        said = unquoted(annotation)
        found = [
            node.slice
            for node in ast.walk(said)
            if isinstance(node, ast.Subscript)
            and isinstance(node.value, ast.Name)
            and node.value.id in {"type", "Type"}
        ]
        return [v for node in found for v in self.annotated(node, scope)]

    def _attribute(self, node: ast.Attribute, scope: Scope, depth: int) -> list[Value]:
        base, name = node.value, node.attr
        if isinstance(base, ast.Name) and base.id == scope.self_name and scope.leaf is not None:
            return self._member(scope.leaf, name, depth)
        found: list[Value] = []
        for holder in self.values(base, scope, depth):
            match holder:
                case Module():
                    below = self.modules.get(f"{holder.name}.{name}")
                    found += self.name(holder, name, depth) or ([] if below is None else [below])
                case Class():  # texts are members of an enumeration
                    inner = self._member(holder, name, depth)
                    found += [v for v in inner if not isinstance(v, Text)] or [
                        External(f"{holder.dotted}.{name}")
                    ]
                case External(dotted):
                    found.append(External(f"{dotted}.{name}"))
                case Function() | Text():
                    pass
        return found

    def _member(self, owner: Class, name: str, depth: int) -> list[Value]:
        for base in self.line(owner):
            if name in base.methods:
                return [base.methods[name]]
            if name in base.constants:
                return self.values(base.constants[name], self.body(base.module), depth)
        return []

    # ---------------------------------------------------------------- classes and instances

    def bases(self, owner: Class) -> tuple[Value, ...]:
        """Return what a class is derived from."""
        if owner not in self._bases:
            scope = self.body(owner.module)
            self._bases[owner] = tuple(self._all(owner.node.bases, scope, DEPTH))
        return self._bases[owner]

    def line(self, owner: Class) -> tuple[Class, ...]:
        """Return a class and its scanned bases, in the order in which names are looked up."""
        if owner not in self._lines:
            self._lines[owner] = (owner,)  # whoever derives from itself
            found = [owner]
            for base in self.bases(owner):
                if isinstance(base, Class):
                    found = [f for f in found if f not in self.line(base)] + list(self.line(base))
            self._lines[owner] = tuple(found)
        return self._lines[owner]

    def ancestry(self, owner: Class) -> set[str]:
        """Return the names of all classes that one is derived from, the ones not scanned, too."""
        bases = [b for c in self.line(owner) for b in self.bases(c)]
        external = {b.last for b in bases if isinstance(b, External)}
        return external | {b.name for b in bases if isinstance(b, Class)}

    def method(self, owner: Class, name: str, after: Class | None = None) -> Function | None:
        """Find a method; `after` looks only at what comes after that class, as `super()` does."""
        line = self.line(owner)
        start = line.index(after) + 1 if after in line else 0
        return next((c.methods[name] for c in line[start:] if name in c.methods), None)

    def annotated(self, annotation: ast.expr, scope: Scope) -> list[Value]:
        """Return the classes that an annotation names, those of a union included."""
        said = unquoted(annotation)
        match said:
            case ast.Subscript(value=ast.Name(id="Annotated"), slice=ast.Tuple(elts=[first, *_])):
                return self.annotated(first, scope)
            case ast.Subscript(value=ast.Name(id="Optional"), slice=inner):
                return self.annotated(inner, scope)
            case ast.Subscript(value=ast.Name(id="Union"), slice=ast.Tuple(elts=options)):
                return [v for option in options for v in self.annotated(option, scope)]
            case ast.BinOp(left=left, op=ast.BitOr(), right=right):
                return [*self.annotated(left, scope), *self.annotated(right, scope)]
            case ast.Name() | ast.Attribute():
                module = self.body(scope.module)
                return [v for v in self.values(said, module) if not isinstance(v, Text)]
            case _:
                return []

    def instances(  # noqa: PLR0911  # a case for each sort of expression
        self, node: ast.expr, scope: Scope, depth: int = 4
    ) -> list[Class]:
        """Return the scanned classes that a value may be an instance of."""
        if depth <= 0:
            return []
        match node:
            case ast.Name(id=name) if name == scope.self_name and scope.leaf is not None:
                return [scope.leaf]
            case ast.Name(id=name):
                found = [
                    c
                    for v in scope.values.get(name, ())
                    for c in self.instances(v, scope, depth - 1)
                ]
                said = scope.annotations.get(name, ())
                return found or _classes(v for a in said for v in self.annotated(a, scope))
            case ast.Attribute(value=base, attr=name):
                holders = self.instances(base, scope, depth - 1)
                return [c for holder in holders for c in self._attribute_of(holder, name, depth)]
            case ast.Call(func=function):
                return list(self._made_by(function, scope, depth))
            case ast.IfExp(body=one, orelse=other):
                return [c for n in (one, other) for c in self.instances(n, scope, depth - 1)]
            case _:
                return []

    def _made_by(self, function: ast.expr, scope: Scope, depth: int) -> Iterator[Class]:
        for value in self.callables(function, scope, depth - 1):
            if isinstance(value, Class):
                yield value
            elif isinstance(value.node, ast.FunctionDef) and value.node.returns is not None:
                yield from _classes(self.annotated(value.node.returns, self.body(value.module)))

    def callables(self, node: ast.expr, scope: Scope, depth: int = 4) -> list[Class | Function]:
        """Return the scanned classes and functions that are called by an expression."""
        match node:
            case ast.Attribute(value=ast.Call(func=ast.Name(id="super")), attr=name):
                owner = scope.function.owner
                if owner is None or scope.leaf is None:
                    return []
                above = self.method(scope.leaf, name, after=owner)
                return [] if above is None else [above]
            case ast.Attribute(value=base, attr=name) if not _is_name(base, scope.self_name):
                found = self.values(node, scope)
                for owner in self.instances(base, scope, depth):
                    method = self.method(owner, name)
                    found += [] if method is None else [method]
            case _:
                found = self.values(node, scope)
        return [value for value in found if isinstance(value, Class | Function)]

    def _attribute_of(self, owner: Class, name: str, depth: int) -> list[Class]:
        """Return what an attribute of an instance is, as its class says or its constructor sets."""
        for base in self.line(owner):
            for node in base.node.body:
                if isinstance(node, ast.AnnAssign) and _is_name(node.target, name):
                    return _classes(self.annotated(node.annotation, self.body(base.module)))
            method = base.methods.get(name)
            if method is not None and isinstance(method.node, ast.FunctionDef):
                returns = method.node.returns  # a property
                scope = self.body(base.module)
                return [] if returns is None else _classes(self.annotated(returns, scope))
            init = base.methods.get("__init__")
            if init is not None:
                found = self._set_by(init, owner, name, depth)
                if found:
                    return found
        return []

    def _set_by(self, init: Function, owner: Class, name: str, depth: int) -> list[Class]:
        scope = Scope(init, owner)
        for node in init.nodes:
            match node:
                case ast.AnnAssign(target=ast.Attribute(value=base, attr=attr), annotation=said):
                    if attr == name and _is_name(base, scope.self_name):
                        return _classes(self.annotated(said, scope))
                case ast.Assign(targets=targets, value=value):
                    for target, given in pairs(targets, value):
                        if (
                            isinstance(target, ast.Attribute)
                            and target.attr == name
                            and _is_name(target.value, scope.self_name)
                        ):
                            return self.instances(given, scope, depth - 1)
                case _:
                    pass
        return []


_COLLECTIONS: Final = frozenset({"frozenset", "list", "set", "sorted", "tuple", "dict"})


def _is_name(node: ast.expr, name: str | None) -> bool:
    return isinstance(node, ast.Name) and node.id == name


def _classes(values: Iterable[Value]) -> list[Class]:
    return [value for value in values if isinstance(value, Class)]
