"""Any process of the host publishes: to the node, or into the spool while there is none."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

import pytest

from ringleader.actors.errors import PublishError
from ringleader.actors.events.errors import EventValidationError, UnknownEventTypeError
from ringleader.actors.publication import Receipt, Routing
from ringleader.events_client import Client
from ringleader.node_errors import NodeAway, NoNode, OrderRefused
from ringleader.spool import Spooled, SpoolFull, SpoolLimits, read, waiting
from tests.event_bench import TYPES, Bench, Happened, Lived, Passed, running
from tests.probe import probe

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    with running(tmp_path) as bench:
        yield bench


@pytest.fixture
def client(bench: Bench) -> Iterator[Client]:
    with bench.client() as client:
        yield client


def test_a_publisher_learns_what_became_of_its_event(bench: Bench, client: Client) -> None:
    got: list[Any] = []
    bench.system.subscribe(Happened, got.append)
    receipt = client.publish(Happened(number=7, names=("a",)), subject="games")
    assert isinstance(receipt, Receipt)
    assert (receipt.routing, receipt.deliveries, receipt.sequence) == (Routing.ROUTED, 1, 1)
    probe(lambda: got == [Happened(number=7, names=("a",))])
    (envelope,) = (each for each in bench.saw(1) if each.id == receipt.id)
    assert (envelope.source, envelope.subject) == ("test", "games")


def test_publishing_by_name_takes_old_spellings_and_counts_them(
    bench: Bench, client: Client
) -> None:
    payload = {"config": "hex8_2p", "model_path": "m", "source": "seed"}
    first = client.publish("training_complete", payload)
    again = client.publish("TRAINING_COMPLETED", {"config_key": "hex8_2p", "model_path": "m"})
    assert isinstance(first, Receipt)
    assert isinstance(again, Receipt)
    assert again.routing is Routing.DUPLICATE
    assert again.duplicate_of == first.id
    assert bench.system.hub.renamed["config"] == 1
    assert bench.saw(1)[-1].source == "seed"


@pytest.mark.parametrize(
    ("event", "payload", "error", "says"),
    [
        ("TRAINING_COMPLETD", {}, UnknownEventTypeError, "did you mean TRAINING_COMPLETED"),
        ("HAPPENED", {"number": "x"}, EventValidationError, r"HAPPENED\.number"),
        ("HAPPENED", {"numbr": 1}, EventValidationError, "did you mean number"),
        (Happened(number="x"), None, EventValidationError, r"HAPPENED\.number"),  # type: ignore[arg-type]
        (Happened(), {"number": 1}, PublishError, "with the name"),
        (Lived(), None, UnknownEventTypeError, "register it first"),
    ],
)
def test_what_is_wrong_with_an_event_is_said_before_anything_is_sent(
    tmp_path: Path, event: Any, payload: Any, error: type[Exception], says: str
) -> None:
    with Client(tmp_path, event_types=TYPES) as client, pytest.raises(error, match=says):
        client.publish(event, payload)
    assert not (tmp_path / "spool").exists()


def test_a_type_that_the_node_does_not_have_is_refused_by_it(bench: Bench) -> None:
    with (
        Client(bench.path, event_types=[Lived]) as client,
        pytest.raises(OrderRefused, match="'lived' is not an event type"),
    ):
        client.publish(Lived())


def test_a_lenient_client_leaves_unknown_names_to_the_node(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RINGRIFT_EVENT_VALIDATION_STRICT", "false")
    with bench.client() as client, pytest.raises(OrderRefused, match="is not an event type"):
        client.publish("NEVER_HEARD_OF", {"a": 1})


def test_the_cause_of_an_event_goes_with_it(bench: Bench, client: Client) -> None:
    with client.listen(Passed) as consumer:
        client.publish(Passed(number=1))
        envelope = next(consumer).envelope
    client.publish(Happened(), cause=envelope)
    caused = bench.saw(2)[-1]
    assert caused.causationid == envelope.id
    assert caused.correlationid == envelope.id


def test_who_does_not_wait_gets_the_id(bench: Bench, client: Client) -> None:
    found = client.post(Happened(number=1))
    assert [envelope.id for envelope in bench.saw(1)] == [found]
    with Client(bench.path, event_types=[Lived]) as stranger, pytest.raises(OrderRefused):
        stranger.post(Lived())


def test_threads_share_a_client(bench: Bench, client: Client) -> None:
    got: list[int] = []

    def publish(base: int) -> None:
        got.extend(
            receipt.sequence or 0
            for number in range(25)
            if isinstance(receipt := client.publish(Happened(number=base + number)), Receipt)
        )

    threads = [threading.Thread(target=publish, args=(100 * n,)) for n in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(got) == list(range(1, 201))


def test_a_client_goes_on_when_the_node_was_restarted(bench: Bench, client: Client) -> None:
    client.publish(Happened(number=1))
    bench.stop()
    bench.start()
    receipt = client.publish(Happened(number=2))
    assert isinstance(receipt, Receipt)
    assert receipt.sequence == 2


def test_a_child_after_a_fork_has_a_connection_of_its_own(bench: Bench, client: Client) -> None:
    client.publish(Happened(number=1))
    before = client._connection
    client._process = -1
    client.publish(Happened(number=2))
    assert client._connection is not before


def test_while_no_node_runs_events_are_spooled(tmp_path: Path) -> None:
    with Client(tmp_path, event_types=TYPES, source="shell") as client:
        first = client.publish(Happened(number=1))
        second = client.post("HAPPENED", {"number": 2})
    assert isinstance(first, Spooled)
    assert isinstance(second, Spooled)
    files = waiting(tmp_path / "spool")
    assert [str(file) for file in files] == [first.path, second.path]
    events = [event for file in files for event in read(file).events]
    assert [event.id for event in events] == [first.id, second.id]
    assert [(event.source, event.type) for event in events] == [("shell", "happened")] * 2


def test_a_node_that_stops_lets_clients_keep_their_events(bench: Bench, client: Client) -> None:
    bench.desk.close()
    assert isinstance(client.publish(Happened(number=1)), Spooled)


def test_a_node_that_starts_publishes_what_comes_early_once_it_is_up(tmp_path: Path) -> None:
    bench = Bench(tmp_path)
    bench.start(is_open=False)
    found: list[Any] = []
    with bench.client() as client:
        posted = client.post(Happened(number=1))
        thread = threading.Thread(target=lambda: found.append(client.publish(Happened(number=2))))
        thread.start()
        probe(lambda: len(bench.desk._early or []) == 2)
        assert bench.seen == []
        bench.desk.open()
        thread.join()
    assert [envelope.id for envelope in bench.saw(2)] == [posted, found[0].id]
    bench.close()


def test_without_a_spool_no_node_is_an_error(tmp_path: Path) -> None:
    with (
        Client(tmp_path, event_types=TYPES, spool=False) as client,
        pytest.raises(NodeAway, match="no node runs on"),
    ):
        client.publish(Happened())


def test_a_directory_that_is_not_there_keeps_nothing(tmp_path: Path) -> None:
    with (
        Client(tmp_path / "typo", event_types=TYPES) as client,
        pytest.raises(NoNode, match="no such directory"),
    ):
        client.publish(Happened())
    assert not (tmp_path / "typo").exists()


def test_a_spool_that_is_full_is_an_error(tmp_path: Path) -> None:
    with Client(tmp_path, event_types=TYPES, spool_limits=SpoolLimits(files=2)) as client:
        client.publish(Happened())
        client.publish(Happened())
        with pytest.raises(SpoolFull, match="start the node"):
            client.publish(Happened())


def test_the_data_directory_is_what_the_settings_variables_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("RINGLEADER_NODE__DATA_DIR", "RINGRIFT_COORDINATION_DIR"):
        monkeypatch.delenv(name, raising=False)
    assert Client().parts.data.path == tmp_path / ".ringleader"
    monkeypatch.setenv("RINGRIFT_COORDINATION_DIR", "old")
    assert Client().parts.data.path == tmp_path / "old"
    monkeypatch.setenv("RINGLEADER_NODE__DATA_DIR", "new")
    assert Client().parts.data.path == tmp_path / "new"
    assert Client("given").parts.data.path == tmp_path / "given"
