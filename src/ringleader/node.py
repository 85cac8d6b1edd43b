"""A node: a system, its journal and its declared tree, made from settings. What `up` runs."""

from __future__ import annotations

import logging
import socket
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any, ClassVar, Final

from ringleader.actors.errors import RingleaderError
from ringleader.config.specs import child_specs
from ringleader.transport.journal import SqliteJournal

from . import runs, snapshot
from .control import ControlServer
from .lockfile import Holder, LockFile
from .logs import log_death, open_logs
from .system import System

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from ringleader.actors.journal import StageJournal
    from ringleader.config import Loaded
    from ringleader.supervisors.spec import ChildSpec

    from .datadir import DataDir
    from .frames import Question
    from .runs import Arguments, Run

logger = logging.getLogger("ringleader.node")

PROVIDED: Final = ("journal", "jobs", "run")
"""Constructor arguments that actors of the tree get by name."""


class NodeFailed(RingleaderError):  # noqa: N818  # a state of the node
    """The tree did not start, or gave up.

    Attributes:
        exit_code: of a command that meets it.
    """

    exit_code: ClassVar[int] = 70


class SocketTaken(RingleaderError):  # noqa: N818  # a state of the socket
    """The control socket can't be made."""

    exit_code: ClassVar[int] = 75
