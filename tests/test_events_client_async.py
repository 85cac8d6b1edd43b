"""What a client does without an event loop it does in one, and side by side."""

from __future__ import annotations

import asyncio
import threading
from typing import TYPE_CHECKING, Any

import pytest

from ringleader.actors.event_log import ConsumerTaken
from ringleader.actors.events.errors import UnknownEventTypeError
from ringleader.actors.letters import Outcome
from ringleader.actors.publication import Receipt
from ringleader.events_client_async import AsyncClient
from ringleader.node_errors import NodeAway, NoNode, OrderRefused
from ringleader.spool import Spooled
from tests.event_bench import TYPES, Bench, Happened, Passed, running
from tests.probe import once_around, probe

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from ringleader.event_consumer_async import AsyncConsumer


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    with running(tmp_path) as bench:
        yield bench


def client_of(bench: Bench, **kwargs: Any) -> AsyncClient:
    return AsyncClient(bench.path, event_types=TYPES, source="test", timeout=10.0, **kwargs)


async def until(condition: Callable[[], object]) -> None:
    """Let the event loop run until it is true."""
    async with asyncio.timeout(10):
        while not condition():
            await once_around()


async def numbers(consumer: AsyncConsumer, count: int) -> list[int]:
    found: list[int] = []
    async for delivery in consumer:
        with delivery as event:
            assert isinstance(event, Happened | Passed)
            found.append(event.number)
        if len(found) == count:
            return found
    raise AssertionError(found)


def released(bench: Bench, name: str) -> bool:
    return not bench.consumer(name).active


def test_publishers_side_by_side_share_a_connection(bench: Bench) -> None:
    async def main() -> None:
        async with client_of(bench) as client:
            receipts = await asyncio.gather(
                *(client.publish(Happened(number=number)) for number in range(200))
            )
            sequences = [r.sequence for r in receipts if isinstance(r, Receipt)]
            assert sequences == list(range(1, 201))
            assert isinstance(await client.post("PASSED", {"number": 1}), str)

    asyncio.run(main())


def test_errors_are_those_of_the_other_client(bench: Bench, tmp_path: Path) -> None:
    async def main() -> None:
        async with client_of(bench) as client:
            with pytest.raises(UnknownEventTypeError):
                await client.publish("HAPENED")
            with pytest.raises(OrderRefused):
                client.consumer("/a")
        async with AsyncClient(tmp_path / "none", spool=False, timeout=0.05) as client:
            with pytest.raises(NodeAway):
                await client.publish("TRAINING_COMPLETED", {"config_key": "k", "model_path": "m"})
            with pytest.raises(NoNode):
                await client.listen().open()

    asyncio.run(main())


def test_while_no_node_runs_events_are_spooled(tmp_path: Path) -> None:
    async def main() -> None:
        async with AsyncClient(tmp_path, event_types=TYPES) as client:
            assert isinstance(await client.publish(Happened()), Spooled)

    asyncio.run(main())


def test_a_client_goes_on_when_the_node_was_restarted(bench: Bench) -> None:
    async def main() -> None:
        async with client_of(bench) as client, client.consumer("games", Happened) as consumer:
            await client.publish(Happened(number=1))
            delivery = await anext(consumer)
            bench.stop()
            bench.start()
            delivery.done()
            await client.publish(Happened(number=2))
            assert await numbers(consumer, 1) == [2]

    asyncio.run(main())
    probe(lambda: released(bench, "games"))
    assert bench.letters == []


def test_a_consumer_is_iterated_over_with_async_for(bench: Bench) -> None:
    async def main() -> None:
        async with client_of(bench) as client, client.consumer("games", Happened) as consumer:
            bench.happen(1, 2)
            with pytest.raises(ConsumerTaken):
                await client.consumer("games", Happened).open()
            assert await numbers(consumer, 1) == [1]
            (await anext(consumer)).failed(ValueError("no"))
            bench.happen(3)
            assert await numbers(consumer, 1) == [3]

    asyncio.run(main())
    probe(lambda: released(bench, "games"))
    assert [letter.reason for letter in bench.letters] == [Outcome.FAILED]


def test_an_iteration_that_is_cancelled_loses_nothing(bench: Bench) -> None:
    async def main() -> None:
        async with client_of(bench) as client, client.consumer("games", Happened) as consumer:
            waiting = asyncio.create_task(numbers(consumer, 1))
            await until(lambda: consumer._fetching)
            waiting.cancel()
            with pytest.raises(asyncio.CancelledError):
                await waiting
            bench.happen(1)
            assert await numbers(consumer, 1) == [1]

    asyncio.run(main())


def test_stop_ends_an_iteration_that_waits(bench: Bench) -> None:
    async def main() -> None:
        async with client_of(bench) as client, client.consumer("games", Happened) as consumer:
            waiting = asyncio.create_task(all_of(consumer))
            await until(lambda: consumer._fetching)
            consumer.stop()
            assert await waiting == []

    async def all_of(consumer: AsyncConsumer) -> list[Any]:
        return [delivery async for delivery in consumer]

    asyncio.run(main())


def test_what_comes_at_the_close_is_handed_back(bench: Bench) -> None:
    async def main() -> None:
        async with client_of(bench) as client:
            consumer = await client.consumer("games", Happened).open()
            waiting = asyncio.create_task(numbers(consumer, 5))
            await until(lambda: consumer._fetching)
            bench.happen(1)
            await consumer.close()
            waiting.cancel()
            await asyncio.wait([waiting])

    asyncio.run(main())
    probe(lambda: released(bench, "games"))
    assert bench.letters == []
    with (
        bench.client() as client,
        client.consumer("games", Happened) as consumer,
        next(consumer) as event,
    ):
        assert event == Happened(number=1)


def test_an_outcome_from_another_thread_wakes_the_fetch(bench: Bench) -> None:
    async def main() -> None:
        async with (
            client_of(bench) as client,
            client.consumer("games", Happened, idempotent=True) as consumer,
        ):
            bench.happen(1)
            delivery = await anext(consumer)
            waiting = asyncio.create_task(numbers(consumer, 1))
            await until(lambda: consumer._fetching)
            threading.Thread(target=delivery.done).start()
            await until(lambda: bench.consumer("games").in_hand == 0)
            waiting.cancel()

    asyncio.run(main())


def test_functions_and_coroutine_functions_are_called(bench: Bench) -> None:
    got: list[Any] = []

    async def handle(event: Happened) -> None:
        await once_around()
        if event.number == 2:
            raise ValueError("no such game")
        got.append(event)

    async def main() -> None:
        async with client_of(bench) as client:
            durable = await client.subscribe(Happened, handle, durable="games")
            await client.subscribe(Passed, got.append)
            for number in (1, 2, 3):
                await client.publish(Happened(number=number))
            await until(lambda: len(got) == 2)
            await client.publish(Passed(number=4))
            await until(lambda: len(got) == 3)
            await durable.close()
            assert durable.error is None

    asyncio.run(main())
    assert got == [Happened(number=1), Happened(number=3), Passed(number=4)]
    probe(lambda: released(bench, "games"))
    assert len(bench.letters) == 1
