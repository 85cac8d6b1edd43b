"""Which fields of an event a handler reads, also through the helpers that it hands it on to."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING, TypeAlias

from .flow import leaf_for
from .model import Read, Site
from .source import Class, Function

if TYPE_CHECKING:
    from collections.abc import Iterable

    from .body import Bodies
    from .handling import Handler
    from .scope import Scope
    from .vocabulary import Vocabulary

Types: TypeAlias = frozenset[str]
Known: TypeAlias = dict[str, Types]
"""By variable, which types the event in it may have."""


class Reads:
    """Finds what handlers read.

    Attributes:
        found: the readings, each once.

    Args:
        bodies: of all functions.
        vocabulary: the event types.
    """

    def __init__(self, bodies: Bodies, vocabulary: Vocabulary) -> None:
        self._bodies, self._vocabulary = bodies, vocabulary
        self._found: dict[Read, None] = {}
        self._seen: set[tuple[Function | ast.AST, Class | None, str, Types, bool]] = set()

    @property
    def found(self) -> list[Read]:
        """The readings, in the order in which they were found."""
        return list(self._found)

    def add(self, handlers: Iterable[Handler]) -> None:
        """Take in what these handlers read."""
        for handler in handlers:
            types, parameter = frozenset(handler.wish.topic.events), handler.parameter
            for field, site in handler.wish.where:
                self._note(types, field, handler.function.where, site, exact=True)
            if parameter is not None:
                exact = handler.wish.topic.exact and not handler.wish.topic.is_all
                self.follow(handler.function, handler.leaf, parameter, types, exact=exact)

    def follow(
        self, function: Function, leaf: Class | None, parameter: str, types: Types, *, exact: bool
    ) -> None:
        """Take in what a function reads of the event that it gets as a parameter."""
        key = (function.node, leaf, parameter, types, exact)
        if key in self._seen or isinstance(function.node, ast.Module):
            return
        self._seen.add(key)
        scope = self._bodies.scope(function, leaf)
        walk = _Walk(self, self._bodies, self._vocabulary, scope, exact=exact)
        body = function.node.body
        known = {parameter: types}
        if isinstance(body, list):
            walk.block(body, known)
        else:
            walk.expression(body, known)

    def _note(self, types: Types, field: str, where: str, site: Site, *, exact: bool) -> None:
        any_of = () if exact or len(types) == 1 else tuple(sorted(types))
        for event in sorted(types):
            self._found[Read(event, field, where, site, any_of)] = None

    def note(self, types: Types, field: str, scope: Scope, node: ast.AST, *, exact: bool) -> None:
        """Take in one reading."""
        function = scope.function
        site = Site(function.module.path, getattr(node, "lineno", 0))
        self._note(types, field, function.where, site, exact=exact)


class _Walk:
    """Goes through one function, with what is known of its variables."""

    def __init__(
        self, reads: Reads, bodies: Bodies, vocabulary: Vocabulary, scope: Scope, *, exact: bool
    ) -> None:
        self.reads, self.bodies, self.vocabulary = reads, bodies, vocabulary
        self.scope, self.exact = scope, exact

    def block(self, body: Iterable[ast.stmt], known: Known) -> None:
        """Go through statements in order; `known` changes on the way."""
        for node in body:
            self.statement(node, known)

    def statement(self, node: ast.stmt, known: Known) -> None:
        match node:
            case ast.If(test=test, body=body, orelse=orelse):
                self.expression(test, known)
                yes, no = self.narrowed(test, known)
                self.block(body, yes)
                self.block(orelse, no)
                if _leaves(body):
                    known.update(no)
            case ast.Match(subject=subject, cases=cases):
                self.match(subject, cases, known)
            case ast.Assign(targets=[ast.Name(id=name)], value=ast.Name(id=other)):
                if other in known:
                    known[name] = known[other]
            case ast.ClassDef():
                pass
            case _:
                for inner in ast.iter_child_nodes(node):
                    self.any(inner, known)

    def any(self, node: ast.AST, known: Known) -> None:
        if isinstance(node, ast.stmt):
            self.statement(node, known)
        elif isinstance(node, ast.expr):
            self.expression(node, known)
        else:
            for inner in ast.iter_child_nodes(node):
                self.any(inner, known)

    def expression(self, node: ast.expr, known: Known) -> None:
        match node:
            case ast.Attribute(value=ast.Name(id=name), attr=field) if name in known:
                self.reads.note(known[name], field, self.scope, node, exact=self.exact)
                return
            case ast.IfExp(test=test, body=one, orelse=other):
                self.expression(test, known)
                yes, no = self.narrowed(test, known)
                self.expression(one, yes)
                self.expression(other, no)
                return
            case ast.BoolOp(op=ast.And(), values=values):
                inside = dict(known)
                for value in values:
                    self.expression(value, inside)
                    inside = self.narrowed(value, inside)[0]
                return
            case ast.Call():
                self.call(node, known)
            case _:
                pass
        for inner in ast.iter_child_nodes(node):
            self.any(inner, known)

    # ---------------------------------------------------------------- calls

    def call(self, node: ast.Call, known: Known) -> None:
        match node:
            case ast.Call(
                func=ast.Name(id="getattr"),
                args=[ast.Name(id=name), ast.Constant(value=str(field)), *_],
            ) if name in known:
                self.reads.note(known[name], field, self.scope, node, exact=self.exact)
                return
            case _:
                pass
        args, function = node.args, node.func
        if isinstance(function, ast.Name | ast.Attribute) and _name(function) == "partial" and args:
            function, args = args[0], args[1:]
        given: list[tuple[int | str, str]] = [
            (place, a.id) for place, a in enumerate(args) if isinstance(a, ast.Name)
        ]
        given += [
            (k.arg, k.value.id)
            for k in node.keywords
            if k.arg is not None and isinstance(k.value, ast.Name)
        ]
        given = [(place, name) for place, name in given if name in known]
        if given:
            self.hand_on(function, given, known)

    def hand_on(self, function: ast.expr, given: list[tuple[int | str, str]], known: Known) -> None:
        for called in self.bodies.project.callables(function, self.scope):
            if isinstance(called, Class):
                continue
            parameters = [p.arg for p in called.parameters]
            is_bound = called.owner is not None and isinstance(function, ast.Attribute)
            offset = 1 if is_bound else 0
            mine = leaf_for(called, self.scope.leaf, self.bodies.project)
            for place, name in given:
                if isinstance(place, int):
                    place += offset  # noqa: PLW2901  # where the parameter stands
                    parameter = parameters[place] if place < len(parameters) else None
                else:
                    parameter = place if place in parameters else None
                if parameter is not None:
                    self.reads.follow(called, mine, parameter, known[name], exact=self.exact)

    # ---------------------------------------------------------------- narrowing

    def narrowed(self, test: ast.expr, known: Known) -> tuple[Known, Known]:
        """Return what is known where a test is true, and where it is not."""
        match test:
            case ast.UnaryOp(op=ast.Not(), operand=inner):
                yes, no = self.narrowed(inner, known)
                return no, yes
            case ast.BoolOp(op=ast.And(), values=[first, *_] as values):
                yes = dict(known)
                for value in values:
                    yes = self.narrowed(value, yes)[0]
                return yes, dict(known) if len(values) > 1 else self.narrowed(first, known)[1]
            case ast.Call(func=ast.Name(id="isinstance"), args=[ast.Name(id=name), kinds]):
                types = self.types(kinds)
                before = known.get(name, frozenset())
                if not types:
                    return dict(known), dict(known)
                return (
                    {**known, name: before & types or types},
                    {**known, name: before - types},
                )
            case _:
                return dict(known), dict(known)

    def types(self, node: ast.expr) -> Types:
        found = (self.vocabulary.topic(v) for v in self.bodies.project.values(node, self.scope))
        return frozenset(name for topic in found if topic is not None for name in topic.events)

    def match(self, subject: ast.expr, cases: Iterable[ast.match_case], known: Known) -> None:
        self.expression(subject, known)
        name = subject.id if isinstance(subject, ast.Name) else None
        rest = dict(known)
        for case in cases:
            inside = dict(rest)
            types = self.pattern(case.pattern, inside, name)
            if case.guard is not None:
                self.expression(case.guard, inside)
            self.block(case.body, inside)
            if name in rest and types and case.guard is None and _takes_all(case.pattern):
                rest[name] = rest[name] - types

    def pattern(  # noqa: C901  # a case for each sort of pattern
        self, node: ast.pattern, known: Known, name: str | None
    ) -> Types:
        """Take in what a pattern reads; return the types that it is about."""
        match node:
            case ast.MatchClass(cls=kind, kwd_attrs=fields, kwd_patterns=inner):
                types = self.types(kind)
                for field in fields if types else ():
                    self.reads.note(types, field, self.scope, node, exact=self.exact)
                for pattern in inner:
                    self.pattern(pattern, known, None)
                if name is not None and types:
                    known[name] = types
                return types
            case ast.MatchOr(patterns=patterns):
                found = [self.pattern(p, known, name) for p in patterns]
                union = frozenset[str]().union(*found)
                if name is not None and union:
                    known[name] = union
                return union
            case ast.MatchAs(pattern=ast.pattern() as pattern, name=captured):
                types = self.pattern(pattern, known, name)
                if captured is not None and types:
                    known[captured] = types
                return types
            case ast.MatchSequence(patterns=patterns):
                for pattern in patterns:
                    self.pattern(pattern, known, None)
                return frozenset()
            case _:
                return frozenset()


def _takes_all(node: ast.pattern) -> bool:
    """Tell whether a pattern takes every event of its types, whatever is in it."""
    match node:
        case ast.MatchClass(kwd_patterns=patterns):
            return all(isinstance(p, ast.MatchAs) and p.pattern is None for p in patterns)
        case ast.MatchOr(patterns=patterns):
            return all(_takes_all(p) for p in patterns)
        case ast.MatchAs(pattern=ast.pattern() as pattern):
            return _takes_all(pattern)
        case _:
            return False


def _leaves(body: list[ast.stmt]) -> bool:
    return isinstance(body[-1], ast.Return | ast.Raise | ast.Continue | ast.Break)


def _name(node: ast.Name | ast.Attribute) -> str:
    return node.id if isinstance(node, ast.Name) else node.attr
