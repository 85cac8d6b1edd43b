"""Why somebody is as they are."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from ringleader.actors.errors import NoSuchActor
from ringleader.actors.holds import Hold
from ringleader.cli.why import lines
from ringleader.snapshot import CellSnapshot, HoldLine
from ringleader.transport.death_records import DeathArchive, DeathRecord, Tally
from ringleader.transport.supervision import own_supervision
from ringleader.why import Finding, find

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from ringleader.transport.sqlite import Database

DEATH = DeathRecord(
    path="/a",
    number=3,
    time=0.0,
    uptime=90.0,
    cause="ValueError: one\ntwo",
    error="ValueError",
    traceback="Traceback (most recent call last):\n  ...\nValueError: one\ntwo\n",
    stack="File x",
    in_hand="'die'",
    depth=7,
    fingerprint="ValueError < A.on_receive:9",
    decision="restarted",
    rule="intensity 1 in 5 s",
    left=1,
)
HELD = HoldLine(kind="hold", by="ada", why="maintenance", since=0.0)
PARKED = HoldLine(kind="quarantine", by="/", why="failed", since=0.0, until=60.0, times=2)


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    database = own_supervision(tmp_path / "supervision.db")
    yield database
    database.close()


def cell(**fields: object) -> CellSnapshot:
    everything = {"path": "/a", "actor": "m:A", "state": "running", **fields}
    return CellSnapshot(**everything)  # type: ignore[arg-type]  # as each test says


def text(found: Finding, *, runs: bool = True) -> str:
    return "\n".join(lines(found, runs=runs))


def test_who_is_there_and_never_died_is_found(database: Database) -> None:
    found = find("/a", DeathArchive(database), now=9.0, present=cell(uptime=3.0))
    assert found == Finding(path="/a", present=cell(uptime=3.0))
    assert text(found) == (
        "/a is running for 3 s (0 restarts, 0 messages wait)\nno death of it is known"
    )


def test_who_is_held_is_found_while_no_node_runs(database: Database) -> None:
    hold = Hold("/a", "hold", "ada", "maintenance", 0.0)
    found = find("/a", DeathArchive(database), now=9.0, hold=hold)
    assert found == Finding(path="/a", hold=HELD)
    assert text(found, runs=False).startswith(
        "/a is not running: no node runs\n  held       by ada"
    )


def test_of_whom_nothing_is_known_the_nearest_are_named(database: Database) -> None:
    with pytest.raises(NoSuchActor, match=r"'/ab', and nobody has died there; did you mean /abc\?"):
        find("/ab", DeathArchive(database), now=9.0, known=["/abc", "/zzz"])


def test_the_last_death_is_told_with_all_that_is_known() -> None:
    told = text(
        Finding(
            path="/a",
            present=cell(state="backoff", left=4.0, restarts=3, mailbox=2),
            death=DEATH,
            last_hour=Tally(deaths=5, fingerprints=1),
        )
    ).splitlines()
    assert told[0] == "/a is backoff: started again in 4 s (3 restarts, 2 messages wait)"
    assert told[1].endswith(", after 1 min 30 s")
    assert told[2:] == [
        "  life       number 3 at this path",
        "  cause      ValueError: one",
        "             two",
        "  decision   restarted",
        "  rule       intensity 1 in 5 s",
        "  left       1 more restart allowed",
        "  in hand    'die'",
        "  mailbox    7 more waited",
        "  last hour  5 deaths, all alike",
        "  like it    ValueError < A.on_receive:9",
        "  traceback",
        "    Traceback (most recent call last):",
        "      ...",
        "    ValueError: one",
        "    two",
        "  its thread was at",
        "    File x",
    ]


@pytest.mark.parametrize(
    ("tally", "words"),
    [
        (Tally(), "no deaths"),
        (Tally(deaths=1, fingerprints=1), "1 death"),
        (Tally(deaths=3, fingerprints=2), "3 deaths, of 2 kinds"),
    ],
)
def test_how_often_is_told(tally: Tally, words: str) -> None:
    found = Finding(path="/a", death=DEATH, last_hour=tally)
    assert f"  last hour  {words}\n" in text(found)
    assert "is gone: nobody has this place any more" in text(found)


def test_a_hold_is_told_with_who_and_why_and_what_lifts_it() -> None:
    told = text(Finding(path="/a", present=cell(state="held", hold=HELD), hold=HELD))
    assert told.startswith("/a is held (")
    assert "  held       by ada since 1970" in told or "  held       by ada since 1969" in told
    assert "  because    maintenance\n  until      ringleader start /a" in told


def test_a_quarantine_is_told_with_its_end() -> None:
    told = text(
        Finding(path="/a", present=cell(state="quarantined", hold=PARKED, left=60.0), hold=PARKED)
    )
    assert told.startswith("/a is quarantined: released in 1 min (")
    assert "number 2 in a row" in told
    assert ", or ringleader release /a" in told


def test_who_waits_or_lives_in_a_process_is_told_so() -> None:
    told = text(Finding(path="/a", present=cell(state="waiting", waits_for="b", os_pid=77)))
    assert told.startswith("/a is waiting for its sibling b in process 77 (")
