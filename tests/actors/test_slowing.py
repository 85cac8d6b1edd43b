"""Publishers that wait because the registry is behind."""

from __future__ import annotations

import asyncio
import threading
from typing import TYPE_CHECKING, ClassVar

import pytest

from ringleader import Dedup, Event, EventType
from ringleader.actors.dispatch import here
from ringleader.actors.errors import PublishError
from ringleader.actors.events import PressureLevel
from ringleader.actors.slowing import Slowing
from ringleader.testing import TestSystem
from tests.probe import probe

if TYPE_CHECKING:
    from collections.abc import Iterator

PATIENCE = 20.0


class Patient(Event, frozen=True, kw_only=True):
    EVENT: ClassVar[EventType] = EventType.custom("PATIENT", dedup=Dedup.id(), on_pressure="slow")

    number: int


@pytest.fixture
def system() -> Iterator[TestSystem]:
    system = TestSystem(event_types=(Patient,))
    system.start()
    system.run()
    system.hub.level = PressureLevel.HIGH
    yield system
    assert system.stop()


def test_a_thread_waits_until_the_registry_has_caught_up() -> None:
    slowing, waited = Slowing(), list[bool]()
    thread = threading.Thread(target=lambda: waited.append(slowing.wait(lambda: True)))
    thread.start()
    probe(lambda: len(slowing.waiting) == 1, PATIENCE)
    assert waited == []

    slowing.release()
    thread.join(PATIENCE)
    assert waited == [True]
    assert slowing.waiting == []


def test_nobody_waits_for_a_registry_that_has_caught_up_meanwhile() -> None:
    slowing = Slowing()

    assert slowing.wait(lambda: False)
    assert slowing.waiting == []


def test_an_event_loop_of_the_users_never_waits() -> None:
    async def waited() -> bool:
        return Slowing().wait(lambda: False)

    assert not asyncio.run(waited())
    assert Slowing().wait(lambda: False)  # the thread does, once its loop has ended


def test_a_loop_of_the_systems_never_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(here, "is_loop", True)

    assert not Slowing().wait(lambda: False)


@pytest.mark.parametrize("end", ["stop", "kill"])
def test_who_waits_is_let_go_when_the_registry_ends(system: TestSystem, end: str) -> None:
    known: list[object] = []

    def publish() -> None:
        try:
            published = system.publish(Patient(number=1))
            known.append(published.get(timeout=PATIENCE))  # it has just got in
        except PublishError as error:
            known.append(error)

    thread = threading.Thread(target=publish)
    thread.start()
    probe(lambda: len(system.hub.slowing.waiting) == 1, PATIENCE)

    getattr(system, end)()
    thread.join(PATIENCE)

    assert not thread.is_alive()
    assert len(known) == 1
