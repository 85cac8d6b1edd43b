from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ringleader.actors.base import Actor
from ringleader.actors.handlers import handles
from ringleader.actors.paths import find
from ringleader.supervisors.spec import ChildSpec
from ringleader.supervisors.supervisor import Supervisor
from ringleader.testing import TestSystem

if TYPE_CHECKING:
    from ringleader.actors.ref import Ref


class Finder(Actor):
    @handles(str)
    def look(self, path: str) -> Ref[Any] | None:
        return find(self, path)


class Family(Supervisor):
    def init(self) -> list[ChildSpec]:
        return [ChildSpec("finder", Finder), ChildSpec("other", Finder)]


def test_an_actor_finds_others_by_their_paths() -> None:
    with TestSystem() as system:
        system.start_child(ChildSpec("family", Family))
        finder = system.ref("/family/finder")
        for path in ("/family/other", "/family", "/system/registry", "/family/finder"):
            assert finder.ask(path) == system.ref(path)


def test_nobody_is_found_where_nobody_has_a_place() -> None:
    with TestSystem() as system:
        system.start_child(ChildSpec("family", Family))
        finder = system.ref("/family/finder")
        assert finder.ask("/family/nobody") is None
        assert finder.ask("/nobody/at/all") is None


def test_an_actor_that_is_down_is_found() -> None:
    with TestSystem() as system:
        family = system.start_child(ChildSpec("family", Family))
        family.terminate_child("other")  # type: ignore[attr-defined]  # a supervisor's ref
        assert system.ref("/family/finder").ask("/family/other") == system.ref("/family/other")


def test_an_actor_without_a_tree_finds_nobody() -> None:
    ref = Finder.start()
    try:
        assert ref.ask(ref.path, timeout=10) is None
    finally:
        ref.stop()
