"""Events are followed: the last ones, those that come, and on over restarts of the node."""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING, Any

import pytest
from msgspec.structs import replace

from ringleader import log_follow
from ringleader.actors.event_log import LogQuery, Record
from ringleader.actors.events.base import Envelope
from ringleader.connection import Connection
from ringleader.datadir import DataDir
from ringleader.event_questions import Batch
from ringleader.log_follow import Follower, matches, merged
from tests.log_node import Asked, Heard, LogNode, Pupil, Sage

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

THEIRS = ("asked", "answered", "heard")
QUERY = LogQuery(types=THEIRS, limit=20)


class Place:
    """A data directory, and the node on it, if one runs."""

    def __init__(self, path: Path) -> None:
        self.data = DataDir(path)
        self.data.make()
        self.node: LogNode | None = None
        self.said: list[str] = []

    def start(self) -> LogNode:
        self.node = LogNode(self.data, Sage, Pupil)
        return self.node

    def stop(self) -> None:
        node, self.node = self.node, None
        if node is not None:
            node.stop()

    def follow(
        self, query: LogQuery = QUERY, pause: Callable[[float], object] | None = None
    ) -> Iterator[Record]:
        return iter(Follower(self.data, query, pause=pause or _never, say=self.said.append))


def _never(_: float) -> None:
    raise AssertionError("there is nothing to wait for")


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    place = Place(tmp_path / "data")
    yield place
    place.stop()


def told(records: Iterator[Record], number: int) -> list[str]:
    return [record.envelope.type for record in islice(records, number)]


def record(event_id: str, sequence: int = 0, *, time: float = 0.0, source: str = "/a") -> Record:
    return Record(sequence, Envelope(id=event_id, source=source, type="t", time=time), b"\x80")


def test_the_last_events_come_first_then_those_that_come(place: Place) -> None:
    node = place.start()
    node.publish(Asked(text="a"))
    records = place.follow()
    assert told(records, 3) == ["asked", "answered", "heard"]
    node.publish(Asked(text="b"))
    assert told(records, 3) == ["asked", "answered", "heard"]
    node.publish(Heard())
    assert told(records, 1) == ["heard"]
    assert place.said == []


def test_only_what_is_meant_comes(place: Place) -> None:
    node = place.start()
    node.publish(Asked(text="a"))
    records = place.follow(LogQuery(limit=5, source="/sage"))
    node.add(Sage, "sages")  # no part of its path
    found = [next(records)]
    node.publish(Asked(text="b"))
    node.publish(Asked(text="c"))
    found += islice(records, 2)
    assert [each.envelope.subject for each in found] == ["a", "b", "c"]
    assert {each.envelope.source for each in found} == {"/sage"}


def test_it_goes_on_over_a_restart_and_misses_nothing_of_the_log(place: Place) -> None:
    place.start().publish(Asked(text="a"))

    def restart(_: float) -> None:
        if place.node is None:
            place.start().publish(Asked(text="c"))

    records = place.follow(pause=restart)
    assert told(records, 3) == ["asked", "answered", "heard"]
    place.stop()
    assert told(records, 3) == ["asked", "answered", "heard"]
    (gone, back) = place.said
    assert gone.endswith("; waiting for a node")
    assert back == "a node runs"
    assert place.node is not None
    place.node.publish(Heard())
    assert told(records, 1) == ["heard"]


def test_without_a_node_the_file_comes_first(place: Place) -> None:
    place.start().publish(Asked(text="a"))
    place.stop()
    pauses: list[float] = []

    def start_in_time(seconds: float) -> None:
        pauses.append(seconds)
        if len(pauses) == 3:
            place.start().publish(Asked(text="b"))

    records = place.follow(pause=start_in_time)
    assert told(records, 2) == ["asked", "answered"]
    assert told(records, 3) == ["asked", "answered", "heard"]
    assert place.said == [
        f"no node runs on {place.data.path}; waiting for a node",
        "a node runs",
    ]
    assert set(pauses) == {log_follow.PAUSE}


def test_where_nothing_was_ever_a_node_is_waited_for(place: Place) -> None:
    def start(_: float) -> None:
        place.start().publish(Asked(text="a"))

    assert told(place.follow(pause=start), 3) == ["asked", "answered", "heard"]


def test_what_came_too_fast_is_told(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    node = place.start()
    ask = Connection.ask

    def lossy(self: Connection, question: Any, kind: type[Any], *rest: float) -> Any:
        answer: Any = ask(self, question, kind, *rest)
        return replace(answer, missed=7) if kind is Batch else answer

    monkeypatch.setattr(Connection, "ask", lossy)
    records = place.follow(LogQuery(types=THEIRS, limit=1))
    node.publish(Heard())
    next(records)
    node.publish(Heard())
    next(records)
    assert "7 events were missed: they came faster than read" in place.said


def test_an_unknown_type_is_told(place: Place) -> None:
    place.start()
    with pytest.raises(Exception, match="askd"):
        next(place.follow(LogQuery(types=("askd",))))


def test_the_log_and_the_memory_are_put_together_in_order() -> None:
    logged = [record("1", 1), record("2", 2), record("5", 5), record("6", 6)]
    remembered = [record("2", 2), record("x"), record("5", 5), record("y")]
    assert [r.envelope.id for r in merged(logged, remembered)] == ["1", "2", "x", "5", "y", "6"]
    assert merged(logged, []) == logged
    assert [r.envelope.id for r in merged(logged[:1], [record("x")])] == ["1", "x"]


def test_what_comes_is_chosen_by_source_and_time() -> None:
    assert matches(record("1", source="/a/b"), LogQuery(source="/a"))
    assert matches(record("1", source="/a"), LogQuery(source="/a/"))
    assert not matches(record("1", source="/ab"), LogQuery(source="/a"))
    assert not matches(record("1", time=5.0), LogQuery(until=5.0))


def test_not_everything_that_was_told_is_kept_in_mind(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(log_follow, "REMEMBERED", 4)
    node = place.start()
    node.publish(*[Heard() for _ in range(9)])
    follower = Follower(place.data, QUERY, pause=_never, say=place.said.append)
    assert told(iter(follower), 9) == ["heard"] * 9
    assert len(follower._told) <= 4
