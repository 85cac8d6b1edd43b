"""Who handles what: `@handles`, `subscriptions()`, and calls of `subscribe`."""

from __future__ import annotations

import ast
from dataclasses import dataclass
from typing import TYPE_CHECKING

from .body import last_name
from .model import Handling, Site
from .scope import Text
from .source import Class, Function
from .vocabulary import Topic

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from .body import Bodies
    from .model import Spelling
    from .scope import Scope, Value
    from .vocabulary import Vocabulary


@dataclass(frozen=True, slots=True)
class Wish:
    """What somebody takes.

    Attributes:
        topic: events.
        messages: classes of direct messages.
        where: fields that a condition looks at, and its place.
        echo: whether one's own events come, too.
        site: of the declaration.
    """

    topic: Topic
    messages: tuple[Class, ...]
    where: tuple[tuple[str, Site], ...]
    echo: bool
    site: Site


@dataclass(frozen=True, slots=True)
class Handler:
    """A function that is called with what somebody takes.

    Attributes:
        wish: what.
        function: the function.
        leaf: the class of the actor that handles; None for a plain function.
        owner: how it is called in findings.
    """

    wish: Wish
    function: Function
    leaf: Class | None
    owner: str

    @property
    def parameter(self) -> str | None:
        """The name of the parameter that is the event."""
        names = [p.arg for p in self.function.parameters]
        is_method = self.function.owner is not None and not isinstance(
            self.function.node, ast.Lambda
        )
        return next(iter(names[1 if is_method else 0 :]), None)


