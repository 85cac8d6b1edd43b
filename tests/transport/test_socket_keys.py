"""Between hosts everything is encrypted, and only who has a key that is allowed comes in."""

from __future__ import annotations

import logging
import re
from functools import partial
from typing import TYPE_CHECKING

import pytest
import zmq

from ringleader.actors.clock import RealClock
from ringleader.actors.dispatch import spawn
from ringleader.testing import ManualClock
from ringleader.transport.key_files import KeysError
from ringleader.transport.keys import KeyRing
from tests.probe import holds, probe
from tests.transport.socket_stage import (
    SocketNode,
    introduce,
    nothing_more_than,
    ring,
    started,
    zmq_things,
)

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.transport.socket_stage import Make

MINUTE = 60.0
EITHER_SEES_IT = re.compile(
    "it may ask for a key|or it does not encrypt|one side encrypts and the other one does not"
)
"""Whichever side sees first that only one encrypts hangs up on the other one."""


@pytest.fixture
def make() -> Iterator[Make]:
    yield from started()


@pytest.fixture
def a(tmp_path: Path) -> KeyRing:
    return ring(tmp_path / "a")


@pytest.fixture
def b(tmp_path: Path) -> KeyRing:
    return ring(tmp_path / "b")


def by_hand(keys: KeyRing) -> KeyRing:
    """Return the ring of somebody who runs a command beside the node."""
    return KeyRing(keys.directory, RealClock(spawn).time)


def test_two_that_know_each_other_talk_and_know_who_asks(
    make: Make, a: KeyRing, b: KeyRing
) -> None:
    introduce(a=a, b=b)
    owner, reader = make(keys=a, echo=True), make("", keys=b)
    reader.join(owner, "a")
    probe(lambda: reader.frames() == [b"welcome"])
    assert reader.send("a", b"q")
    probe(lambda: reader.recorder.answered_ == [("a", b"re: q")])
    assert [user for _, user, _ in owner.recorder.asked_] == [b.pair.public]
    assert owner.publish(b"x")
    probe(lambda: reader.frames()[-1] == b"x")


def test_a_key_from_the_configuration_is_enough(make: Make, tmp_path: Path, b: KeyRing) -> None:
    ring(tmp_path / "a")
    a = KeyRing(tmp_path / "a", RealClock(spawn).time, {"b": b.pair.public})
    owner, reader = make(keys=a), make("", keys=b)
    reader.join(owner, "a", a.pair.public)


def test_an_unknown_key_is_refused_and_logged_once_a_minute(
    make: Make, a: KeyRing, b: KeyRing, caplog: pytest.LogCaptureFixture
) -> None:
    clock = ManualClock()
    b.allow("a", a.pair.public)
    owner, reader = make(keys=a, clock=clock), make("", keys=b)
    reader.connect(owner, "a")
    probe(lambda: owner.recorder.refusals and reader.recorder.refusals)
    probe(lambda: owner.sockets.statistics().refused["unknown key"] >= 6)  # it tries again
    assert not reader.recorder.links
    ((peer, why),) = owner.recorder.refusals
    assert peer == ""
    assert (
        f"its key is unknown here; if it is right: ringleader keys allow NAME '{b.pair.public}'"
        in why
    )
    assert reader.recorder.refusals[0][0] == "a"
    assert f"ringleader keys allow NAME '{b.pair.public}'" in reader.recorder.refusals[0][1]
    assert caplog.text.count("key is unknown here") == 1
    clock.advance(MINUTE)
    probe(lambda: len(owner.recorder.refusals) == 2)
    probe(lambda: caplog.text.count("more since the last time)") >= 1)
    by_hand(a).allow("b", b.pair.public)
    clock.advance(1)  # the owner looks at its files
    reader.wait_for_link("a")


