"""A node answers through its socket: anybody of its owner, whatever they send."""

from __future__ import annotations

import struct
import threading
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any

import msgspec
import pytest

from ringleader import questions, snapshot
from ringleader.actors.base import Actor
from ringleader.actors.dispatch import spawn
from ringleader.actors.errors import RingleaderError
from ringleader.actors.letters import Outcome
from ringleader.client import NodeClient, NodeError, NoNode, OrderRefused
from ringleader.control import MAX_CLIENTS, ControlServer
from ringleader.conversation import PIPELINE
from ringleader.desk import Stopping
from ringleader.errands import Eventually, Later
from ringleader.frames import MAX_REPLY, FrameReader, frame, read_reply
from ringleader.supervisors.spec import ChildSpec
from ringleader.system import System
from ringleader.unixsocket import connect
from tests.probe import probe

if TYPE_CHECKING:
    import socket
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from ringleader.questions import Question

STOPPING = Stopping(node="n", pid=1)


class Desk:
    """Answers, and notes what it was asked."""

    def __init__(self) -> None:
        self.asked: list[Question] = []
        self.value: Any = STOPPING

    def respond(self, question: Question) -> Any:
        self.asked.append(question)
        if isinstance(self.value, Exception):
            raise self.value
        return self.value


@pytest.fixture
def desk() -> Desk:
    return Desk()


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "control.sock"


@pytest.fixture
def server(desk: Desk, path: Path) -> Iterator[ControlServer]:
    server = ControlServer(path, desk.respond, spawn)
    server.start()
    yield server
    assert server.close(10)


def reply_on(connection: socket.socket) -> Any:
    reader = FrameReader(MAX_REPLY)
    while (body := reader.next()) is None:
        data = connection.recv(65536)
        assert data, "the node closed the connection"
        reader.feed(data)
    return read_reply(body)


def test_a_node_tells_its_tree_and_its_counters(path: Path) -> None:
    class Quiet(Actor):
        def on_receive(self, message: Any) -> Any:
            raise ValueError(message)

    with System(node_id="n1", seed=1) as system:
        ref = system.start_child(ChildSpec("quiet", Quiet))
        ref.tell("two\nlines")

        def respond(question: Question) -> Any:
            if isinstance(question, questions.Tree):
                return snapshot.take(system)
            return system.statistics()

        server = ControlServer(path, respond, system.context.spawn)
        server.start()
        with NodeClient(path) as client:
            while not system.deaths.restarts:
                assert client.tree().node_id == "n1"
            tree = client.tree()
            assert tree.cells[0].path == "/system"
            assert tree.cells[-1].path == "/quiet"
            assert client.statistics().messages[Outcome.FAILED] == 1
        assert server.close()


def test_a_client_asks_as_often_as_it_likes(server: ControlServer, desk: Desk, path: Path) -> None:
    with NodeClient(path) as client:
        for _ in range(3):
            client.stop()
    assert desk.asked == [questions.Stop()] * 3


def test_an_answer_that_fails_is_told_and_the_node_goes_on(
    server: ControlServer, desk: Desk, path: Path
) -> None:
    desk.value = KeyError("x")
    with NodeClient(path) as client:
        with pytest.raises(NodeError, match="did not answer 'tree': KeyError: 'x'"):
            client.tree()
        desk.value = []
        assert client.deaths() == []


def test_an_answer_of_another_version_is_named_as_such(
    server: ControlServer, desk: Desk, path: Path
) -> None:
    desk.value = {"cells": 7}
    with NodeClient(path) as client, pytest.raises(NodeError, match="another version"):
        client.tree()


def test_a_large_answer_arrives_whole_and_delays_nobody_who_reads(
    server: ControlServer, desk: Desk, path: Path
) -> None:
    desk.value = ["x" * 1000] * 20_000
    with connect(path, 10) as slow, connect(path, 10) as quick:
        slow.sendall(frame(questions.Tree()) * 5)  # 100 MB that nobody reads
        quick.sendall(frame(questions.Tree()))
        assert len(reply_on(quick).value) > 20_000_000


@pytest.mark.parametrize(
    "bad", [b"\0\0\0\5hello", struct.pack(">I", 1 << 30), b"GET / HTTP/1.1\r\n"]
)
def test_who_speaks_another_language_is_told_so_and_dropped(
    server: ControlServer, path: Path, bad: bytes
) -> None:
    with connect(path, 10) as client:
        client.sendall(bad)
        assert reply_on(client).error
        assert client.recv(1) == b""
    with NodeClient(path) as fine:
        fine.stop()


def test_a_client_that_goes_in_the_middle_leaves_no_trace(
    server: ControlServer, path: Path
) -> None:
    with connect(path, 10) as client:
        client.sendall(b"\0\0")
    with NodeClient(path) as fine:
        fine.stop()


