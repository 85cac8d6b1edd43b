"""The library asks who may come in, and is answered by the key ring."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
import zmq
from hypothesis import given, strategies as st
from zmq.utils import z85

from ringleader.testing import ManualClock
from ringleader.transport.complaints import MOST, Complaints
from ringleader.transport.key_files import new_pair
from ringleader.transport.keys import KeyRing, Standing
from ringleader.transport.socket_options import SocketOptions, new_context
from ringleader.transport.zap import PLACE, Question, ZapDesk

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

KEY = new_pair(0).public
DECODED = z85.decode(KEY.encode())


def question(*, domain: bytes = b"ringleader", key: bytes = DECODED) -> list[bytes]:
    return [b"io", b"", b"1.0", b"7", domain, b"10.0.0.9", b"", b"CURVE", key]


class Inside:
    """A desk, and the library's end of the talk with it."""

    def __init__(self, directory: Path) -> None:
        self.clock = ManualClock()
        self.context = new_context(SocketOptions())
        self.keys = KeyRing(directory / "keys", self.clock.time)
        self.complaints = Complaints(self.clock)
        self.desk = ZapDesk(self.context, self.keys, self.complaints)
        self.asker = self.context.socket(zmq.DEALER)
        self.asker.connect(PLACE)

    def ask(self, parts: list[bytes]) -> tuple[bytes, bytes, list[str]]:
        """Ask as the library does; return code, user id, and what is said of it."""
        self.asker.send_multipart(parts[1:])
        assert self.desk.socket.poll(2000)
        said = self.desk.serve()
        assert self.asker.poll(2000)
        empty, version, number, code, _, user, _ = self.asker.recv_multipart()
        assert (empty, version, number) == (b"", b"1.0", b"7")
        return code, user, said

    def close(self) -> None:
        self.asker.close(linger=0)
        self.desk.close()
        self.context.term()


@pytest.fixture
def inside(tmp_path: Path) -> Iterator[Inside]:
    inside = Inside(tmp_path)
    yield inside
    inside.close()


def test_who_is_allowed_is_let_in_under_its_key(inside: Inside) -> None:
    inside.keys.allow("b", KEY)
    assert inside.ask(question()) == (b"200", KEY.encode(), [])
    assert not inside.desk.is_outdated
    inside.keys.revoke("b")
    assert inside.desk.is_outdated
    inside.desk.start_anew()
    assert not inside.desk.is_outdated


def test_strangers_are_one_cause_however_many_keys_they_draw(inside: Inside) -> None:
    code, user, said = inside.ask(question())
    assert (code, user) == (b"400", b"")
    assert said == [
        f"10.0.0.9: its key is unknown here; if it is right: ringleader keys allow NAME '{KEY}'"
    ]
    for _ in range(20):
        other = z85.decode(new_pair(0).public.encode())
        assert inside.ask(question(key=other)) == (b"400", b"", [])
    assert inside.complaints.counts == {"unknown key": 21}


def test_each_revoked_key_is_a_cause_of_its_own(inside: Inside) -> None:
    pairs = {name: new_pair(0).public for name in "bc"}
    for name, key in pairs.items():
        inside.keys.allow(name, key)
        inside.keys.revoke(name)
        parts = question(key=z85.decode(key.encode()))
        assert inside.ask(parts)[2] == [f"10.0.0.9: its key '{key}' is revoked"]
        assert inside.ask(parts)[2] == []


def test_a_key_that_was_replaced_is_refused_after_its_date(inside: Inside) -> None:
    inside.keys.allow("b", KEY)
    inside.keys.allow("b", new_pair(0).public, overlap=10)
    assert inside.ask(question())[0] == b"200"
    inside.clock.advance(10)
    code, _, said = inside.ask(question())
    assert code == b"400"
    assert "has expired: it was replaced" in said[0]


@pytest.mark.parametrize("parts", [question(domain=b"other"), [*question()[:-2], b"NULL"]])
def test_who_shows_no_key_or_comes_elsewhere_is_refused(inside: Inside, parts: list[bytes]) -> None:
    inside.keys.allow("b", KEY)
    assert inside.ask(parts)[:2] == (b"400", b"")


@given(st.lists(st.binary(max_size=40), max_size=12))
def test_what_is_no_question_is_none_and_nothing_is_let_in_for_it(parts: list[bytes]) -> None:
    read = Question.read(parts)
    if read is not None:
        assert len(parts) >= 8
        assert read.answer(None)[4] == b"400"
        assert read.answer(Standing("unknown"))[4] == b"400"


def test_a_complaint_is_logged_once_a_minute_with_the_number_of_the_others(
    caplog: pytest.LogCaptureFixture,
) -> None:
    clock = ManualClock()
    complaints = Complaints(clock)
    assert complaints.about("bad", "b", "b is bad")
    assert not any(complaints.about("bad", "b", "b is bad") for _ in range(5))
    assert complaints.about("bad", "c", "c is bad")
    clock.advance(59.9)
    assert not complaints.about("bad", "b", "b is bad")
    clock.advance(0.1)
    assert complaints.about("bad", "b", "b is bad")
    assert [record.getMessage() for record in caplog.records] == [
        "b is bad",
        "c is bad",
        "b is bad (6 more since the last time)",
    ]
    assert complaints.counts == {"bad": 9}


def test_causes_are_forgotten_when_there_are_too_many() -> None:
    complaints = Complaints(ManualClock())
    for number in range(MOST + 1):
        assert complaints.about("bad", str(number), "bad")
    assert complaints.about("bad", "0", "bad")
    assert not complaints.about("bad", str(MOST), "bad")
