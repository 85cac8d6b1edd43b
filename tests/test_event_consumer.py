"""Processes beside the node are handed each event once, whoever is killed or restarted."""

from __future__ import annotations

import threading
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any

import pytest

from ringleader.actors.event_log import ConsumerSpec, ConsumerTaken, EventLogError
from ringleader.actors.events.base import EventCategory
from ringleader.actors.letters import Outcome
from ringleader.actors.topics import ALL
from ringleader.event_questions import Consume
from ringleader.events_client import Client
from ringleader.node_errors import NoNode, OrderRefused
from tests.event_bench import Bench, Happened, Passed, child, running
from tests.probe import probe

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from ringleader.event_consumer import Consumer


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    with running(tmp_path) as bench:
        yield bench


@pytest.fixture
def client(bench: Bench) -> Iterator[Client]:
    with bench.client() as client:
        yield client


def numbers(consumer: Consumer, count: int) -> list[int]:
    """Take and handle so many events."""
    found: list[int] = []
    for _ in range(count):
        with next(consumer) as event:
            assert isinstance(event, Happened | Passed)
            found.append(event.number)
    return found


def released(bench: Bench, name: str) -> bool:
    return not bench.consumer(name).active


# ---------------------------------------------------------------- durable


def test_a_consumer_gets_each_event_once_and_goes_on_where_it_was(
    bench: Bench, client: Client
) -> None:
    with client.consumer("games", Happened) as consumer:
        bench.happen(1, 2)
        assert numbers(consumer, 2) == [1, 2]
    bench.happen(3)
    with client.consumer("games", Happened) as consumer:
        bench.happen(4)
        assert numbers(consumer, 2) == [3, 4]
    probe(lambda: released(bench, "games"))
    assert bench.consumer("games").in_hand == 0
    assert bench.letters == []


def test_a_new_name_begins_where_it_is_told_to(bench: Bench, client: Client) -> None:
    bench.happen(1, 2, 3)
    with client.consumer("all", start="first") as first, client.consumer("two", start=1) as later:
        assert numbers(first, 3) == [1, 2, 3]
        assert numbers(later, 2) == [2, 3]


def test_an_event_that_fails_is_a_dead_letter_and_the_next_one_comes(
    bench: Bench, client: Client
) -> None:
    with client.consumer("games", "HAPPENED") as consumer:
        bench.happen(1, 2, 3)
        with pytest.raises(ZeroDivisionError), next(consumer):
            _ = 1 / 0
        next(consumer).failed("I do not like it")
        assert numbers(consumer, 1) == [3]
    probe(lambda: released(bench, "games"))
    first, second = bench.letters
    assert (first.reason, first.consumer) == (Outcome.FAILED, "games")
    assert first.detail.startswith("ZeroDivisionError: division by zero\nTraceback")
    assert second.detail == "I do not like it"


def test_an_outcome_is_said_once(bench: Bench, client: Client) -> None:
    with client.consumer("games", Happened) as consumer:
        bench.happen(1)
        delivery = next(consumer)
        delivery.done()
        with pytest.raises(EventLogError, match="say it once"):
            delivery.failed("after all")


def test_an_outcome_said_in_another_thread_is_told_while_the_consumer_waits(
    bench: Bench, client: Client
) -> None:
    with client.consumer("games", Happened, idempotent=True) as consumer:
        bench.happen(1)
        delivery = next(consumer)
        thread = threading.Thread(target=lambda: list(consumer))
        thread.start()
        probe(lambda: consumer._waits)
        delivery.done()
        probe(lambda: bench.consumer("games").in_hand == 0)
        consumer.stop()
        thread.join()


def test_a_second_process_of_the_same_name_is_told_who_has_it(bench: Bench, client: Client) -> None:
    with child("consume", bench.path, "games", "plain") as holder:
        assert holder.line() == "ready"
        with pytest.raises(ConsumerTaken, match=rf"held by 'child \(.*:{holder.process.pid}-"):
            client.consumer("games", Happened)
        bench.happen(1)
        assert holder.line() == "1"
        holder.tell("stop")
        assert holder.end() == 0
    with client.consumer("games", Happened):
        pass


def test_what_a_killed_process_had_in_hand_is_set_aside_and_nothing_else(bench: Bench) -> None:
    with child("consume", bench.path, "games", "plain") as killed:
        assert killed.line() == "ready"
        bench.happen(1, 2, 3)
        assert killed.line() == "1"
        killed.tell("done")
        assert killed.line() == "2"
        killed.kill()
        probe(lambda: released(bench, "games"))
        (letter,) = bench.letters
        assert (letter.record.sequence, letter.reason) == (2, Outcome.INTERRUPTED)
    with bench.client() as client, client.consumer("games", Happened) as consumer:
        assert numbers(consumer, 1) == [3]


