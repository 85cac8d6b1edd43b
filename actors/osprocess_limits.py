"""What a process may use, and how it is held to that."""

from __future__ import annotations

import resource
from typing import TYPE_CHECKING, Annotated, Final

from msgspec import Meta, Struct

from .osprocess_errors import ProcessSettingsError

if TYPE_CHECKING:
    from collections.abc import Sequence

MEMORY_POLL: Final = 0.2
"""Seconds between two looks at the memory of processes that have a limit."""
CPU_GRACE: Final = 2
"""Seconds of processor time from SIGXCPU to SIGKILL, for those that catch the first."""


class ProcessLimits(Struct, frozen=True, kw_only=True):
    """What a process may use. Nothing is limited that is not named.

    `memory` counts the process and its descendants, and is looked at a few times a second: a
    process that grows fast is a little above it when it is killed. `address_space` and `cpu_time`
    are the kernel's own limits (`RLIMIT_AS`, `RLIMIT_CPU`): they hold for each process by itself,
    and those that it starts inherit them.
    """

    memory: Annotated[
        Annotated[int, Meta(ge=1)] | None,
        Meta(description="resident memory above which it is killed (bytes)"),
    ] = None
    address_space: Annotated[
        Annotated[int, Meta(ge=1024)] | None,
        Meta(description="address space, beyond which allocations fail (bytes)"),
    ] = None
    cpu_time: Annotated[
        Annotated[int, Meta(ge=1)] | None,
        Meta(description="processor time, after which it gets SIGXCPU (seconds)"),
    ] = None
    nice: Annotated[
        Annotated[int, Meta(ge=-20, le=19)] | None,
        Meta(description="priority: 19 gives way to all; below 0 needs root"),
    ] = None

    def __post_init__(self) -> None:
        """Check what msgspec checks only in what it decodes.

        Raises:
            ProcessSettingsError: a limit is out of its range.
        """
        ranges = {
            "memory": (self.memory, 1, None),
            "address_space": (self.address_space, 1024, None),
            "cpu_time": (self.cpu_time, 1, None),
            "nice": (self.nice, -20, 19),
        }
        for name, (value, least, most) in ranges.items():
            if value is not None and (value < least or (most is not None and value > most)):
                right = f"at least {least}" if most is None else f"from {least} to {most}"
                raise ProcessSettingsError(f"the limit {name} is {value}; it must be {right}")


def limited(command: Sequence[str], limits: ProcessLimits) -> list[str]:
    """Return a command that takes on the kernel's limits and becomes `command`, under its own pid.

    A shell does it: 1.4 ms, measured, and only for who is limited. Python's own ways are worse.
    `preexec_fn` runs Python between fork and exec, which can deadlock where there are threads, and
    rules out vfork. `prlimit` from outside comes after the program has begun (a busy parent waits
    5 ms and more for the GIL), and what it has started by then would be free for ever.

    Args:
        command: program and arguments; the program as a path, so that a missing one is noticed.
        limits: of which `address_space` and `cpu_time` are meant.
    """
    steps: list[str] = []
    if limits.address_space is not None:
        most = _at_most(resource.RLIMIT_AS, limits.address_space)
        steps.append(f"ulimit -v {most // 1024}")
    if limits.cpu_time is not None:
        soft = _at_most(resource.RLIMIT_CPU, limits.cpu_time)
        hard = _at_most(resource.RLIMIT_CPU, limits.cpu_time + CPU_GRACE)
        steps += [f"ulimit -S -t {soft}", f"ulimit -H -t {hard}"]
    if not steps:
        return list(command)
    return ["/bin/sh", "-c", " && ".join([*steps, 'exec "$@"']), "sh", *command]


def _at_most(kind: int, wanted: int) -> int:
    """Return what may be set: nobody but root may exceed the limit that is in force."""
    _, hard = resource.getrlimit(kind)
    return wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
