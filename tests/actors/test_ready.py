"""An actor says when it is ready; its supervisor hears it once."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from pykka import ActorDeadError

from ringleader import Actor, handles
from ringleader.actors.lifecycle import Ready, Started, Up

if TYPE_CHECKING:
    from ringleader.actors.cell import Cell
    from tests.actors.stage import ManualStage, Stage


class Warm(Actor):
    """Is ready when it is told so, or at once."""

    def __init__(self, *, at_once: bool = False) -> None:
        super().__init__()
        self.at_once = at_once

    def on_start(self) -> None:
        if self.at_once:
            self.ready()

    @handles(str)
    def obey(self, _: str) -> None:
        self.ready()


class WarmLater(Actor):
    """Is ready before its start is over."""

    async def on_start(self) -> None:  # type: ignore[override]  # Pykka knows no async
        self.ready()


def readies(stage: Stage) -> int:
    return sum(isinstance(news, Ready) for news in stage.parent.news)


def says_ready(cell: Cell) -> bool:
    return cell.current is not None and cell.current.is_ready


def test_the_supervisor_hears_that_an_actor_is_ready_once_an_incarnation(
    stage: ManualStage,
) -> None:
    cell = stage.start(Warm)
    assert not says_ready(cell)

    for _ in range(3):
        cell.ref.tell("go")
    stage.run()

    assert says_ready(cell)
    assert readies(stage) == 1

    current = cell.current
    assert current is not None
    cell.kill(current)
    stage.restart(cell)
    cell.ref.tell("go")
    stage.run()
    assert readies(stage) == 2


@pytest.mark.parametrize("actor", [Warm, WarmLater])
def test_who_is_ready_while_it_starts_is_up_before_it_is_ready(
    stage: ManualStage, actor: type[Actor]
) -> None:
    cell = stage.start(actor, **({"at_once": True} if actor is Warm else {}))

    incarnation = cell.current
    assert incarnation is not None
    assert stage.parent.news == [Started(incarnation, Up()), Ready(incarnation)]


def test_without_a_supervisor_readiness_is_nobodys_business() -> None:
    ref = Warm.start(at_once=True)
    ref.tell("go")

    assert ref.stop(timeout=5)


def test_an_actor_that_has_ended_is_not_ready_any_more(stage: ManualStage) -> None:
    actors: list[Warm] = []

    class Kept(Warm):
        def on_start(self) -> None:
            actors.append(self)

    cell = stage.start(Kept)
    current = cell.current
    assert current is not None
    cell.kill(current)

    with pytest.raises(ActorDeadError, match="has ended"):
        actors[0].ready()
    assert readies(stage) == 0