def test_an_idempotent_consumer_gets_what_was_in_hand_at_a_kill_again_once(bench: Bench) -> None:
    with child("consume", bench.path, "games", "idempotent") as killed:
        assert killed.line() == "ready"
        bench.happen(*range(1, 6))
        assert killed.line() == "1"
        killed.kill()
        probe(lambda: released(bench, "games"))
        assert bench.letters == []
    with child("consume", bench.path, "games", "idempotent") as second:
        assert second.line() == "ready"
        assert second.line() == "1"
        second.kill()
        probe(lambda: released(bench, "games"))
    assert [letter.record.sequence for letter in bench.letters] == [1]
    with bench.client() as client, client.consumer("games", Happened, idempotent=True) as consumer:
        assert numbers(consumer, 4) == [2, 3, 4, 5]  # the killer only is suspected


def test_what_was_not_begun_is_handed_back(bench: Bench, client: Client) -> None:
    with client.consumer("games", Happened, batch=3) as consumer:
        consumer._hand._one_by_one = 0
        bench.happen(1, 2, 3)
        assert numbers(consumer, 1) == [1]
    with client.consumer("games", Happened) as consumer:
        assert numbers(consumer, 2) == [2, 3]
    assert bench.letters == []


def test_events_come_in_batches_after_a_careful_beginning(bench: Bench, client: Client) -> None:
    with client.consumer("games", Happened, idempotent=True, batch=4) as consumer:
        bench.happen(*range(12))
        limits: list[int] = []
        for number in range(12):
            if not consumer._hand._records:
                limits.append(consumer._hand.limit)
            assert numbers(consumer, 1) == [number]
    assert limits == [1, 1, 1, 4, 4, 4]


def test_a_consumer_lives_over_a_restart_of_the_node(bench: Bench, client: Client) -> None:
    with client.consumer("games", Happened) as consumer:
        bench.happen(1)
        delivery = next(consumer)
        bench.stop()
        bench.start()
        delivery.done()
        bench.happen(2)
        assert numbers(consumer, 1) == [2]
    probe(lambda: released(bench, "games"))
    assert bench.letters == []


def test_what_the_node_handed_out_and_never_sent_is_settled_when_the_hand_is_empty(
    bench: Bench, client: Client
) -> None:
    with client.consumer("games", Happened) as consumer:
        bench.happen(1, 2)
        assert isinstance(consumer.choice.question, Consume)
        owner = consumer.choice.question.owner
        bench.log.fetch("games", owner, 1, lambda _: None)  # as if killed before it could send
        assert bench.consumer("games").in_hand == 1
        bench.stop()
        bench.start()
        assert numbers(consumer, 1) == [2]
    probe(lambda: released(bench, "games"))
    assert [(x.record.sequence, x.reason) for x in bench.letters] == [(1, Outcome.INTERRUPTED)]


def test_types_that_are_not_kept_can_t_be_consumed_durably(client: Client) -> None:
    with pytest.raises(EventLogError, match="PASSED: not kept in the event log"):
        client.consumer("games", [Happened, Passed])


def test_a_node_without_an_event_log_says_so(tmp_path: Path) -> None:
    with (
        running(tmp_path, is_kept=False) as bench,
        bench.client() as client,
        pytest.raises(EventLogError, match="keeps no event log"),
    ):
        client.consumer("games", Happened)


@pytest.mark.parametrize(
    ("name", "more"),
    [("/pipeline/evaluator", {}), ("", {}), ("a", {"lease": 0.1}), ("a", {"batch": 0})],
)
def test_a_consumer_that_can_t_be_had_is_refused_at_once(
    tmp_path: Path, name: str, more: dict[str, Any]
) -> None:
    with pytest.raises(OrderRefused):
        Client(tmp_path).consumer(name, **more)


def test_who_waits_for_a_first_node_gives_up_in_the_end(tmp_path: Path) -> None:
    with Client(tmp_path, timeout=0.1) as client, pytest.raises(NoNode, match="no node runs"):
        client.consumer("games")


def test_a_late_node_is_waited_for(tmp_path: Path) -> None:
    bench = Bench(tmp_path)
    with bench.client() as client:
        thread = threading.Thread(target=bench.start)
        thread.start()
        with client.consumer("games", Happened) as consumer:
            thread.join()
            bench.happen(1)
            assert numbers(consumer, 1) == [1]
    bench.close()


def test_many_consumers_wait_without_threads_of_the_node(bench: Bench) -> None:
    with ExitStack() as stack:
        client = stack.enter_context(bench.client())
        consumers = [stack.enter_context(client.consumer(f"c{n}", Happened)) for n in range(60)]
        threads = [threading.Thread(target=numbers, args=(each, 1)) for each in consumers]
        before = threading.active_count()
        for thread in threads:
            thread.start()
        probe(lambda: all(consumer._waits for consumer in consumers))
        assert threading.active_count() == before + len(threads)
        bench.happen(1)
        for thread in threads:
            thread.join(10)
            assert not thread.is_alive()


