"""What is in the spool is whole, in order, and bounded; damage costs what is damaged."""

from __future__ import annotations

import stat
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, given, settings, strategies as st

from ringleader.event_questions import SentEvent
from ringleader.spool import (
    Spool,
    SpoolError,
    SpoolFull,
    SpoolLimits,
    clear_away,
    read,
    set_aside,
    waiting,
)

if TYPE_CHECKING:
    from pathlib import Path


def event(number: int, payload: bytes = b"\x80") -> SentEvent:
    return SentEvent(id=f"id-{number}", type="happened", payload=payload, source="s", time=number)


def spool_in(path: Path, limits: SpoolLimits | None = None) -> Spool:
    return Spool(path / "spool", limits)


def test_a_file_holds_its_events_for_its_owner_alone(tmp_path: Path) -> None:
    path = spool_in(tmp_path).put([event(1), event(2)])
    assert read(path) == ((event(1), event(2)), "")
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700


def test_files_come_in_order_of_time(tmp_path: Path) -> None:
    spool = spool_in(tmp_path)
    paths = [spool.put([event(number)]) for number in range(12)]
    assert waiting(spool.directory) == paths
    assert waiting(tmp_path / "none") == []


def test_what_is_not_finished_is_not_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    spool = spool_in(tmp_path)

    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(SpoolError, match="No space left on device; start the node, or make room"):
        spool.put([event(1)])
    assert list(spool.directory.iterdir()) == []


def test_a_spool_that_can_t_be_made_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "spool").touch()
    with pytest.raises(SpoolError, match=r"spool: (File exists|Not a directory)"):
        spool_in(tmp_path).put([event(1)])


def test_the_number_of_files_is_bounded_also_with_those_of_others(tmp_path: Path) -> None:
    limits = SpoolLimits(files=3)
    one, other = spool_in(tmp_path, limits), spool_in(tmp_path, limits)
    one.put([event(1)])
    other.put([event(2)])
    one.put([event(3)])
    with pytest.raises(SpoolFull, match="3 files"):
        spool_in(tmp_path, limits).put([event(4)])
    waiting(one.directory)[0].unlink()  # a node takes it in
    one.put([event(4)])
    with pytest.raises(SpoolFull):
        one.put([event(5)])


def test_the_bytes_are_bounded(tmp_path: Path) -> None:
    spool = spool_in(tmp_path, SpoolLimits(bytes=1000))
    spool.put([event(1, b"x" * 700)])
    with pytest.raises(SpoolFull, match="at most 10000 and 1000"):
        spool.put([event(2, b"x" * 700)])


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60)
@given(st.data())
def test_all_before_the_damage_is_read(tmp_path: Path, data: st.DataObject) -> None:
    events = [event(number, b"p" * number) for number in range(1, 5)]
    path = spool_in(tmp_path).put(events)
    whole = path.read_bytes()
    at = data.draw(st.integers(0, len(whole) - 1))
    if data.draw(st.booleans()):
        path.write_bytes(whole[:at])
    else:
        flipped = bytes([whole[at] ^ data.draw(st.integers(1, 255))])
        path.write_bytes(whole[:at] + flipped + whole[at + 1 :])
    found, damage = read(path)
    assert list(found) == events[: len(found)]
    if len(found) < len(events):
        assert damage or at in {11, *cuts(whole)}  # cut between two frames it is not seen


def cuts(whole: bytes) -> set[int]:
    """Return where frames end."""
    found, at = set[int](), 11
    while at < len(whole):
        at += 8 + int.from_bytes(whole[at : at + 4])
        found.add(at)
    return found


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"", "does not begin"),
        (b"rl-spool-2\nxxxx", "does not begin"),
        (b"rl-spool-1\n" + bytes(4) + bytes(4), "holds no event"),
    ],
)
def test_a_file_of_something_else_is_damaged(tmp_path: Path, content: bytes, says: str) -> None:
    path = tmp_path / "a.events"
    path.write_bytes(content)
    assert says in read(path).damage


def test_a_file_that_is_too_large_is_not_read(tmp_path: Path) -> None:
    path = spool_in(tmp_path).put([event(1)])
    assert "at most 10 are read" in read(path, largest=10).damage


def test_a_damaged_file_is_kept_elsewhere(tmp_path: Path) -> None:
    path = spool_in(tmp_path).put([event(1)])
    kept = set_aside(path)
    assert kept == path.parent / "rejected" / path.name
    assert kept.exists()
    assert waiting(path.parent) == []


def test_what_was_never_finished_is_cleared_away_in_time(tmp_path: Path) -> None:
    spool = spool_in(tmp_path)
    path = spool.put([event(1)])
    unfinished = spool.directory / "1.unfinished"
    unfinished.touch()
    made = unfinished.stat().st_mtime
    clear_away(spool.directory, made - 1)
    assert unfinished.exists()
    clear_away(spool.directory, made + 1)
    assert list(spool.directory.iterdir()) == [path]
