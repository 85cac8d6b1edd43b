"""The bridge's part of the event log's file: older files, and kills."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from ringleader.actors.event_log import EventLogError, LogQuery
from ringleader.transport.bodies import unpack_body
from ringleader.transport.event_archive import EventArchive
from ringleader.transport.event_schema import SCHEMA, WHAT
from ringleader.transport.sqlite import ReadOnly
from ringleader.transport.streams import Loss
from tests.event_logs import SqliteStand
from tests.transport.bridge_files import STREAM, Side, body_of, chain
from tests.transport.test_outbox import check_chain

# ---------------------------------------------------------------- older files


def test_a_file_of_version_1_is_taken_over_with_all_that_is_in_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as before:
        before.setattr("ringleader.transport.event_store.SCHEMA", SCHEMA[:1])
        old = SqliteStand(tmp_path / "events.db")
        old.append("a", "b")
        old.attach("c", "o", start="first")
        old.fetch(owner="o")
        assert old.store.close()
    assert version_of(tmp_path) == 1
    with EventArchive(tmp_path / "events.db") as archive:
        assert len(archive.read(LogQuery())) == 2
    assert version_of(tmp_path) == 1

    side = Side(tmp_path)
    side.publish("c")
    entries, place = chain([body_of("d")])
    side.inbox.apply(STREAM, place, entries, [Loss(STREAM, 1, 1, 2, "gone")], list)
    side.settle()
    assert [r.envelope.id for r in side.store.log.read(LogQuery())] == ["a", "b", "c", "d"]
    assert [info.name for info in side.store.log.consumers()] == ["c"]
    assert side.outbox.head == 1, "what was published before there was a bridge stays here"
    assert side.inbox.places(STREAM) == [place]
    side.close()
    assert version_of(tmp_path) == len(SCHEMA) == 2


def version_of(directory: Path) -> int:
    with ReadOnly(directory / "events.db", WHAT, len(SCHEMA), EventLogError) as file:
        ((version,),) = file.rows("PRAGMA user_version")
    return int(version)


# ---------------------------------------------------------------- kills


@pytest.mark.skipif(sys.platform == "win32", reason="it forks")
def test_kills_leave_log_outbox_and_places_in_agreement(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "tests.transport.bridge_lives", str(tmp_path), "25", "11"]
    root = Path(__file__).parents[2]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=root)  # noqa: S603  # our words
    assert done.returncode == 0, done.stderr
    side = Side(tmp_path, epoch=25)
    agree(side, tmp_path)
    side.close()


def agree(side: Side, directory: Path) -> None:
    """All that was told is there; log, outbox and places say the same."""
    (place,) = side.inbox.places(STREAM)
    told = [int(line) for line in (directory / "notes").read_text().split()]
    assert told
    assert place.next >= max(told)
    rows = side.store.reader.rows("SELECT event_id FROM events ORDER BY sequence")
    ids = [event_id for (event_id,) in rows]
    imported = [f"in-{seq}" for seq in range(1, place.next)]
    assert [event_id for event_id in ids if event_id.startswith("in-")] == imported
    own = [event_id for event_id in ids if event_id.startswith("own-")]
    exported: list[str] = []
    for epoch, start, end in side.outbox.segments:
        last = side.outbox.head if end is None else end
        if last >= start:
            entries = side.outbox.read(epoch, start, last - start + 1, 1 << 40)
            assert [entry.seq for entry in entries] == list(range(start, last + 1))
            exported += [unpack_body(entry.body, "x").envelope.id for entry in entries]
    assert exported == own
    assert side.outbox.head == len(own)
    check_chain(side.outbox)
