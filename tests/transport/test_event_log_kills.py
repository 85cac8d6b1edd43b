"""A node that appends and consumes is killed at random points: nothing is lost or done twice.

`RINGLEADER_TEST_KILLS` sets how often; a failure names the seed.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any

import apsw
import pytest

from ringleader.actors.event_log import LogQuery
from ringleader.transport.event_queries import find
from ringleader.transport.event_store import read_events
from tests.transport import event_log_lives
from tests.transport.event_log_lives import ONCE, TWICE

if TYPE_CHECKING:
    from ringleader.actors.event_log import Record

KILLS = int(os.environ.get("RINGLEADER_TEST_KILLS", "200"))
ROOT = Path(__file__).parents[2]


def kill_nodes(directory: Path, seed: int) -> None:
    run = subprocess.run(  # noqa: S603  # our own program
        [sys.executable, event_log_lives.__file__, str(directory), str(KILLS), str(seed)],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )
    assert run.returncode == 0, f"seed {seed}: {run.stderr}"


def lines(path: Path) -> list[list[str]]:
    return [line.split() for line in path.read_text().splitlines()]


def kept(path: Path) -> dict[str, Record]:
    with read_events(path) as file:
        assert file.rows("SELECT * FROM in_hand") == []
        return {record.envelope.id: record for record in find(file, LogQuery(limit=1_000_000))}


def letters(path: Path, name: str) -> dict[str, str]:
    with read_events(path) as file:
        return dict(
            file.rows("SELECT event_id, reason FROM dead_letters WHERE consumer = ?", (name,))
        )


@pytest.mark.slow
def test_nothing_is_lost_or_done_twice_whenever_the_node_is_killed(tmp_path: Path) -> None:
    seed = int.from_bytes(os.urandom(4))
    kill_nodes(tmp_path, seed)
    path = tmp_path / "events.db"
    connection: Any = apsw.Connection(str(path))  # its types are partly unknown
    assert connection.pragma("integrity_check") == "ok"
    connection.close()
    events = kept(path)
    acknowledged = lines(tmp_path / "acknowledged")
    assert len(acknowledged) > 2 * KILLS, f"seed {seed}"
    for event_id, sequence in acknowledged:
        assert events[event_id].sequence == int(sequence), f"seed {seed}: {event_id} is lost"
    for name, most in ((ONCE, 1), (TWICE, 2)):
        begun: Counter[str] = Counter()
        done: set[str] = set()
        for what, consumer, event_id in lines(tmp_path / "handled"):
            if consumer != name:
                continue
            if what == "done":
                done.add(event_id)
                continue
            assert event_id not in done, f"seed {seed}: {event_id} is handled after its outcome"
            begun[event_id] += 1
        aside = letters(path, name)
        assert max(begun.values()) <= most, f"seed {seed}: {name} begins too often"
        assert not done & set(aside), f"seed {seed}: {name} has done what is set aside"
        assert set(begun) | set(aside) == set(events), f"seed {seed}: {name} missed something"
        assert set(aside.values()) <= {"interrupted" if name == ONCE else "poison"}
    assert letters(path, ONCE), f"seed {seed}: no kill has met anything in hand"
