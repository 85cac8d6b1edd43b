"""Coordinators heed the pressure of work, not that of some subscriber's mailbox."""

from __future__ import annotations

from typing import Any

import pytest

from ringleader.actors.coordinators.layer1.global_task_coordinator import GlobalTaskCoordinator
from ringleader.actors.coordinators.layer4.queue_populator import QueuePopulator
from ringleader.actors.coordinators.layer5.pictures import ConfigPictures
from ringleader.actors.coordinators.layer5.selfplay_orchestrator import SelfplayOrchestrator
from ringleader.actors.coordinators.pressure import is_of_work
from ringleader.actors.events import BackpressureActivated, BackpressureReleased, PressureLevel

COORDINATORS = [GlobalTaskCoordinator, QueuePopulator, ConfigPictures, SelfplayOrchestrator]
TYPES = [BackpressureActivated, BackpressureReleased]


def pressure(kind: type[Any], resource_type: str) -> Any:
    if kind is BackpressureReleased:
        return BackpressureReleased(resource_type=resource_type)
    return BackpressureActivated(level=PressureLevel.STOP, resource_type=resource_type)


@pytest.mark.parametrize("kind", TYPES)
def test_only_pressure_of_a_mailbox_or_the_registry_is_not_of_work(kind: type[Any]) -> None:
    assert [
        what
        for what in ("mailbox", "registry", "", "queue", "gpu")
        if is_of_work(pressure(kind, what))
    ] == ["", "queue", "gpu"]


@pytest.mark.parametrize("kind", TYPES)
@pytest.mark.parametrize("coordinator", COORDINATORS)
def test_no_coordinator_hears_of_a_slow_subscriber(coordinator: type[Any], kind: type[Any]) -> None:
    accepts = coordinator.handlers[kind].condition

    assert accepts(pressure(kind, ""))
    assert not accepts(pressure(kind, "mailbox"))
    assert not accepts(pressure(kind, "registry"))
