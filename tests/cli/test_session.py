"""What a session does when what it stands on gives way; the rest is tried in `test_up`."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

import pytest

from ringleader.actors.journal import JournalError
from ringleader.cli.screen import PlainScreen
from ringleader.cli.session import Session
from ringleader.config import load
from ringleader.datadir import DataDir
from ringleader.node import Node
from ringleader.runs import Arguments

if TYPE_CHECKING:
    from pathlib import Path

TREE = (
    "tree.coordination.enabled=false",
    "tree.jobs.enabled=false",
    'workload.config_keys=["tiny"]',
    "tree.a.actor=tests.cli.tiny_actors:Idle",
)


def test_a_journal_that_fails_ends_the_node_and_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lines: list[str] = []
    session = Session(PlainScreen())
    data = DataDir(tmp_path)
    node = Node(
        load(environment={}, overrides=TREE),
        data,
        arguments=Arguments(seed=1),
        write=lines.append,
        on_stop=session.order_stop,
    )
    looks: list[object] = []

    def fail(*_: object) -> list[object]:
        looks.append(None)
        if node.actors and len(looks) > 3:
            raise JournalError("the disk is full")
        return []

    monkeypatch.setattr("ringleader.cli.session.iteration_rows", fail)
    before = threading.active_count()
    with pytest.raises(JournalError, match="the disk is full"):
        session.run(node)
    assert threading.active_count() == before
    assert not data.lock.exists()
    assert not data.socket.exists()
