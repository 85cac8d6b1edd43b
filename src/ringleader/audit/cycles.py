"""Cycles among handlers: where they are, and what remains of them without certain steps."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from .model import Node, Step


def in_cycles(steps: Iterable[Step]) -> list[list[Step]]:
    """Return the steps inside each strongly connected part that has an event in it."""
    kept = list(steps)
    part = components(kept)
    groups: dict[int, list[Step]] = {}
    for step in kept:
        if part[step.source] == part[step.target]:
            groups.setdefault(part[step.source], []).append(step)
    found = [group for group in groups.values() if any(step.is_event for step in group)]
    return sorted(found, key=lambda group: min(step.source for step in group))


def components(steps: Iterable[Step]) -> dict[Node, int]:
    """Return by node the number of its strongly connected part (Tarjan, without recursion)."""
    after: dict[Node, list[Node]] = {}
    for step in steps:
        after.setdefault(step.source, []).append(step.target)
        after.setdefault(step.target, [])
    order: dict[Node, int] = {}
    low: dict[Node, int] = {}
    part: dict[Node, int] = {}
    stack: list[Node] = []
    for root in after:
        if root in order:
            continue
        walk: list[tuple[Node, int]] = [(root, 0)]
        while walk:
            node, place = walk.pop()
            if node not in order:
                order[node] = low[node] = len(order)
                stack.append(node)
            for index in range(place, len(after[node])):
                target = after[node][index]
                if target not in order:
                    walk += [(node, index), (target, 0)]
                    break
                if target not in part:
                    low[node] = min(low[node], low[target])
            else:
                if low[node] == order[node]:
                    _close(node, stack, part)
    return part


def _close(node: Node, stack: list[Node], part: dict[Node, int]) -> None:
    number = len(part)
    while True:
        member = stack.pop()
        part[member] = number
        if member == node:
            return


def shortest(steps: Iterable[Step], through: Step) -> list[Step]:
    """Return a shortest cycle that begins with a step, or nothing if there is none."""
    after: dict[Node, list[Step]] = {}
    for step in steps:
        after.setdefault(step.source, []).append(step)
    came: dict[Node, Step] = {}
    waiting = deque([through.target])
    while waiting:
        node = waiting.popleft()
        if node == through.source:
            return [through, *_way(came, through.target, node)]
        for step in after.get(node, ()):
            if step.target not in came and step.target != through.target:
                came[step.target] = step
                waiting.append(step.target)
    return []


def _way(came: Mapping[Node, Step], start: Node, end: Node) -> list[Step]:
    way: list[Step] = []
    while end != start:
        way.append(came[end])
        end = came[end].source
    return way[::-1]


def example(steps: Iterable[Step]) -> list[Step]:
    """Return the shortest cycle with an event in it, of steps that are all in cycles."""
    kept = list(steps)
    found = (shortest(kept, step) for step in sorted(kept, key=step_order) if step.is_event)
    return min((cycle for cycle in found if cycle), key=len)


def step_order(step: Step) -> tuple[Node, Node, str]:
    """Return what steps are sorted by, so that of equal cycles always the same is told."""
    return step.source, step.target, step.carries
