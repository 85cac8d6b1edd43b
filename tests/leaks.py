"""What a test leaves behind: threads, child processes, open sockets, temporary files."""

from __future__ import annotations

import gc
import sys
import threading
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import psutil
import pytest
from pykka import ActorRegistry, Timeout

from ringleader.actors.base import default_context
from tests.probe import holds

if TYPE_CHECKING:
    from collections.abc import Iterator

LINUX = sys.platform == "linux"
GRACE = 2.0
"""Seconds that things have to go away after a test."""
STOPPING = 5.0
"""Seconds that an actor has to stop in."""


@dataclass(frozen=True)
class Snapshot:
    """What there is now.

    Attributes:
        threads: those of Python's `threading` that are alive.
        children: process ids.
        sockets: inodes; empty where there is no `/proc`.
        files: in the directory for temporary files.
    """

    threads: frozenset[threading.Thread]
    children: frozenset[int]
    sockets: frozenset[str]
    files: frozenset[str]

    @classmethod
    def take(cls, temporary: Path) -> Snapshot:
        """Look around; takes less than a millisecond."""
        return cls(
            frozenset(threading.enumerate()),
            frozenset(_children()),
            frozenset(_sockets()),
            frozenset(path.name for path in temporary.iterdir()),
        )

    def leaks_since(self, before: Snapshot) -> list[str]:
        """Say in words what is there that was not there before."""
        threads = sorted(t.name for t in self.threads - before.threads)
        children = [_describe(pid) for pid in sorted(self.children - before.children)]
        sockets = sorted(self.sockets - before.sockets)
        files = sorted(self.files - before.files)
        return [
            *(f"the thread {name!r} is still running" for name in threads),
            *(f"the child process {child} is still there" for child in children),
            *(f"the socket {socket} is still open" for socket in sockets),
            *(f"the temporary file {name!r} was not removed" for name in files),
        ]


def guard(temporary: Path, grace: float = GRACE) -> Iterator[None]:
    """Let a test run between the two halves of this generator; fail it if it leaves something."""
    before = Snapshot.take(temporary)
    yield
    left = [*stop_pykka(), *leaks_since(before, temporary, grace)]
    if left:
        pytest.fail("this test leaves something behind:\n  " + "\n  ".join(left), pytrace=False)


def leaks_since(before: Snapshot, temporary: Path, grace: float = GRACE) -> list[str]:
    """Return in words what is left of a test, after it has had `grace` seconds to go away."""
    left: list[str] = []

    def is_clean() -> bool:
        left[:] = Snapshot.take(temporary).leaks_since(before)
        return not left

    if is_clean():
        return []
    gc.collect()  # a socket may be in a circle of garbage
    return [] if holds(is_clean, grace) else left


def stop_pykka() -> list[str]:
    """Stop the actors that nobody supervises, and what serves them; say what did not stop."""
    timeout = STOPPING
    left: list[str] = []
    for ref in reversed(ActorRegistry.get_all()):
        try:
            ref.stop(timeout=timeout)
        except Timeout:
            left.append(f"the actor {ref} did not stop within {timeout} s")
    if default_context.cache_info().currsize:
        if not default_context().close(timeout):
            left.append(f"the threads of default_context() did not end within {timeout} s")
        default_context.cache_clear()
    ActorRegistry._actor_refs.clear()
    return left


def _children() -> set[int]:
    if not LINUX:
        return {child.pid for child in psutil.Process().children()}
    found: set[int] = set()
    for task in Path("/proc/self/task").iterdir():
        try:
            children = (task / "children").read_bytes()
        except OSError:  # the thread has ended
            continue
        found.update(int(pid) for pid in children.split())
    return found


def _sockets() -> set[str]:
    if not LINUX:
        return set()
    found: set[str] = set()
    for descriptor in Path("/proc/self/fd").iterdir():
        try:
            target = str(descriptor.readlink())
        except OSError:  # closed meanwhile
            continue
        if target.startswith("socket:"):
            found.add(f"{target} (descriptor {descriptor.name})")
    return found


def _describe(pid: int) -> str:
    try:
        process = psutil.Process(pid)
        return f"{pid} ({process.status()}: {' '.join(process.cmdline())[:200]})"
    except psutil.Error:
        return str(pid)
