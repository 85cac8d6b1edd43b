"""What can be wrong with a job."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..errors import RingleaderError

if TYPE_CHECKING:
    from ..osprocess_end import ProcessEnd


class JobError(RingleaderError):
    """A job can't be run as asked."""


class JobProcessDied(JobError):  # noqa: N818  # a death, as `ActorDied`
    """A job's process ended without a result; a new one goes on from the last checkpoint.

    Attributes:
        job_id: whose.
        exit_code: what it ended with; None if a signal ended it.
        signal: the signal that ended it; None if it ended by itself.
        end: all that is known of its end.
        last: the last that it said about an error, or the last line on stderr; may be empty.
    """

    def __init__(self, job_id: str, end: ProcessEnd, last: str) -> None:
        self.job_id = job_id
        self.exit_code = end.exit_code
        self.signal = end.signal
        self.end = end
        self.last = last
        super().__init__(f"job {job_id}: {how(end)}{f' ({last})' if last else ''}")


def how(end: ProcessEnd) -> str:
    """Say how a process ended, in words: `its process was killed by SIGKILL`."""
    if end.signal is not None:
        return f"its process was {end}"
    if end.exit_code == 0:
        return "its process ended without a result"
    return f"its process {end}"
