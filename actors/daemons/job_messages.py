"""What coordinators and job actors say to each other."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final, Literal, TypeAlias

from .job_errors import JobError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ..journal import Stage
    from ..ref import Ref
    from ..workloads.protocol import JobKind, Metric

STAGE_OF: Final[Mapping[JobKind, Stage]] = {
    "selfplay": "selfplay",
    "export": "npz_export",
    "combine": "npz_combination",
    "train": "training",
    "evaluate": "evaluation",
}
"""The stage of the journal that a kind of job works for."""

TASK_TYPE_OF: Final[Mapping[JobKind, str]] = {
    "selfplay": "selfplay",
    "export": "export",
    "combine": "export",
    "train": "training",
    "evaluate": "evaluation",
}
"""What `TASK_*` events call a kind of job."""

GiveUpKind: TypeAlias = Literal[
    "bad-job", "missing-extra", "bad-input", "bad-command", "timeout", "attempts"
]
"""Why a job is not tried again: its file is wrong, a package is missing, an input is missing or
wrong, its program can't be started, it took too long, or it died too often."""

_ID: Final = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.\-]*")


@dataclass(frozen=True, slots=True, kw_only=True)
class JobRequest:
    """One job to be done.

    Attributes:
        job_id: unique; derive it from what the job is for, so that asking twice is one job. It
            names the job's actor and its directory: letters, digits, `_`, `-` and `.`.
        kind: of the job; says which stage it is for.
        config_key: what is learned.
        iteration: counted from 1.
        part: of the iteration's jobs of this kind.
        command: program and arguments; `--job FILE` is appended.
        inputs: paths of files to read, by what they are.
        outputs: paths of files to write, by what they are.
        options: the stage's settings, as JSON.
        seed: everything random in the job follows from it and the iteration.
        timeout: seconds that one run of the process may take before it is killed and given up.
        attempts: how many processes may die before the job is given up.
        notify: whom to tell, by path or ref; None tells nobody.
    """

    job_id: str
    kind: JobKind
    config_key: str
    iteration: int
    part: int = 0
    command: tuple[str, ...]
    inputs: Mapping[str, str | tuple[str, ...]] = field(
        default_factory=dict[str, "str | tuple[str, ...]"]
    )
    outputs: Mapping[str, str] = field(default_factory=dict[str, str])
    options: Mapping[str, Any] = field(default_factory=dict[str, Any])
    seed: int = 0
    timeout: float = 3600.0
    attempts: int = 20
    notify: str | Ref[Any] | None = None

    def __post_init__(self) -> None:
        """Check what would otherwise fail far from whoever wrote it.

        Raises:
            JobError: the id can't be a name, or there is no command.
        """
        if not _ID.fullmatch(self.job_id):
            raise JobError(
                f"job id {self.job_id!r} can't name a directory; use letters, digits, '_', '-' "
                "and '.', and do not begin with '-' or '.'"
            )
        if not self.command:
            raise JobError(f"job {self.job_id} has no command; give a program and its arguments")

    @property
    def stage(self) -> Stage:
        """The stage that it works for."""
        return STAGE_OF[self.kind]

    @property
    def task_type(self) -> str:
        """What `TASK_*` events call it."""
        return TASK_TYPE_OF[self.kind]


@dataclass(frozen=True, slots=True)
class StartJob:
    """Told to the job supervisor: run a job, unless it runs already.

    A job that was finished before is not run again: its result is reported again.
    """

    request: JobRequest


@dataclass(frozen=True, slots=True)
class JobStarted:
    """A process runs for the job.

    Attributes:
        attempt: 1 for the first process.
        pid: of the process, which is also its group.
    """

    request: JobRequest
    attempt: int
    pid: int


@dataclass(frozen=True, slots=True)
class JobProgress:
    """So much of so much is done; told a few times a second at most."""

    request: JobRequest
    done: int
    total: int
    unit: str
    metrics: Mapping[str, Metric]


@dataclass(frozen=True, slots=True)
class JobFinished:
    """The job is done. May come again, with the same result, after a restart.

    Attributes:
        result: the fields of the program's result line.
        seconds: how long the last process ran; 0 if the result is from an earlier run.
    """

    request: JobRequest
    result: Mapping[str, Any]
    seconds: float


@dataclass(frozen=True, slots=True)
class JobGaveUp:
    """The job will not be tried again by itself; asking for it again begins afresh.

    Attributes:
        kind: why, for rules.
        message: why, for people.
    """

    request: JobRequest
    kind: GiveUpKind
    message: str


JobReport: TypeAlias = JobStarted | JobProgress | JobFinished | JobGaveUp
"""What whoever asked for a job is told."""
