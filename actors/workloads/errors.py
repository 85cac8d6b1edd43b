"""What makes a job fail, each with the kind it reports and the exit code it ends with."""

from __future__ import annotations

from typing import ClassVar

from ..errors import RingleaderError
from .protocol import EXIT_BAD_JOB, EXIT_FAILED, EXIT_MISSING_EXTRA, ErrorKind


class WorkloadError(RingleaderError):
    """The job can't do its work."""

    kind: ClassVar[ErrorKind] = "failed"
    exit_code: ClassVar[int] = EXIT_FAILED


class BadJobFileError(WorkloadError):
    """The job file, or the command line that names it, is wrong; trying again is of no use."""

    kind: ClassVar[ErrorKind] = "bad-input"
    exit_code: ClassVar[int] = EXIT_BAD_JOB


class BadInputError(WorkloadError):
    """A file that the job was told to read is missing or not what it should be."""

    kind: ClassVar[ErrorKind] = "bad-input"


class MissingExtraError(WorkloadError):
    """The packages of the extra `selfplay` are not installed."""

    kind: ClassVar[ErrorKind] = "missing-extra"
    exit_code: ClassVar[int] = EXIT_MISSING_EXTRA

    def __init__(self, package: str | None) -> None:
        super().__init__(
            f"the embedded workload needs {package or 'a package'}, which is not installed: "
            "pip install 'ringleader[selfplay]'"
        )


class Interrupted(BaseException):  # as KeyboardInterrupt: nobody handles it on the way
    """A signal asked the job to end; its checkpoint is written.

    Attributes:
        signum: the signal's number.
    """

    def __init__(self, signum: int) -> None:
        super().__init__(f"signal {signum}")
        self.signum = signum