def test_a_peer_that_does_not_encrypt_is_refused_and_logged_once_a_minute(
    make: Make, a: KeyRing, caplog: pytest.LogCaptureFixture
) -> None:
    clock = ManualClock()
    owner, reader = make(keys=a, clock=clock), make("")
    reader.connect(owner, "a")
    probe(lambda: owner.recorder.refusals and reader.recorder.refusals)
    probe(lambda: owner.sockets.statistics().refused["no handshake"] >= 6)
    words = "somebody does not encrypt, or broke the handshake off"
    assert owner.recorder.refusals == [("", words)]
    assert EITHER_SEES_IT.search(reader.recorder.refusals[0][1])
    assert not reader.recorder.links
    assert not reader.recorder.heard_
    assert caplog.text.count("somebody does not encrypt") == 1
    clock.advance(MINUTE)
    probe(lambda: caplog.text.count("somebody does not encrypt") == 2)


def test_a_node_without_keys_is_not_spoken_to_by_who_expects_one(
    make: Make, a: KeyRing, b: KeyRing, caplog: pytest.LogCaptureFixture
) -> None:
    introduce(a=a, b=b)
    owner, reader = make(), make("", keys=b)
    reader.connect(owner, "a")
    probe(lambda: owner.recorder.refusals and reader.recorder.refusals)
    probe(lambda: owner.sockets.statistics().refused["no handshake"] >= 6)
    assert EITHER_SEES_IT.search(reader.recorder.refusals[0][1])
    assert not reader.recorder.links
    assert caplog.text.count("somebody encrypts, which nobody does here") == 1
    assert caplog.text.count("no connection to a") == 1


def test_who_pretends_to_be_another_is_not_spoken_to(
    make: Make, tmp_path: Path, a: KeyRing, b: KeyRing
) -> None:
    introduce(a=a, b=b)
    false = ring(tmp_path / "false")
    false.allow("b", b.pair.public)
    owner, reader = make(keys=false), make("", keys=b)
    reader.connect(owner, "a")
    probe(lambda: reader.recorder.refusals)
    assert f"its key is not '{a.pair.public}'" in reader.recorder.refusals[0][1]
    assert not reader.recorder.links


def test_a_revoked_key_is_cut_off_refused_and_logged_once_a_minute(
    make: Make, tmp_path: Path, a: KeyRing, b: KeyRing, caplog: pytest.LogCaptureFixture
) -> None:
    c = ring(tmp_path / "c")
    introduce(a=a, b=b, c=c)
    owner, reader, other = make(keys=a), make("", keys=b), make("", keys=c)
    reader.join(owner, "a")
    other.join(owner, "a")
    by_hand(a).revoke("b")
    reader.wait_for_link("a", is_up=False)
    probe(lambda: owner.sockets.statistics().refused.get("revoked key", 0) >= 2)
    assert caplog.text.count("is revoked") == 1
    other.wait_for_link("a")  # it comes back by itself
    probe(lambda: owner.publish(b"x") and b"x" in other.frames())
    assert b"x" not in reader.frames()
    assert not holds(lambda: reader.recorder.links[-1][1], 0.3)


def test_a_peer_whose_key_is_revoked_here_is_not_listened_to_any_more(
    make: Make, a: KeyRing, b: KeyRing
) -> None:
    introduce(a=a, b=b)
    owner, reader = make(keys=a), make("", keys=b)
    reader.join(owner, "a")
    by_hand(b).revoke("a")
    reader.wait_for_link("a", is_up=False)
    probe(lambda: reader.recorder.refusals)
    again = partial(reader.sockets.connect, "a", owner.sockets.endpoint, a.pair.public)
    with pytest.raises(KeysError, match="the key of a is revoked"):
        reader.do(again)


def test_a_key_is_rotated_while_everybody_goes_on(make: Make, tmp_path: Path) -> None:
    now = [1_000_000.0]
    a, b = (ring(tmp_path / name, now=lambda: now[0]) for name in "ab")
    introduce(a=a, b=b)
    owner, reader = make(keys=a, echo=True), make("", keys=b)
    reader.join(owner, "a")
    old = a.pair.public
    KeyRing(a.directory, lambda: now[0]).rotate(3600)
    probe(lambda: owner.do(lambda: a.announced) != old)  # what a HELLO says from now on
    assert reader.do(partial(b.learn, "a", a.announced))
    assert a.pair.public == old
    assert reader.recorder.links == [("a", True)]
    now[0] += 3600
    probe(lambda: a.pair.public != old)
    reader.wait_for_link("a", is_up=False)
    reader.wait_for_link("a")  # with the next key
    assert reader.send("a", b"q")
    probe(lambda: reader.recorder.answered_)
    now[0] += 8 * 24 * 3600
    assert b.standing(old).word == "expired"
    assert b.keys_of("a") == (a.pair.public,)