@pytest.fixture
def crowded(desk: Desk, path: Path) -> Iterator[ControlServer]:
    """A server that has room for three."""
    server = ControlServer(path, desk.respond, spawn, most=3)
    server.start()
    yield server
    assert server.close(10)


def test_of_too_many_clients_the_one_that_is_silent_longest_is_dropped(
    crowded: ControlServer, path: Path
) -> None:
    with NodeClient(path) as silent, NodeClient(path) as kept, ExitStack() as others:
        silent.stop()
        kept.stop()
        for _ in range(2):
            others.enter_context(NodeClient(path)).stop()
        with pytest.raises(NodeError, match=r"has stopped|broke"):
            silent.stop()
        kept.stop()


def test_nobody_is_dropped_who_waits_or_holds_something(
    crowded: ControlServer, desk: Desk, path: Path
) -> None:
    answers: list[Callable[[Any], None]] = []
    with ExitStack() as stack:
        clients = [stack.enter_context(connect(path, 10)) for _ in range(3)]
        desk.value = Eventually(answers.append)
        for client in clients[:2]:
            client.sendall(frame(questions.Stop()))
        probe(lambda: len(answers) == 2)
        desk.value = Eventually(lambda done: done(STOPPING), ended=print)
        clients[2].sendall(frame(questions.Stop()))
        assert reply_on(clients[2]).error == ""
        with connect(path, 10) as refused:
            assert reply_on(refused).error == "the node has 3 clients already"
            assert refused.recv(1) == b""
        for answer, client in zip(answers, clients, strict=False):
            answer(STOPPING)
            assert reply_on(client).error == ""


def test_the_number_of_clients_leaves_room_for_files(desk: Desk, path: Path) -> None:
    server = ControlServer(path, desk.respond, spawn, most=1_000_000)
    assert MAX_CLIENTS <= server._most < 1_000_000


def test_the_end_removes_the_socket_and_disconnects(desk: Desk, path: Path) -> None:
    server = ControlServer(path, desk.respond, spawn)
    assert server.close()
    server.start()
    with NodeClient(path) as client:
        client.stop()
        assert server.close()
        assert server.close()
        assert not path.exists()
        with pytest.raises(NodeError, match=r"has stopped|broke"):
            client.stop()


def test_no_node_is_an_answer(path: Path) -> None:
    with pytest.raises(NoNode, match="no node runs on"), NodeClient(path):
        pass


def test_a_client_outside_a_with_block_says_so(path: Path) -> None:
    with pytest.raises(NodeError, match="`with` block"):
        NodeClient(path).stop()


def test_a_node_that_does_not_answer_is_given_up(path: Path) -> None:
    release = threading.Event()

    def hang(_: Question) -> Stopping:
        release.wait(10)
        return STOPPING

    server = ControlServer(path, hang, spawn)
    server.start()
    with (
        NodeClient(path, timeout=0.05) as client,
        pytest.raises(NodeError, match=r"within 0\.05 s"),
    ):
        client.stop()
    release.set()
    assert server.close()


def test_an_answer_that_takes_its_time_delays_nobody_else(
    server: ControlServer, desk: Desk, path: Path
) -> None:
    release = threading.Event()

    def find() -> Any:
        assert release.wait(10)
        return []

    with connect(path, 10) as slow, NodeClient(path) as quick:
        desk.value = Later(find)
        slow.sendall(frame(questions.Deaths()) + frame(questions.Stop()))
        probe(lambda: desk.asked)
        desk.value = STOPPING
        assert quick.stop() == STOPPING
        assert desk.asked == [questions.Deaths(), questions.Stop()]
        release.set()
        reader = FrameReader(MAX_REPLY)
        replies: list[Any] = []
        while len(replies) < 2:  # in order: the second question waited for the first one's answer
            reader.feed(slow.recv(65536))
            while (body := reader.next()) is not None:
                replies.append(msgspec.msgpack.decode(read_reply(body).value))
        assert replies == [[], {"node": "n", "pid": 1}]


def test_a_slow_answer_that_fails_is_told(server: ControlServer, desk: Desk, path: Path) -> None:
    def find() -> Any:
        raise KeyError("x")

    desk.value = Later(find)
    with NodeClient(path) as client, pytest.raises(NodeError, match="'tree': KeyError: 'x'"):
        client.tree()


