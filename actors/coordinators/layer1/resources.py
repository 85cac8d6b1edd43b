"""How much of this host is in use."""

from __future__ import annotations

import psutil

from .admission import Resources


def measure() -> Resources:
    """Return what the disk of the working directory, memory and CPUs are used to, in percent.

    CPU use is that since the last call; the first one says 0.
    """
    return Resources(
        disk=psutil.disk_usage(".").percent,
        memory=psutil.virtual_memory().percent,
        cpu=psutil.cpu_percent(interval=None),
    )
