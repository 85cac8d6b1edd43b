"""A whole node takes events from other processes, also those that were left while it was down."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from ringleader.actors.publication import Receipt
from ringleader.config import load
from ringleader.datadir import DataDir
from ringleader.events_client import Client
from ringleader.node import Node
from ringleader.runs import Arguments
from ringleader.spool import Spooled, waiting
from tests.probe import probe

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

TREE = (
    "tree.coordination.enabled=false",
    "tree.jobs.enabled=false",
    'workload.config_keys=["tiny"]',
    "tree.a.actor=tests.cli.tiny_actors:Idle",
)
FACT = {"config_key": "k", "model_path": "m"}


@pytest.fixture
def node(tmp_path: Path) -> Iterator[Node]:
    node = Node(
        load(environment={}, overrides=TREE),
        DataDir(tmp_path),
        arguments=Arguments(seed=7),
        write=lambda _: None,
        on_stop=lambda: None,
    )
    yield node
    node.close()


def test_events_reach_a_node_whether_it_runs_or_not(node: Node) -> None:
    seen: list[str] = []
    node.system.hub.taps.append(lambda _, envelope: seen.append(envelope.id))
    with Client(node.data.path, timeout=10) as client:
        early = client.publish("TRAINING_COMPLETED", {**FACT, "model_id": "early"})
        assert isinstance(early, Spooled)
        node.open()
        node.start()
        probe(lambda: waiting(node.data.spool) == [])
        probe(lambda: early.id in seen)
        now = client.publish("TRAINING_COMPLETED", FACT)
        assert isinstance(now, Receipt)
        probe(lambda: now.id in seen)
        node.stop()
        assert isinstance(client.publish("TRAINING_COMPLETED", FACT), Spooled)