def test_a_refusal_is_told_as_such_and_not_logged_as_a_fault(
    server: ControlServer, desk: Desk, path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    desk.value = RingleaderError("no such thing")
    with NodeClient(path) as client, pytest.raises(OrderRefused, match=r"^no such thing$") as told:
        client.tree()
    assert told.value.exit_code == 1
    assert caplog.records == []


def test_who_goes_before_a_slow_answer_is_found_leaves_no_trace(
    server: ControlServer, desk: Desk, path: Path
) -> None:
    release = threading.Event()
    desk.value = Later(lambda: release.wait(10) and [])
    with connect(path, 10) as client:
        client.sendall(frame(questions.Deaths()))
        probe(lambda: desk.asked)
    release.set()
    desk.value = STOPPING
    with NodeClient(path) as fine:
        fine.stop()


def test_the_end_waits_for_slow_answers_under_way(desk: Desk, path: Path) -> None:
    release, under_way = threading.Event(), threading.Event()

    def find() -> Any:
        under_way.set()
        assert release.wait(10)

    desk.value = Later(find)
    server = ControlServer(path, desk.respond, spawn)
    server.start()
    with connect(path, 10) as client:
        client.sendall(frame(questions.Deaths()))
        assert under_way.wait(10)
        assert not server.close(0.01)
        release.set()
        assert server.close(10)


# ---------------------------------------------------------------- answers without a thread


class Slow:
    """Answers whenever a test says so, in any order."""

    def __init__(self) -> None:
        self.waiting: list[Callable[[Any], None]] = []
        self.cancelled: list[int] = []
        self.ended: list[int] = []

    def respond(self, _: Question) -> Eventually:
        number = len(self.waiting)
        return Eventually(
            self.waiting.append,
            cancel=lambda: self.cancelled.append(number),
            ended=lambda: self.ended.append(number),
        )


@pytest.fixture
def slow(path: Path) -> Iterator[Slow]:
    slow = Slow()
    server = ControlServer(path, slow.respond, spawn)
    server.start()
    yield slow
    assert server.close(10)


def replies_on(connection: socket.socket, count: int) -> list[Any]:
    reader, replies = FrameReader(MAX_REPLY), list[Any]()
    while len(replies) < count:
        reader.feed(connection.recv(65536))
        while (body := reader.next()) is not None:
            reply = read_reply(body)
            replies.append(reply.error or msgspec.msgpack.decode(reply.value))
    return replies


def test_answers_come_in_the_order_of_the_questions_whichever_is_found_first(
    slow: Slow, path: Path
) -> None:
    with connect(path, 10) as client:
        client.sendall(frame(questions.Stop()) * 3)
        probe(lambda: len(slow.waiting) == 3)
        slow.waiting[2]("c")
        slow.waiting[1](RingleaderError("b"))
        threading.Thread(target=slow.waiting[0], args=("a",)).start()
        assert replies_on(client, 3) == ["a", "b", "c"]


def test_an_answer_is_given_once(slow: Slow, path: Path) -> None:
    with connect(path, 10) as client:
        client.sendall(frame(questions.Stop()) * 2)
        probe(lambda: len(slow.waiting) == 2)
        slow.waiting[0]("a")
        slow.waiting[0]("b")
        slow.waiting[1]("c")
        assert replies_on(client, 2) == ["a", "c"]


def test_of_one_client_only_so_many_questions_are_under_way(slow: Slow, path: Path) -> None:
    with connect(path, 10) as client, connect(path, 10) as other:
        client.sendall(frame(questions.Stop()) * (PIPELINE + 5))
        probe(lambda: len(slow.waiting) == PIPELINE)
        other.sendall(frame(questions.Stop()))
        probe(lambda: len(slow.waiting) == PIPELINE + 1)
        for number in range(5):
            slow.waiting[number](number)
        probe(lambda: len(slow.waiting) == PIPELINE + 6)
        assert replies_on(client, 5) == list(range(5))


def test_who_works_for_a_client_is_told_when_it_goes(slow: Slow, path: Path) -> None:
    with connect(path, 10) as client:
        client.sendall(frame(questions.Stop()) * 3)
        probe(lambda: len(slow.waiting) == 3)
        slow.waiting[0]("a")
        assert replies_on(client, 1) == ["a"]
        assert slow.ended == []
    probe(lambda: len(slow.ended) == 3)
    assert slow.cancelled == [1, 2]
    assert slow.ended == [2, 1, 0]
    slow.waiting[1]("too late")


def test_who_holds_something_is_told_of_the_servers_end(path: Path) -> None:
    slow = Slow()
    server = ControlServer(path, slow.respond, spawn)
    server.start()
    with connect(path, 10) as client:
        client.sendall(frame(questions.Stop()))
        probe(lambda: slow.waiting)
        assert server.close(10)
        assert (slow.cancelled, slow.ended) == ([0], [0])


def test_a_large_question_is_read_if_the_server_allows_it(desk: Desk, path: Path) -> None:
    large = frame(questions.Operate(verb="stop", path="/a", by="x", why="y" * 900))
    server = ControlServer(path, desk.respond, spawn, largest=500)
    server.start()
    with connect(path, 10) as client:
        client.sendall(large)
        assert "at most 500 are allowed" in reply_on(client).error
    assert server.close(10)
