"""One thread has all sockets of a node: publish, ask, reconnect, go on, end."""

from __future__ import annotations

import socket
import threading
from functools import partial
from typing import TYPE_CHECKING

import pytest
import zmq
from msgspec.structs import replace

from ringleader.actors.clock import RealClock
from ringleader.actors.dispatch import spawn
from ringleader.testing import ManualClock
from ringleader.transport.socket_endpoint import Endpoint, Insecure
from ringleader.transport.socket_loop import WrongThread
from ringleader.transport.sockets import BindError
from tests.probe import holds, probe
from tests.transport.socket_stage import (
    LOOPBACK,
    QUICK,
    SocketNode,
    nothing_more_than,
    started,
    zmq_things,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from tests.transport.socket_stage import Make


@pytest.fixture
def make() -> Iterator[Make]:
    yield from started()


@pytest.fixture(params=["tcp", "ipc"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """Where nodes listen."""
    return LOOPBACK if request.param == "tcp" else f"ipc://{tmp_path}/b"


def test_a_reader_is_welcomed_and_hears_what_it_subscribes_to(make: Make, place: str) -> None:
    owner, reader = make(place, welcome=b"c\0hello"), make("")
    reader.connect(owner, topics=(b"c", b"e/"))
    reader.wait_for_link()
    probe(lambda: (b"c\0hello") in reader.frames())
    probe(lambda: owner.sockets.statistics().topics == 2)
    assert owner.publish(b"e/x\0one")
    assert owner.publish(b"other\0two")
    assert owner.publish(b"c\0three")
    probe(lambda: len(reader.frames()) == 3)
    assert reader.frames() == [b"c\0hello", b"e/x\0one", b"c\0three"]


def test_a_topic_may_be_taken_up_and_left_later(make: Make) -> None:
    owner, reader = make(), make("")
    reader.connect(owner, topics=())
    reader.wait_for_link()
    reader.do(partial(reader.sockets.subscribe, "b", b"x"))
    probe(lambda: owner.sockets.statistics().topics == 1)
    assert owner.publish(b"x1")
    probe(lambda: reader.frames() == [b"x1"])
    reader.do(partial(reader.sockets.unsubscribe, "b", b"x"))
    probe(lambda: owner.sockets.statistics().topics == 0)
    reader.do(partial(reader.sockets.subscribe, "nobody", b"x"))


def test_the_welcome_can_be_changed(make: Make) -> None:
    owner, early, late = make(), make(""), make("")
    early.join(owner)
    owner.do(partial(owner.sockets.set_welcome, b"later"))
    late.join(owner)
    probe(lambda: early.frames() == [b"welcome"] and late.frames() == [b"later"])


def test_questions_are_answered_both_ways(make: Make, place: str) -> None:
    owner, reader = make(place, echo=True), make("")
    reader.join(owner)
    assert reader.send("b", b"q")
    probe(lambda: reader.recorder.answered_ == [("b", b"re: q")])
    ((identity, user, frame),) = owner.recorder.asked_
    assert (user, frame) == ("", b"q")
    assert owner.do(partial(owner.sockets.reply, identity, b"later"))
    probe(lambda: len(reader.recorder.answered_) == 2)
    assert not owner.do(partial(owner.sockets.reply, b"nobody", b"x"))
    assert not reader.send("nobody", b"x")


def test_who_is_told_of_a_link_can_send_at_once(make: Make) -> None:
    owner, reader = make(), make("")
    sent: list[bool] = []

    def linked(peer: str, is_up: bool) -> None:  # noqa: FBT001  # as the protocol has it
        sent.append(is_up and reader.sockets.send(peer, b"hello"))

    reader.recorder.linked = linked  # type: ignore[method-assign]  # for this one
    for number in range(20):
        reader.connect(owner)
        probe(lambda: len(sent) > number)  # noqa: B023  # called in this turn only
    assert sent == [True] * 20


def test_a_link_may_be_given_up_when_it_breaks(make: Make) -> None:
    owner, reader = make(), make("")

    def linked(peer: str, is_up: bool) -> None:  # noqa: FBT001  # as the protocol has it
        if not is_up:
            reader.sockets.disconnect(peer)

    reader.join(owner)
    reader.recorder.linked = linked  # type: ignore[method-assign]  # for this one
    assert owner.sockets.close()
    probe(lambda: reader.sockets.statistics().peers == 0)
    assert reader.sockets.statistics().faults == 0


def test_what_is_asked_without_a_connection_is_not_kept_for_later(make: Make) -> None:
    asker = make("")
    connect = partial(asker.sockets.connect, "b", "tcp://127.0.0.1:9")
    asker.do(connect)
    assert not asker.send("b", b"x")
    assert asker.sockets.statistics().unsent == 1


def test_a_reader_comes_back_when_its_peer_was_started_again(make: Make, place: str) -> None:
    owner, reader = make(place), make("")
    reader.join(owner)
    endpoint = owner.sockets.endpoint
    assert owner.sockets.close()
    reader.wait_for_link(is_up=False)
    again = make(endpoint, welcome=b"again", echo=True)
    reader.wait_for_link()
    probe(lambda: b"again" in reader.frames())  # the subscription came along
    assert reader.send("b", b"q")
    probe(lambda: reader.recorder.answered_)
    assert again.recorder.asked_


def test_a_peer_may_move(make: Make) -> None:
    first, second, reader = make(welcome=b"first"), make(welcome=b"second"), make("")
    reader.join(first)
    reader.connect(second, topics=())
    probe(lambda: reader.frames() == [b"first", b"second"])  # topics are kept
    assert reader.sockets.statistics().peers == 1


def test_a_disconnected_peer_is_not_heard_any_more(make: Make) -> None:
    owner, reader = make(), make("")
    reader.join(owner)
    reader.do(partial(reader.sockets.disconnect, "b"))
    probe(lambda: owner.sockets.statistics().topics == 0)
    reader.do(partial(reader.sockets.disconnect, "b"))
    assert reader.sockets.statistics().peers == 0


def test_a_call_from_another_thread_wakes_the_sockets_at_once(make: Make) -> None:
    node = make(options=replace(QUICK, interval=5))
    clock = RealClock(spawn)
    begin = clock.now()
    for _ in range(20):
        node.do(lambda: None)
    assert clock.now() - begin < 2  # one that waits for the next tick takes five seconds


def test_calls_of_many_threads_are_all_made(make: Make) -> None:
    node, made = make(), list[int]()

    def call_often() -> None:
        for number in range(500):
            node.sockets.call(partial(made.append, number))

    threads = [spawn(f"caller-{number}", call_often) for number in range(4)]
    for thread in threads:
        thread.join()
    probe(lambda: len(made) == 2000)


def test_what_waits_is_done_before_the_end_and_what_comes_later_never(make: Make) -> None:
    owner, reader = make(), make("")
    reader.join(owner)
    probe(reader.frames)
    owner.sockets.call(partial(owner.sockets.publish, b"bye"))
    assert owner.sockets.close()
    probe(lambda: reader.frames()[-1] == b"bye")
    called = threading.Event()
    owner.sockets.call(called.set)
    assert owner.sockets.close()
    assert not called.is_set()


def test_no_other_thread_touches_a_socket(make: Make) -> None:
    sockets = make().sockets
    touches: list[Callable[[], object]] = [
        partial(sockets.publish, b""),
        partial(sockets.reply, b"", b""),
        partial(sockets.send, "b", b""),
        partial(sockets.connect, "b", LOOPBACK),
        partial(sockets.disconnect, "b"),
        partial(sockets.subscribe, "b", b""),
        partial(sockets.unsubscribe, "b", b""),
        partial(sockets.set_welcome, b""),
        sockets.renew,
    ]
    for touch in touches:
        with pytest.raises(WrongThread, match=r"'MainThread'; use call"):
            touch()


def test_a_stuck_reader_costs_the_others_nothing(make: Make) -> None:
    """With NODROP alone the others would get what the full one gets; see `Doors.publish`."""
    options = replace(QUICK, send_queue=50, receive_queue=50)
    owner, reader = make(options=options), make("", options=options)
    reader.join(owner)
    probe(lambda: owner.sockets.statistics().topics == 1)
    with zmq.Context() as context, context.socket(zmq.SUB) as stuck:
        stuck.rcvhwm = 50
        stuck.subscribe(b"")
        stuck.connect(owner.sockets.endpoint)
        assert stuck.recv() == b"welcome"
        body, wanted = bytes(20_000), 1500

        def publish_some() -> None:
            for _ in range(10):
                owner.sockets.publish(body)

        for number in range(0, wanted, 10):
            owner.do(publish_some)
            probe(lambda: len(reader.frames()) > number)  # noqa: B023  # called in this turn only
        probe(lambda: len(reader.frames()) == wanted + 1)
        found = owner.sockets.statistics()
        assert (found.published, found.published_bytes) == (wanted, wanted * 20_000)
        assert 1 <= found.missed <= 5  # told when it begins, not for each frame
        had = 0
        while stuck.poll(200):
            stuck.recv()
            had += 1
        assert had < wanted
        owner.publish(b"heartbeat")  # the next one brings the head, and the reader sees the gap
        assert stuck.poll(2000)
        assert stuck.recv() == b"heartbeat"


def test_closing_takes_no_longer_with_a_peer_that_does_not_read(make: Make) -> None:
    owner = make(options=replace(QUICK, linger=0.2))
    with zmq.Context() as context, context.socket(zmq.SUB) as stuck:
        stuck.rcvhwm = 1
        stuck.subscribe(b"")
        stuck.connect(owner.sockets.endpoint)
        assert stuck.recv() == b"welcome"
        for _ in range(300):
            owner.publish(bytes(50_000))
        clock = RealClock(spawn)
        begin = clock.now()
        assert owner.sockets.close(timeout=2)
        assert clock.now() - begin < 1.5


def test_a_node_may_close_its_own_sockets_in_a_handler(make: Make) -> None:
    node = make()
    node.sockets.call(node.sockets.close)
    assert node.sockets.close()


def test_sockets_that_were_never_started_are_closed_too() -> None:
    before = zmq_things()
    assert SocketNode().sockets.close()
    assert nothing_more_than(before)


def test_a_handler_that_fails_costs_nothing_but_its_frame(
    make: Make, caplog: pytest.LogCaptureFixture
) -> None:
    owner, reader = make(), make("")

    def fail(peer: str, frame: bytes) -> None:
        raise RuntimeError(frame)

    reader.recorder.heard = fail  # type: ignore[method-assign]  # for this one
    reader.join(owner)
    probe(lambda: reader.sockets.statistics().faults == 1)
    del reader.recorder.heard
    owner.publish(b"x")
    probe(lambda: reader.frames() == [b"x"])
    assert "the thread of the sockets; it goes on" in caplog.text


def test_ticks_follow_the_clock(make: Make) -> None:
    clock = ManualClock()
    node = make(clock=clock, options=replace(QUICK, interval=0.05))
    assert not holds(lambda: node.recorder.ticks, 0.2)
    clock.advance(1)
    probe(lambda: len(node.recorder.ticks) == 1)


def test_a_taken_place_is_refused_in_words(make: Make) -> None:
    node, before = make(), zmq_things()
    with pytest.raises(BindError, match=r"can't listen at tcp://127.0.0.1:\d+: Address already"):
        SocketNode(node.sockets.endpoint).start()
    assert nothing_more_than(before)


def test_free_ports_are_looked_for_two_at_a_time(make: Make) -> None:
    nodes = [make() for _ in range(5)]
    for node in nodes:
        place = Endpoint.parse(node.sockets.endpoint)
        with socket.create_connection(("127.0.0.1", place.port + 1), timeout=2):
            pass


def test_the_sockets_of_one_host_are_for_one_user(make: Make, tmp_path: Path) -> None:
    make(f"ipc://{tmp_path}/b")
    assert [(tmp_path / name).stat().st_mode & 0o777 for name in ("b", "b.req")] == [0o600] * 2


@pytest.mark.parametrize("bind", ["tcp://*:7700", "tcp://0.0.0.0:7700", "tcp://10.1.2.3:7700"])
def test_listening_beyond_this_host_without_keys_is_refused_and_says_how(bind: str) -> None:
    with pytest.raises(Insecure, match=r"ringleader keys new.*ringleader keys allow NAME 'KEY'"):
        SocketNode(bind)


def test_a_peer_on_another_host_without_a_key_is_refused_and_says_how(make: Make) -> None:
    node = make("")
    with pytest.raises(Insecure, match="ringleader keys allow b 'KEY'"):
        node.do(partial(node.sockets.connect, "b", "tcp://10.1.2.3:7700"))