class Handlers:
    """Finds who handles what.

    Attributes:
        found: by actor class that has no subclass, and by function.
        handlings: the places, each once.
        observers: where somebody subscribes to all events.
        spellings: names in other spellings than the catalogue's.

    Args:
        bodies: of all functions.
        vocabulary: the event types.
    """

    def __init__(self, bodies: Bodies, vocabulary: Vocabulary) -> None:
        self._bodies, self._vocabulary = bodies, vocabulary
        self._project = bodies.project
        self.spellings: list[Spelling] = []
        self.observers: list[Site] = []
        self.found: list[Handler] = []
        self._declared: dict[Class, list[tuple[str, Wish]]] = {}
        for function in bodies.functions():
            if function.owner is not None:
                self._methods(function, function.owner)
            self._calls(function)
        self._actors()
        self.handlings = list(dict.fromkeys(self._handlings()))

    def messages(self) -> set[Class]:
        """Return the classes of the direct messages that somebody handles."""
        return {message for handler in self.found for message in handler.wish.messages}

    def _handlings(self) -> Iterator[Handling]:
        for handler in self.found:
            function = handler.function
            for event in handler.wish.topic.events:
                yield Handling(event, function.where, handler.wish.site)

    # ---------------------------------------------------------------- declared in classes

    def _methods(self, function: Function, owner: Class) -> None:
        if not isinstance(function.node, ast.FunctionDef | ast.AsyncFunctionDef):
            return
        for decorator in function.node.decorator_list:
            if isinstance(decorator, ast.Call) and last_name(decorator.func) == "handles":
                scope = self._project.body(function.module)
                values = [v for a in decorator.args for v in self._project.values(a, scope)]
                wish = self._wish(values, decorator, scope, function.node.lineno)
                self._declared.setdefault(owner, []).append((function.name, wish))
        if function.name == "subscriptions":
            self._subscriptions(function, owner)

    def _subscriptions(self, function: Function, owner: Class) -> None:
        scope = self._bodies.scope(function)
        for node in function.nodes:
            if not isinstance(node, ast.Dict):
                continue
            for key, method in zip(node.keys, node.values, strict=True):
                name = _method_name(method)
                if key is not None and name is not None:
                    wish = self._wish(self._project.values(key, scope), None, scope, key.lineno)
                    self._declared.setdefault(owner, []).append((name, wish))

    def _wish(
        self, values: Iterable[Value], call: ast.Call | None, scope: Scope, line: int
    ) -> Wish:
        """Put together what is wanted, and what the keywords of a call say of it."""
        path, known = scope.module.path, list(values)
        named = {} if call is None else {k.arg: k.value for k in call.keywords}
        echo = named.get("echo")
        return Wish(
            topic=self._topic(known, path, line),
            messages=tuple(
                v for v in known if isinstance(v, Class) and self._vocabulary.topic(v) is None
            ),
            where=tuple(_condition(named.get("where"), path)),
            echo=isinstance(echo, ast.Constant) and echo.value is True,
            site=Site(path, line),
        )

    def _topic(self, values: Iterable[Value], path: str, line: int) -> Topic:
        """Put together what several names mean."""
        events: list[str] = []
        exact, is_all = True, False
        for value in values:
            topic = self._vocabulary.topic(value)
            if isinstance(value, Text):
                name, spelling = self._vocabulary.named(value, path)
                self.spellings += [] if spelling is None else [spelling]
                events += [] if name is None else [name]
            elif topic is not None:
                events += topic.events
                exact, is_all = exact and topic.exact, is_all or topic.is_all
        if is_all:
            self.observers.append(Site(path, line))
        return Topic(tuple(dict.fromkeys(events)), exact, is_all)

    def _actors(self) -> None:
        """Give each class that is not derived from what it and its bases declare."""
        classes = [c for m in self._project.modules.values() for c in m.classes]
        derived = {base for c in classes for base in self._project.line(c)[1:]}
        for leaf in classes:
            if leaf in derived:
                continue
            for base in self._project.line(leaf):
                for name, wish in self._declared.get(base, ()):
                    function = self._project.method(leaf, name)
                    if function is not None:
                        self.found.append(Handler(wish, function, leaf, leaf.name))

    # ---------------------------------------------------------------- calls of subscribe

    def _calls(self, function: Function) -> None:
        for call in self._bodies.body(function).calls:
            name = last_name(call.func)
            if name == "subscribe_stage" and call.args:
                self._stage(function, call)
            elif name in {"subscribe", "subscribe_many"} and isinstance(call.func, ast.Attribute):
                self._subscribe(function, call)

    def _subscribe(self, function: Function, call: ast.Call) -> None:
        """Take in a call of `subscribe`: of its arguments, those that are topics are."""
        named = {k.arg: k.value for k in call.keywords}
        given = [*call.args, *(named[n] for n in ("topic", "topics", "function") if n in named)]
        for place, node in enumerate(given):
            others = [n for n in given if n is not node]
            if isinstance(node, ast.Dict):
                for key, handler in zip(node.keys, node.values, strict=True):
                    if key is not None:
                        self._pair(function, call, key, [handler], names=True)
            else:
                names = place == 0 and bool(others)
                self._pair(function, call, node, others, names=names)

    def _pair(
        self,
        function: Function,
        call: ast.Call,
        topic: ast.expr,
        handlers: Iterable[ast.expr],
        *,
        names: bool,
    ) -> None:
        """Take in a topic and its handlers; strings are topics if they may be `names`."""
        scope = self._bodies.scope(function)
        meant = [
            v
            for v in self._project.values(topic, scope)
            if (names and isinstance(v, Text) and v.value.isidentifier())
            or self._vocabulary.topic(v) is not None
        ]
        if meant:
            wish = self._wish(meant, call, scope, call.lineno)
            self._add(wish, function, handlers, scope)

    def _stage(self, function: Function, call: ast.Call) -> None:
        scope, path = self._bodies.scope(function), function.module.path
        events: list[str] = []
        for value in self._project.values(call.args[0], scope):
            if isinstance(value, Text):
                event, spelling = self._vocabulary.stage(value, path)
                self.spellings += [] if spelling is None else [spelling]
                events += [] if event is None else [event]
        wish = Wish(Topic(tuple(events)), (), (), echo=False, site=Site(path, call.lineno))
        self._add(wish, function, call.args[1:], scope)

    def _add(self, wish: Wish, function: Function, nodes: Iterable[ast.expr], scope: Scope) -> None:
        """Add the functions that are called; if none is found, at least that it is handled."""
        called = [f for node in nodes for f in self._functions(node, function, scope)]
        leaf = scope.leaf
        for found in called or [Function(function.name, function.module, _EMPTY, function.owner)]:
            owner = found.where if found.owner is None or leaf is None else leaf.name
            mine = leaf if found.owner is not None else None
            self.found.append(Handler(wish, found, mine, owner))

    def _functions(self, node: ast.expr, function: Function, scope: Scope) -> list[Function]:
        if isinstance(node, ast.Lambda):
            return [Function(f"{function.name}.<lambda>", function.module, node, function.owner)]
        found = [f for f in self._project.callables(node, scope) if isinstance(f, Function)]
        return found or list(_nested(node, function))


_EMPTY = ast.Module(body=[], type_ignores=[])


def _nested(node: ast.expr, function: Function) -> Iterator[Function]:
    """Find a function that is defined inside the one that subscribes it."""
    if isinstance(node, ast.Name):
        for inner in function.nodes:
            if isinstance(inner, ast.FunctionDef | ast.AsyncFunctionDef) and inner.name == node.id:
                yield Function(inner.name, function.module, inner)


def _method_name(node: ast.expr) -> str | None:
    match node:
        case ast.Attribute(attr=name) | ast.Constant(value=str(name)):
            return name
        case _:
            return None


def _condition(node: ast.expr | None, path: str) -> Iterator[tuple[str, Site]]:
    if isinstance(node, ast.Dict):
        for key in node.keys:
            if isinstance(key, ast.Constant) and isinstance(key.value, str):
                yield key.value, Site(path, key.lineno)