def test_a_consumer_whose_lease_ran_out_is_attached_again(bench: Bench, client: Client) -> None:
    with client.consumer("games", Happened) as consumer:
        assert isinstance(consumer.choice.question, Consume)
        bench.log.detach("games", consumer.choice.question.owner)
        bench.happen(1)
        assert numbers(consumer, 1) == [1]


def test_outcomes_that_nobody_hears_any_more_are_logged(
    bench: Bench, client: Client, caplog: pytest.LogCaptureFixture
) -> None:
    consumer = client.consumer("games", Happened)
    bench.happen(1)
    delivery = next(consumer)
    bench.stop()
    delivery.done()
    consumer.close()
    assert "could not tell the outcomes of its last 1 events" in caplog.text


def test_a_consumer_that_is_stopped_while_no_node_runs_ends(bench: Bench, client: Client) -> None:
    consumer = client.consumer("games", Happened)
    thread = threading.Thread(target=lambda: list(consumer))
    thread.start()
    probe(lambda: consumer._waits)
    bench.stop()
    probe(lambda: consumer._connection is None)
    consumer.close()
    thread.join(10)
    assert not thread.is_alive()


# ---------------------------------------------------------------- live


def test_a_listener_gets_what_comes_from_now_on(bench: Bench, client: Client) -> None:
    bench.happen(1)
    with client.listen(ALL) as everything, client.listen([Passed]) as some:
        bench.happen(2)
        receipt = client.publish(Passed(number=3))
        assert numbers(everything, 2) == [2, 3]
        delivery = next(some)
        assert delivery.event == Passed(number=3)
        assert delivery.envelope.id == receipt.id
        delivery.failed("of no consequence")
        assert receipt.deliveries == 2  # type: ignore[union-attr]
    probe(lambda: len(bench.system.hub.table.subscriptions()) == 0)


def test_a_listener_that_does_not_read_is_told_what_it_missed(
    bench: Bench, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ringleader.live_session.MOST_KEPT", 3)
    with client.listen(Passed) as consumer:
        for number in range(10):
            client.publish(Passed(number=number))
        (session,) = bench.desk._sessions.values()
        probe(lambda: session._missed == 7)  # type: ignore[attr-defined]
        assert numbers(consumer, 3) == [7, 8, 9]
        assert consumer.missed == 7


def test_a_category_is_all_its_types(bench: Bench, client: Client) -> None:
    with client.listen(EventCategory.TRAINING) as consumer:
        client.publish(Passed(number=1))
        client.publish("TRAINING_COMPLETED", {"config_key": "k", "model_path": "m"})
        assert next(consumer).envelope.type == "training_completed"


def test_an_event_that_is_not_known_here_is_a_dead_letter(bench: Bench) -> None:
    with Client(bench.path, timeout=10) as stranger, stranger.consumer("games") as consumer:
        bench.happen(1)
        bench.system.publish("TRAINING_COMPLETED", {"config_key": "k", "model_path": "m"})
        with next(consumer):
            pass
        assert consumer.unreadable == 1
    probe(lambda: released(bench, "games"))
    assert [letter.reason for letter in bench.letters] == [Outcome.UNKNOWN_TYPE]


# ---------------------------------------------------------------- subscriptions


def test_a_function_is_called_with_each_event_and_may_fail(bench: Bench, client: Client) -> None:
    got: list[int] = []

    def handle(event: Happened) -> None:
        if event.number == 2:
            raise ValueError("no such game")
        got.append(event.number)

    subscription = client.subscribe("HAPPENED", handle, durable="games")
    bench.happen(1, 2, 3)
    probe(lambda: got == [1, 3])
    assert subscription.close(10)
    assert subscription.error is None
    probe(lambda: released(bench, "games"))
    (letter,) = bench.letters
    assert "no such game" in letter.detail


def test_a_live_subscription_needs_no_name(bench: Bench, client: Client) -> None:
    got: list[Any] = []
    client.subscribe([Passed], got.append)
    client.publish(Passed(number=1))
    probe(lambda: got == [Passed(number=1)])


def test_a_subscription_that_can_t_go_on_says_why(bench: Bench, client: Client) -> None:
    subscription = client.subscribe(Happened, print, durable="games")
    bench.stop()
    owner = "somebody else"
    info: list[Any] = []
    bench.log.forget("games", lambda _: None)
    bench.log.attach(ConsumerSpec(name="games", lease=60.0), owner, info.append)
    bench.start()
    probe(lambda: isinstance(subscription.error, ConsumerTaken))
    assert "somebody else" in str(subscription.error)
    assert subscription.close(10)


def test_closing_the_client_ends_all_that_it_began(bench: Bench) -> None:
    with bench.client() as client:
        client.subscribe(Happened, print, durable="a")
        client.subscribe(Passed, print)
        client.consumer("b", Happened)
    probe(lambda: released(bench, "a") and released(bench, "b"))
