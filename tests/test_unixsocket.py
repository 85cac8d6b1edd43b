"""A socket lies where it should, however long the path to it is."""

from __future__ import annotations

import socket
import stat
from typing import TYPE_CHECKING

import pytest

from ringleader.unixsocket import LONGEST, connect, listen

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture(params=["short", "long"])
def path(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    folder = tmp_path
    if request.param == "long":
        folder = tmp_path / ("d" * 120) / ("é" * 60)
        folder.mkdir(parents=True)
    path = folder / "control.sock"
    assert (len(str(path)) > LONGEST) == (request.param == "long" or len(str(tmp_path)) > 87)
    return path


def test_who_connects_is_heard(path: Path) -> None:
    with listen(path) as server, connect(path, 5) as client:
        peer, _ = server.accept()
        with peer:
            client.sendall(b"hello")
            assert peer.recv(10) == b"hello"


def test_only_its_owner_may_connect(path: Path) -> None:
    with listen(path):
        mode = path.lstat().st_mode
        assert stat.S_ISSOCK(mode)
        assert mode & 0o777 == 0o600


def test_a_socket_that_a_dead_process_left_is_replaced(path: Path) -> None:
    listen(path).close()
    with pytest.raises(ConnectionRefusedError):
        connect(path, 5)
    with listen(path), connect(path, 5):
        pass


def test_nobody_is_found_where_nobody_listens(path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        connect(path, 5)


def test_a_socket_in_a_missing_directory_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(OSError, match="No such file"):
        listen(tmp_path / "missing" / "control.sock")


def test_a_listener_that_never_answers_is_given_up(path: Path) -> None:
    with listen(path), connect(path, 0.05) as client, pytest.raises(TimeoutError):
        client.recv(1)
    assert client.family == socket.AF_UNIX
