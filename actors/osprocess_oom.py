"""Whether the kernel killed for want of memory: its counters, read before and after."""

from __future__ import annotations

from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator

_CGROUPS: Final = Path("/sys/fs/cgroup")
_PROC: Final = Path("/proc")


class OomCounter:
    """How often the kernel has killed for memory where this process lives.

    A death by SIGKILL tells nothing of the killer. The kernel counts its own kills: for each
    cgroup (version 2: `oom_kill` in `memory.events`; version 1: `oom_kill` in
    `memory.oom_control`, and before Linux 4.13 at least `memory.failcnt`), and for the whole
    machine in `/proc/vmstat`, which is asked where there is no memory cgroup. A rise is
    used up by the death that it explains, so that of two deaths by SIGKILL and one kill of the
    kernel's only one counts as such. Where nothing can be read, nothing is claimed.

    Args:
        cgroups: where the cgroup file systems are mounted.
        proc: where `/proc` is.
    """

    def __init__(self, cgroups: Path = _CGROUPS, proc: Path = _PROC) -> None:
        self._lock = Lock()
        self._source = next(_sources(cgroups, proc), None)
        self._seen = self._read()

    @property
    def source(self) -> Path | None:
        """The file that is read, if there is one."""
        return None if self._source is None else self._source[0]

    def mark(self) -> None:
        """Forget what happened so far: nobody whose death it could explain lives yet."""
        with self._lock:
            self._seen = self._read()

    def took_one(self) -> bool:
        """Tell whether a kill was counted that explains no other death; use it up."""
        with self._lock:
            if self._read() <= self._seen:
                return False
            self._seen += 1
            return True

    def _read(self) -> int:
        if self._source is None:
            return 0
        path, key = self._source
        return _count(path, key) or 0


def _sources(cgroups: Path, proc: Path) -> Iterator[tuple[Path, str]]:
    """Find the files that can be read, the closest first, each with the word before its number."""
    paths = _own_cgroups(proc)
    candidates: list[tuple[Path, str]] = []
    if "" in paths:
        candidates += [(base / "memory.events", "oom_kill") for base in _bases(cgroups, paths[""])]
    if "memory" in paths:
        bases = _bases(cgroups / "memory", paths["memory"])
        candidates += [(base / "memory.oom_control", "oom_kill") for base in bases]
        candidates += [(base / "memory.failcnt", "") for base in bases]
    candidates.append((proc / "vmstat", "oom_kill"))
    return (found for found in candidates if _count(*found) is not None)


def _bases(mount: Path, path: str) -> list[Path]:
    """Return where a cgroup may be seen: in a container its path may be the host's."""
    own = mount / path.lstrip("/")
    return [own] if own == mount else [own, mount]


def _own_cgroups(proc: Path) -> dict[str, str]:
    """Map controllers to this process's cgroup; version 2 has the empty name."""
    try:
        lines = (proc / "self" / "cgroup").read_text().splitlines()
    except OSError:
        return {}
    found: dict[str, str] = {}
    for line in lines:
        _, controllers, path = line.split(":", 2)
        found |= dict.fromkeys(controllers.split(","), path)
    return found


def _count(path: Path, key: str) -> int | None:
    """Return the number after `key` at the start of a line; the file's only one without a key."""
    try:
        lines = path.read_text().splitlines()
    except OSError:
        return None
    for line in lines:
        *before, number = line.split()
        if before == ([key] if key else []) and number.isdecimal():
            return int(number)
    return None