def test_a_reader_that_rotates_is_let_in_with_both_keys(make: Make, tmp_path: Path) -> None:
    now = [1_000_000.0]
    a, b = (ring(tmp_path / name, now=lambda: now[0]) for name in "ab")
    introduce(a=a, b=b)
    owner, reader = make(keys=a), make("", keys=b)
    reader.join(owner, "a")
    following = KeyRing(b.directory, lambda: now[0]).rotate(3600).public
    KeyRing(a.directory, lambda: now[0]).allow("b", following, overlap=24 * 3600.0)
    now[0] += 3600
    probe(lambda: b.pair.public == following)
    probe(lambda: reader.sockets.statistics().rebuilt == 1)
    reader.wait_for_link("a")
    assert reader.send("a", b"q")
    probe(lambda: owner.recorder.asked_)
    assert owner.recorder.asked_[-1][1] == following


def test_a_key_file_that_goes_bad_leaves_things_as_they_are(
    make: Make, a: KeyRing, b: KeyRing, caplog: pytest.LogCaptureFixture
) -> None:
    introduce(a=a, b=b)
    owner, reader = make(keys=a), make("", keys=b)
    reader.join(owner, "a")
    (a.directory / "node.key").chmod(0o644)
    probe(lambda: "the keys of before hold on" in caplog.text)
    assert owner.publish(b"x")
    probe(lambda: b"x" in reader.frames())
    (a.directory / "node.key").chmod(0o600)
    (a.directory / "allowed" / "b.pub").chmod(0o666)
    reader.wait_for_link("a", is_up=False)  # who else may have written it?
    assert caplog.text.count("b.pub is not used: others may write to it") == 1


def test_without_a_key_pair_nothing_is_started(tmp_path: Path) -> None:
    before = zmq_things()
    node = SocketNode(keys=KeyRing(tmp_path / "keys", RealClock(spawn).time))
    with pytest.raises(KeysError, match="run `ringleader keys new`"):
        node.start()
    assert nothing_more_than(before)


def test_who_asks_for_a_key_is_not_connected_to_without_one(make: Make, a: KeyRing) -> None:
    reader = make("")
    connect = partial(reader.sockets.connect, "a", "tcp://127.0.0.1:7700", a.pair.public)
    with pytest.raises(KeysError, match="a asks for a key; here: ringleader keys new"):
        reader.do(connect)


def test_a_stranger_can_not_take_the_place_of_another(make: Make) -> None:
    """Identities are given by who is asked, anew for each connection."""
    owner, reader = make(echo=True), make("")
    reader.join(owner)
    reader.send("b", b"q")
    probe(lambda: reader.recorder.answered_)
    identity = owner.recorder.asked_[0][0]
    place = owner.sockets.endpoint.rpartition(":")
    with zmq.Context() as context, context.socket(zmq.DEALER) as thief:
        thief.linger = 0
        thief.setsockopt(zmq.ROUTING_ID, identity)  # which it can't know: it is told to nobody
        thief.connect(f"{place[0]}:{int(place[2]) + 1}")
        thief.send(b"not heard")
        assert not thief.poll(200)
        assert owner.do(partial(owner.sockets.reply, identity, b"still mine"))
        probe(lambda: reader.recorder.answered_[-1] == ("b", b"still mine"))
        assert not thief.poll(0)
    assert [frame for _, _, frame in owner.recorder.asked_] == [b"q"]


def test_refusals_are_logged_for_people_to_act_on(
    make: Make, a: KeyRing, b: KeyRing, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.WARNING)
    b.allow("a", a.pair.public)
    owner, reader = make(keys=a), make("", keys=b)
    reader.connect(owner, "a")
    probe(lambda: len(caplog.records) >= 2)
    assert {record.name for record in caplog.records} == {"ringleader.bridge"}
    assert {record.levelname for record in caplog.records} == {"WARNING"}
