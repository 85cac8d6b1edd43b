from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING, Any

import apsw
import pytest

from ringleader.actors.journal import JournalError, StageRecord
from ringleader.transport.journal import SqliteJournal

if TYPE_CHECKING:
    from pathlib import Path

KEY = "hex5_2p"
RECORD_AND_DIE = """
import os, signal, sys
from pathlib import Path
from ringleader.transport.journal import SqliteJournal
journal = SqliteJournal(Path(sys.argv[1]))
journal.start_stage("hex5_2p", 1, "training", {"samples": 7}, now=1.0)
os.kill(os.getpid(), signal.SIGKILL)
"""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "journal.db"


def test_what_was_recorded_is_there_after_opening_again(path: Path) -> None:
    journal = SqliteJournal(path)
    journal.finish_stage(KEY, 1, "complete", {"games": 300}, now=2.0)
    journal.close()
    journal = SqliteJournal(path)
    assert journal.iteration(KEY) == 2
    assert journal.stages(KEY, 1)[0].result == {"games": 300}
    assert journal.path == path
    journal.close()


def test_what_was_recorded_is_there_after_kill_9(path: Path) -> None:
    died = subprocess.run(  # noqa: S603  # our own interpreter
        [sys.executable, "-c", RECORD_AND_DIE, path], check=False, timeout=60
    )
    assert died.returncode == -9
    journal = SqliteJournal(path)
    record = journal.stage(KEY, 1, "training")
    assert record == StageRecord(
        config_key=KEY,
        iteration=1,
        stage="training",
        status="started",
        inputs={"samples": 7},
        started_at=1.0,
    )
    journal.close()


def test_a_record_that_somebody_else_wrote_is_named(path: Path) -> None:
    journal = SqliteJournal(path)
    journal.start_stage(KEY, 1, "training", now=1.0)
    other: Any = apsw.Connection(str(path))
    other.execute("""UPDATE stages SET record = '{"status": "lost"}'""")
    other.close()
    with pytest.raises(JournalError, match="a StageRecord that can't be read"):
        journal.stage(KEY, 1, "training")
    journal.close()
