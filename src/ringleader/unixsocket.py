"""Unix sockets at paths of any length.

The kernel takes about 100 bytes. A longer path is reached through a link in a short-lived directory
of our own: the socket itself lies where it should, and only the way to it is short.
"""

from __future__ import annotations

import os
import socket
import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Generator

LONGEST: Final = 100
"""Bytes of a path that every system takes: Linux has room for 107, macOS for 103."""


def listen(path: Path, backlog: int = 16) -> socket.socket:
    """Listen at `path`, for this user alone; a socket that a dead process left there is replaced.

    The caller makes sure that no living process listens there.

    Raises:
        OSError: it can't be made.
    """
    path.unlink(missing_ok=True)
    server = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        with _short(path) as short:
            server.bind(short)
        path.chmod(0o600)  # before `listen`: until then nobody can connect
        server.listen(backlog)
    except BaseException:
        server.close()
        raise
    return server


def connect(path: Path, timeout: float) -> socket.socket:
    """Connect to the socket at `path`; each operation on it may take `timeout` seconds.

    Raises:
        OSError: nobody listens there.
    """
    client = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    client.settimeout(timeout)
    try:
        with _short(path) as short:
            client.connect(short)
    except BaseException:
        client.close()
        raise
    return client


@contextmanager
def _short(path: Path) -> Generator[str]:
    """Give a path to the same place that is short enough."""
    if len(os.fsencode(path)) <= LONGEST:
        yield str(path)
        return
    with tempfile.TemporaryDirectory(prefix="rl-") as directory:  # has mode 0700
        link = Path(directory) / "d"
        link.symlink_to(path.parent, target_is_directory=True)
        yield str(link / path.name)
