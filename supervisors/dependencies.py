"""Who starts before whom: dependencies between the children of one supervisor."""

from __future__ import annotations

from graphlib import CycleError, TopologicalSorter
from typing import TYPE_CHECKING, cast

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from .spec import ChildSpec, Term


def check_dependencies(specs: Sequence[ChildSpec], known: Iterable[str] = ()) -> Term | None:
    """Return what is wrong with the dependencies of some specs, or None.

    Args:
        specs: that are to be started, in this order where nothing else is said.
        known: ids of children that are there already.
    """
    if not _any_depends(specs):
        return None  # nearly always so: then it must cost nothing, however many there are already
    ids = {spec.id for spec in specs} | set(known)
    for spec in specs:
        for other in (*spec.depends_on, *spec.soft_depends_on):
            if other == spec.id:
                return ("dependency_cycle", [spec.id, spec.id])
            if other not in ids:
                return ("unknown_dependency", (spec.id, other, sorted(ids - {spec.id})))
    try:
        in_start_order(specs)
    except CycleError as error:
        circle = cast("list[str]", error.args[1])
        return ("dependency_cycle", circle[::-1])  # each depends on the next
    return None


def in_start_order(specs: Sequence[ChildSpec]) -> list[ChildSpec]:
    """Return the specs so that each comes after those it depends on, else as they were.

    Raises:
        CycleError: there is no such order.
    """
    if not _any_depends(specs):
        return list(specs)
    by_id = {spec.id: spec for spec in specs}
    place = {spec.id: number for number, spec in enumerate(specs)}
    sorter: TopologicalSorter[str] = TopologicalSorter()
    for spec in specs:
        sorter.add(spec.id, *(o for o in (*spec.depends_on, *spec.soft_depends_on) if o in by_id))
    sorter.prepare()
    order: list[ChildSpec] = []
    ready = sorted(sorter.get_ready(), key=place.__getitem__)
    while ready:
        # One at a time, the first in the list: what depends on nobody keeps its place.
        name = ready.pop(0)
        order.append(by_id[name])
        sorter.done(name)
        ready = sorted([*ready, *sorter.get_ready()], key=place.__getitem__)
    return order


def _any_depends(specs: Sequence[ChildSpec]) -> bool:
    return any(spec.depends_on or spec.soft_depends_on for spec in specs)
