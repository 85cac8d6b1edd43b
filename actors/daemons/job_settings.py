"""What all jobs of a node have in common: their programs, their place on disk, the run's seed."""

from __future__ import annotations

import random
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from .job_messages import JobRequest

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from ..options import StageOptions, StagesOptions
    from ..ref import Ref
    from ..workloads.protocol import JobKind

JOBS_PATH: Final = "/jobs"
"""Where the job supervisor lives: at the top, so that no coordinator's crash ends the jobs."""


@dataclass(frozen=True, slots=True, kw_only=True)
class JobSettings:
    """How a node runs jobs.

    Attributes:
        stages: the programs and their options.
        data_dir: the node's data directory; jobs have theirs in `jobs/` below it.
        seed: of the run; each job's own seed follows from it and the job's id.
        python: the interpreter that `{python}` in a command means.
        supervisor: the path of the job supervisor.
    """

    stages: StagesOptions
    data_dir: Path
    seed: int = 0
    python: str = sys.executable
    supervisor: str = JOBS_PATH

    @property
    def jobs_dir(self) -> Path:
        """Where each job has a directory of its own."""
        return self.data_dir.absolute() / "jobs"

    def stage(self, kind: JobKind) -> StageOptions:
        """Return the settings of the stage that runs this kind of job."""
        stage: StageOptions = getattr(self.stages, kind)
        return stage

    def seed_of(self, job_id: str) -> int:
        """Return a job's seed: the same for the same run and id, unrelated for others."""
        return random.Random(f"{self.seed}/{job_id}").getrandbits(32)  # noqa: S311  # no secret

    def request(
        self,
        kind: JobKind,
        job_id: str,
        *,
        config_key: str,
        iteration: int,
        part: int = 0,
        inputs: Mapping[str, str | tuple[str, ...]] | None = None,
        outputs: Mapping[str, str] | None = None,
        options: Mapping[str, Any] | None = None,
        notify: str | Ref[Any] | None = None,
    ) -> JobRequest:
        """Make a request with the stage's command, time-out and options; `options` go over those.

        Raises:
            JobError: the id can't be a name.
        """
        stage = self.stage(kind)
        return JobRequest(
            job_id=job_id,
            kind=kind,
            config_key=config_key,
            iteration=iteration,
            part=part,
            command=stage.argv(self.python),
            inputs=inputs or {},
            outputs=outputs or {},
            options={**stage.options, **(options or {})},
            seed=self.seed_of(job_id),
            timeout=stage.timeout,
            notify=notify,
        )
