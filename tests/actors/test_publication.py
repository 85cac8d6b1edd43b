"""What a publisher can learn of its event."""

from __future__ import annotations

import asyncio
import threading

import pykka
import pytest

from ringleader import Envelope
from ringleader.actors.events import TrainingCompleted
from ringleader.actors.publication import Publication, Receipt, Routing

DONE = TrainingCompleted(config_key="hex8_2p", model_path="m.npz")


def publication() -> Publication:
    return Publication(DONE, b"", Envelope(id="1", source="/a", type="training_completed", time=0))


def test_what_became_of_an_event_is_unknown_until_the_registry_has_decided() -> None:
    published = publication()

    assert published.receipt is None
    with pytest.raises(pykka.Timeout):
        published.get(timeout=0)

    published.decided(Routing.ROUTED, 3)
    assert published.receipt == published.get() == Receipt("1", Routing.ROUTED, 3)


def test_a_duplicate_names_the_event_that_said_it_first() -> None:
    published = publication()
    published.decided(Routing.DUPLICATE, 0, "0")

    assert published.get() == Receipt("1", Routing.DUPLICATE, 0, None, "0")
    assert published.get().is_duplicate


def test_who_wants_to_know_is_told_once_before_or_after_the_decision() -> None:
    published, told = publication(), list[Receipt]()
    published.when_decided(told.append)
    assert told == []

    published.decided(Routing.UNROUTED)
    published.when_decided(told.append)
    assert told == [Receipt("1", Routing.UNROUTED)] * 2


def test_the_first_decision_counts() -> None:
    published, told = publication(), list[Receipt]()
    published.when_decided(told.append)

    published.decided(Routing.REJECTED)
    published.decided(Routing.ROUTED, 3)

    assert published.get() == Receipt("1", Routing.REJECTED)
    assert told == [published.get()]


def test_who_raises_when_told_is_logged_and_the_others_are_told_too(
    caplog: pytest.LogCaptureFixture,
) -> None:
    published, told = publication(), list[Receipt]()

    def fail(receipt: Receipt) -> None:
        raise ValueError(receipt.id)

    for call in (told.append, fail, told.append):
        published.when_decided(call)
    published.decided(Routing.ROUTED)
    published.when_decided(fail)

    assert len(told) == 2
    assert caplog.text.count("ValueError: 1") == 2
    assert "what became of 1" in caplog.text


def test_it_can_be_awaited() -> None:
    published = publication()

    async def wait() -> Receipt:
        asyncio.get_running_loop().call_soon(published.decided, Routing.ROUTED, 1)
        return await published

    assert asyncio.run(wait()).deliveries == 1
    assert asyncio.run(wait_for(published)).deliveries == 1


async def wait_for(published: Publication) -> Receipt:
    return await published


def test_nobody_is_forgotten_who_asks_while_the_registry_decides() -> None:
    for _ in range(300):
        published, told = publication(), list[Receipt]()
        both = threading.Barrier(2)

        def decide(published: Publication = published, both: threading.Barrier = both) -> None:
            both.wait()
            published.decided(Routing.ROUTED, 1)

        thread = threading.Thread(target=decide)
        thread.start()
        both.wait()
        published.when_decided(told.append)
        assert published.get(timeout=10).deliveries == 1
        thread.join()
        assert len(told) == 1
