"""A question to an actor about its health, and what the answers amount to."""

from __future__ import annotations

import inspect
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from .frames import forget_frames
from .health import Health, Status, read_health
from .incarnation import Phase
from .lifecycle import Exit
from .reasons import describe

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from .care import HealthCheck
    from .cell import Cell
    from .incarnation import Incarnation


class Probe:
    """An order in the control lane: it overtakes messages, and is obeyed in the actor's turn.

    Args:
        incarnation: who is asked.
        tell: called once with this and the answer, in the actor's turn; never if it has ended.
    """

    __slots__ = ("_tell", "incarnation")

    def __init__(self, incarnation: Incarnation, tell: Callable[[Probe, Health], object]) -> None:
        self.incarnation, self._tell = incarnation, tell

    def send(self) -> None:
        """Ask."""
        self.incarnation.cell.mailbox.put_control(self)

    def obey(self, cell: Cell) -> None:
        """Ask the actor; a coroutine is the first thing that its turn awaits.

        An exception is an unhealthy answer; `SystemExit` and its like end the incarnation, as
        they do everywhere.
        """
        incarnation = self.incarnation
        if incarnation.phase is not Phase.RUNNING:
            return
        if incarnation.is_async:
            incarnation.probe = self
            return
        try:
            self._answer(incarnation, _at_once(_ask(incarnation.actor)))
        except BaseException as error:  # noqa: BLE001  # a failure of this actor alone
            cell.fail(incarnation, error)

    async def obey_async(self) -> None:
        """Ask an actor of an event loop, and await the answer."""
        said = _ask(self.incarnation.actor)
        if not isinstance(said, Health):
            said = await _awaited(said)
        self._answer(self.incarnation, said)

    def _answer(self, incarnation: Incarnation, health: Health) -> None:
        if incarnation.alive:
            self._tell(self, health)


def _ask(actor: Any) -> Any:
    """Return what it says: a `Health`, or something to await; an unchanged Pykka actor is well."""
    try:
        ask = getattr(actor, "health", None)
        said = ask() if callable(ask) else ask
        return said if inspect.isawaitable(said) else read_health(said)
    except Exit:
        raise
    except Exception as error:  # noqa: BLE001  # it is an answer
        return _failed(error)


async def _awaited(said: Awaitable[Any]) -> Health:
    try:
        return read_health(await said)
    except Exit:
        raise
    except Exception as error:  # noqa: BLE001  # it is an answer
        return _failed(error)


def _at_once(said: Any) -> Health:
    """Return the answer of an actor without an event loop: a coroutine must not wait."""
    if isinstance(said, Health):
        return said
    if not inspect.iscoroutine(said):
        return _failed(TypeError(f"health() returned {said!r}, and only async actors can await it"))
    try:
        said.send(None)
    except StopIteration as stop:
        return read_health(stop.value)
    except Exit:
        raise
    except Exception as error:  # noqa: BLE001  # it is an answer
        return _failed(error)
    said.close()
    return _failed(TypeError("health() waits for something, and only async actors can await it"))


def _failed(error: Exception) -> Health:
    forget_frames(error)
    return Health("unhealthy", f"health() raised {describe(error)}", {"error": describe(error)})


@dataclass(frozen=True, slots=True)
class Standing:
    """What an incarnation's answers amount to so far.

    Attributes:
        told: what the world was told last; None: nothing.
        failures: unhealthy answers in a row.
    """

    told: Status | None = None
    failures: int = 0

    def judge(self, health: Health, check: HealthCheck, uptime: float) -> Verdict:
        """Weigh an answer that came `uptime` seconds after the actor was up.

        Within the grace a bad answer means nothing. After it a change is told once, and as many
        unhealthy answers in a row as the check says end the incarnation; a degraded one only
        tells, and breaks the row.
        """
        if health.status != "healthy" and uptime < check.grace:
            return Verdict(self)
        failures = self.failures + 1 if health.status == "unhealthy" else 0
        return Verdict(
            replace(self, told=health.status, failures=failures),
            tells=health.status != self.told,
            ends=0 < check.failures <= failures,
        )


@dataclass(frozen=True, slots=True)
class Verdict:
    """What follows from an answer.

    Attributes:
        standing: what is known now.
        tells: whether the world is told of a change.
        ends: whether the incarnation is ended.
    """

    standing: Standing
    tells: bool = False
    ends: bool = False
