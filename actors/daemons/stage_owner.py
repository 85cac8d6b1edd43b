"""Actors that own one stage of the pipeline which one job does."""

from __future__ import annotations

from abc import abstractmethod
from typing import TYPE_CHECKING, Any, ClassVar

from ..coordinators.running import job_id
from .owner import JobOwner
from .pipeline_rules import stage_now

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ..events.base import Event
    from ..journal import Stage, StageJournal, StageRecord
    from ..options import WorkloadOptions
    from ..workloads.protocol import JobKind
    from .job_messages import JobFinished, JobGaveUp, JobRequest
    from .job_settings import JobSettings


class StageOwner(JobOwner):
    """Starts its stage when the one before is done, and says what came of it.

    Everything is decided from the journal: a stage that is next is `begin`-ed, one that is started
    has its job ensured, one that is over is told of, once. The iteration before the current one is
    looked at too, since its last facts may not be told yet.

    Args:
        journal: the stage journal.
        jobs: how jobs are run.
        workload: which configs there are.
        period: seconds between two rechecks.
        limit: how many jobs of this stage at once.
    """

    stage: ClassVar[Stage]
    kind: ClassVar[JobKind]

    def __init__(
        self,
        journal: StageJournal,
        jobs: JobSettings,
        workload: WorkloadOptions,
        *,
        period: float,
        limit: int,
    ) -> None:
        super().__init__(journal, jobs, period)
        self.workload = workload
        self._limit = min(limit, jobs.stage(self.kind).parallel)

    # ---------------------------------------------------------------- for subclasses

    @abstractmethod
    def begin(self, config_key: str, iteration: int) -> None:
        """Start a stage that is next with `start_stage`, leave it out with `skip`, or wait."""

    @abstractmethod
    def request(self, record: StageRecord) -> JobRequest:
        """Return the job of a started stage; it follows from the record alone."""

    @abstractmethod
    def beginning(self, record: StageRecord) -> Event:
        """Return what says that the stage began."""

    @abstractmethod
    def ending(self, record: StageRecord) -> Event | None:
        """Return what says that the stage is done, or has failed; None: nobody needs to know."""

    def settle(self, record: StageRecord) -> None:
        """Do what belongs to the end of a stage and may be done again, before it is told."""

    # ---------------------------------------------------------------- rechecks

    def recheck(self) -> None:
        """Look at every config."""
        for config_key in self.workload.config_keys:
            current = self.journal.iteration(config_key)
            for iteration in range(max(1, current - 1), current + 1):
                self.look_at(config_key, iteration)

    def look_at(self, config_key: str, iteration: int) -> None:
        """Do what is next for the stage in one iteration."""
        record = self.journal.stage(config_key, iteration, self.stage)
        if record is None:
            if stage_now(self.journal.stages(config_key, iteration)) == self.stage:
                self.begin(config_key, iteration)
        elif record.status == "started":
            self.ensure(self.request(record))
        else:
            self._tell_ending(record)

    def start_stage(self, config_key: str, iteration: int, inputs: Mapping[str, Any]) -> bool:
        """Start the stage, if its limit of jobs allows it; tell whether it did."""
        if self.running() >= self._limit:
            return False
        record = self.journal.start_stage(config_key, iteration, self.stage, inputs, now=self.now)
        self.ensure(self.request(record))
        return True

    def skip(self, config_key: str, iteration: int, reason: str) -> None:
        """Leave the stage out, because its work can't be done in this iteration."""
        result = {"skipped": reason}
        self.journal.finish_stage(config_key, iteration, self.stage, result, now=self.now)
        self.look_at(config_key, iteration)

    def running(self) -> int:
        """Return how many jobs of this stage are under way."""
        records = (
            self.journal.stage(key, self.journal.iteration(key), self.stage)
            for key in self.workload.config_keys
        )
        return sum(record is not None and record.status == "started" for record in records)

    def id_of(self, config_key: str, iteration: int) -> str:
        """Return the id of the stage's job."""
        return job_id(self.kind, config_key, iteration)

    # ---------------------------------------------------------------- reports

    def admitted(self, request: JobRequest) -> None:
        """Tell that the stage begins."""
        record = self.journal.stage(request.config_key, request.iteration, self.stage)
        if record is not None:
            self.publish_once(self._fact("began", record), self.beginning(record))

    def finished(self, report: JobFinished) -> None:
        """Note the result."""
        request = report.request
        made = next(iter(request.outputs.values()), "")
        result = {"output_path": made, **report.result}
        self.journal.finish_stage(
            request.config_key, request.iteration, self.stage, result, now=self.now
        )

    def gave_up(self, report: JobGaveUp) -> None:
        """Note the failure."""
        request = report.request
        error = f"{report.kind}: {report.message}"
        self.journal.fail_stage(
            request.config_key, request.iteration, self.stage, error, now=self.now
        )

    def _tell_ending(self, record: StageRecord) -> None:
        key = self._fact("ended", record)
        if self.journal.noted(f"published:{key}"):
            return
        self.settle(record)
        event = self.ending(record)
        if event is not None:
            self.publish_once(key, event)

    def _fact(self, what: str, record: StageRecord) -> str:
        return f"{self.stage}:{what}:{record.config_key}:{record.iteration}"
