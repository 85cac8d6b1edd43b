"""The guard's own program: it outlives its parent by the time it takes to kill.

Started as a file, isolated and without `site` (12 ms), it imports nothing but the standard library.
On its stdin come lines, `+PID` and `-PID`: process groups to kill once the parent is gone, or not
any more. The parent is gone when stdin ends, or, where Linux can tell, when its process has ended,
even while somebody that it has forked still holds the other end.
"""

from __future__ import annotations

import os
import select
import signal
import sys
from contextlib import suppress


def guard(source: int, parent: int) -> None:
    """Keep the list of groups until the parent is gone; then kill them.

    Args:
        source: the file descriptor that the lines come from.
        parent: the parent's process id.
    """
    poll = select.poll()
    poll.register(source, select.POLLIN)
    watch = _open_pidfd(parent)
    if watch is not None:
        poll.register(watch, select.POLLIN)
    groups: set[int] = set()
    rest = b""
    while True:
        ready = [descriptor for descriptor, _ in poll.poll()]
        if source not in ready:
            break
        chunk = os.read(source, 1 << 16)
        if not chunk:
            break
        *lines, rest = (rest + chunk).split(b"\n")
        for line in lines:
            take(line, groups)
    for group in groups:
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(group, signal.SIGKILL)


def take(line: bytes, groups: set[int]) -> None:
    """Add a group to the list, or take it off."""
    group = int(line[1:])
    if line.startswith(b"+"):
        groups.add(group)
    else:
        groups.discard(group)


def _open_pidfd(pid: int) -> int | None:
    try:
        return os.pidfd_open(pid)
    except (AttributeError, OSError):  # not Linux; or it is gone, and so is the other end of stdin
        return None


def main() -> None:
    """Guard; whoever ends all programs of a service, or presses Ctrl-C, must not end this first."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    guard(sys.stdin.fileno(), int(sys.argv[1]))


if __name__ == "__main__":
    main()
