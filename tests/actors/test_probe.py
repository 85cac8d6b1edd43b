"""What answers amount to, and how an actor is asked."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, strategies as st

from ringleader import Actor, Exit, HandlerError
from ringleader.actors.care import HealthCheck
from ringleader.actors.health import Health
from ringleader.actors.probe import Probe, Standing

if TYPE_CHECKING:
    from ringleader.actors.cell import Cell
    from tests.actors.stage import ManualStage

pytestmark = pytest.mark.usefixtures("quiet")
CHECK = HealthCheck(interval=10.0, timeout=2.0, grace=30.0, failures=2)
BAD, SLOW, WELL = Health("unhealthy"), Health("degraded"), Health()


def told(*answers: Health, uptime: float = 100.0, check: HealthCheck = CHECK) -> list[Any]:
    """Return of each answer what is told, and whether it ends the incarnation."""
    standing, said = Standing(), list[Any]()
    for answer in answers:
        verdict = standing.judge(answer, check, uptime)
        standing = verdict.standing
        said.append((answer.status if verdict.tells else "", verdict.ends))
    return said


def test_a_change_is_told_once() -> None:
    assert told(WELL, WELL, SLOW, SLOW, WELL) == [
        ("healthy", False),
        ("", False),
        ("degraded", False),
        ("", False),
        ("healthy", False),
    ]


def test_unhealthy_answers_end_it_when_there_are_enough_in_a_row() -> None:
    assert [ends for _, ends in told(BAD, WELL, BAD, SLOW, BAD, BAD)] == [
        *[False] * 5,
        True,
    ]


def test_with_no_failures_allowed_for_nothing_ever_ends_it() -> None:
    check = HealthCheck(grace=0.0, failures=0)
    assert not any(ends for _, ends in told(*[BAD] * 50, check=check))


def test_in_the_grace_bad_answers_are_neither_told_nor_counted() -> None:
    assert told(BAD, SLOW, BAD, uptime=29.9) == [("", False)] * 3
    assert told(WELL, uptime=1.0) == [("healthy", False)]


@given(st.lists(st.sampled_from([BAD, SLOW, WELL])), st.integers(1, 5))
def test_what_is_told_are_the_changes_and_it_ends_at_the_last_of_a_row(
    answers: list[Health], failures: int
) -> None:
    said = told(*answers, check=HealthCheck(grace=0.0, failures=failures))

    before: list[Health | None] = [None, *answers]
    for number, answer in enumerate(answers):
        row = answers[max(0, number + 1 - failures) : number + 1]
        is_change = answer is not before[number]
        assert said[number] == (
            answer.status if is_change else "",
            row == [BAD] * failures,
        )


# -------------------------------------------------------------------------- asking


class Asked(Actor):
    """Answers with what it was given, or raises it."""

    def __init__(self, says: Any) -> None:
        super().__init__()
        self.says = says

    def health(self) -> Any:
        if isinstance(self.says, BaseException):
            raise self.says
        return self.says


class AskedAsync(Asked):
    """The same on an event loop."""

    async def health(self) -> Any:
        return super().health()


def ask(stage: ManualStage, cell: Cell) -> list[Health]:
    answers: list[Health] = []
    assert cell.current is not None
    Probe(cell.current, lambda _, health: answers.append(health)).send()
    stage.run()
    return answers


@pytest.mark.parametrize("actor", [Asked, AskedAsync])
def test_an_actor_is_asked_in_its_own_turn(stage: ManualStage, actor: type[Asked]) -> None:
    cell = stage.start(actor, "degraded: slow")

    assert ask(stage, cell) == [Health("degraded", "slow")]
    assert stage.parent.reasons == []


@pytest.mark.parametrize("actor", [Asked, AskedAsync])
def test_an_exception_is_an_answer(stage: ManualStage, actor: type[Asked]) -> None:
    cell = stage.start(actor, ValueError("no disk"))

    (health,) = ask(stage, cell)
    assert (health.status, health.message) == ("unhealthy", "health() raised ValueError: no disk")
    assert stage.parent.reasons == []


@pytest.mark.parametrize("actor", [Asked, AskedAsync])
@pytest.mark.parametrize("error", [SystemExit(3), Exit("shutdown")])
def test_an_exit_in_health_is_an_exit(
    stage: ManualStage, actor: type[Asked], error: BaseException
) -> None:
    cell = stage.start(actor, error)

    assert ask(stage, cell) == []
    assert stage.parent.reasons == ["shutdown" if isinstance(error, Exit) else error]


def test_a_coroutine_of_an_actor_without_a_loop_may_not_wait(stage: ManualStage) -> None:
    class Waits:
        def __await__(self) -> Any:
            yield

    async def at_once() -> str:
        return "degraded"

    async def later() -> None:
        await Waits()

    async def never() -> None:
        raise ValueError("no disk")

    def said(value: Any) -> tuple[str, str]:
        (health,) = ask(stage, stage.start(Asked, value))
        return health.status, health.message

    assert said(at_once()) == ("degraded", "")
    assert said(never()) == ("unhealthy", "health() raised ValueError: no disk")
    assert said(later())[1].endswith("only async actors can await it")
    assert said(Waits())[1].endswith("only async actors can await it")


def test_who_has_ended_answers_nothing(stage: ManualStage) -> None:
    cell = stage.start(Asked, "ok")
    current = cell.current
    assert current is not None
    cell.kill(current)
    answers: list[Health] = []

    Probe(current, lambda _, health: answers.append(health)).send()
    stage.run()

    assert answers == []


def test_an_async_health_makes_an_actor_async() -> None:
    assert AskedAsync.dispatcher == "async"
    with pytest.raises(HandlerError, match="health is async"):
        type("Wrong", (AskedAsync,), {"dispatcher": "pool"})
