"""What can be wrong with a job."""

from __future__ import annotations

import signal

from ..errors import RingleaderError


class JobError(RingleaderError):
    """A job can't be run as asked."""


class JobProcessDied(JobError):  # noqa: N818  # a death, as `ActorDied`
    """A job's process ended without a result; a new one goes on from the last checkpoint.

    Attributes:
        job_id: whose.
        exit_code: what it ended with; None if a signal ended it.
        signal: the signal that ended it; None if it ended by itself.
        last: the last that it said about an error, or the last line on stderr; may be empty.
    """

    def __init__(self, job_id: str, returncode: int, last: str) -> None:
        self.job_id = job_id
        self.exit_code = returncode if returncode >= 0 else None
        self.signal = -returncode if returncode < 0 else None
        self.last = last
        super().__init__(f"job {job_id}: {how(returncode)}{f' ({last})' if last else ''}")


def how(returncode: int) -> str:
    """Say how a process ended, in words: `its process was killed by SIGKILL`."""
    if returncode < 0:
        return f"its process was killed by {_signal_name(-returncode)}"
    if returncode == 0:
        return "its process ended without a result"
    return f"its process ended with exit code {returncode}"


def _signal_name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:  # a real-time signal
        return f"signal {number}"
