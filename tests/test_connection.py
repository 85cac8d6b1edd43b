"""A node that does not answer, or answers nonsense, is an error in time; in event loops, too."""

from __future__ import annotations

import asyncio
import struct
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import pytest

from ringleader.connection import Connection
from ringleader.connection_async import AsyncConnection
from ringleader.event_questions import Wake
from ringleader.frames import Reply, answer, frame
from ringleader.node_errors import ConnectionLost, NoAnswer, NodeError, NoNode
from ringleader.unixsocket import listen

if TYPE_CHECKING:
    from collections.abc import Generator
    from pathlib import Path

QUESTION = Wake(session="s")


@contextmanager
def peer(path: Path, says: bytes | None) -> Generator[None]:
    """Answer one question with these bytes and go; with None, do not even accept."""
    server = listen(path)

    def serve() -> None:
        connection, _ = server.accept()
        with connection:
            connection.recv(65536)
            connection.sendall(says or b"")

    thread = threading.Thread(target=serve)
    if says is not None:
        thread.start()
    yield
    if says is not None:
        thread.join(10)
    server.close()


def asked(path: Path) -> Any:
    with Connection(path, 0.2) as connection:
        return connection.ask(QUESTION, int)


def asked_in_a_loop(path: Path) -> Any:
    async def main() -> Any:
        connection = await AsyncConnection.open(path, 0.2)
        try:
            return await connection.ask(QUESTION, int)
        finally:
            await connection.close()
            with pytest.raises(NodeError):
                connection.send(QUESTION)

    return asyncio.run(main())


CASES: list[tuple[bytes | None, type[Exception], str]] = [
    (None, NoAnswer, r"within 0\.2 s"),
    (b"", ConnectionLost, "it has stopped|broke"),
    (struct.pack(">I", 1 << 30), NodeError, "at most"),
    (b"\0\0\0\1\xc1", NodeError, "not a reply"),
    (answer("text"), NodeError, "another version"),
    (frame(Reply(error="no", exit_code=75)), NodeError, "did not answer 'wake': no"),
]


@pytest.mark.parametrize("ask", [asked, asked_in_a_loop])
@pytest.mark.parametrize(("says", "error", "words"), CASES)
def test_what_is_no_answer_is_an_error(
    tmp_path: Path, ask: Any, says: bytes | None, error: type[Exception], words: str
) -> None:
    with peer(tmp_path / "s", says), pytest.raises(error, match=words):
        ask(tmp_path / "s")


@pytest.mark.parametrize("ask", [asked, asked_in_a_loop])
def test_an_answer_is_one(tmp_path: Path, ask: Any) -> None:
    with peer(tmp_path / "s", answer(7)):
        assert ask(tmp_path / "s") == 7


@pytest.mark.parametrize("ask", [asked, asked_in_a_loop])
def test_nobody_is_there(tmp_path: Path, ask: Any) -> None:
    with pytest.raises(NoNode, match="no node runs on"):
        ask(tmp_path / "s")


def test_a_node_that_does_not_read_is_given_up(tmp_path: Path) -> None:
    def flood(connection: Connection) -> None:
        while True:
            connection.send(Wake(session="s" * 100))

    with (
        peer(tmp_path / "s", None),
        Connection(tmp_path / "s", 0.05) as connection,
        pytest.raises(NoAnswer, match="did not read"),
    ):
        flood(connection)
