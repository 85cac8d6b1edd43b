"""All exports of a config become one training set."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from ..events.data import (
    NpzCombinationComplete,
    NpzCombinationFailed,
    NpzCombinationStarted,
    NpzExportComplete,
)
from ..handlers import handles
from ..options import WorkloadOptions  # noqa: TC001  # the configuration reads the annotation
from .export_rules import NPZCombinationOptions, seconds_left
from .files import output
from .stage_owner import StageOwner

if TYPE_CHECKING:
    from ..events.base import Event
    from ..journal import Stage, StageJournal, StageRecord
    from ..workloads.protocol import JobKind
    from .job_messages import JobRequest
    from .job_settings import JobSettings


class NPZCombinationDaemon(StageOwner):
    """Merges the exports of all iterations so far; the job weighs them by age and quality.

    Args:
        options: when exports are merged.
        journal: which exports there are.
        jobs: how jobs are run.
        workload: which configs there are.
    """

    stage: ClassVar[Stage] = "npz_combination"
    kind: ClassVar[JobKind] = "combine"

    def __init__(
        self,
        options: NPZCombinationOptions,
        journal: StageJournal,
        jobs: JobSettings,
        workload: WorkloadOptions,
    ) -> None:
        super().__init__(
            journal, jobs, workload, period=options.recheck_interval, limit=options.max_concurrent
        )
        self._options = options

    @handles(NpzExportComplete, idempotent=True)
    def merge(self, _event: NpzExportComplete) -> None:
        """See what there is to merge."""
        self.recheck()

    def begin(self, config_key: str, iteration: int) -> None:
        """Merge when the last merge is long ago and there are samples."""
        exports = self._exports(config_key, iteration)
        samples = sum(int(record.result.get("samples", 0)) for record in exports)
        if samples < self._options.min_samples:
            reason = f"{samples} samples, {self._options.min_samples} are wanted"
            self.skip(config_key, iteration, reason)
            return
        left = seconds_left(self._last(config_key, iteration), self._options.cooldown, self.now)
        if left > 0:
            self.recheck_in(left)
            return
        paths = [str(record.result["output_path"]) for record in exports]
        self.start_stage(config_key, iteration, {"paths": paths})

    def _exports(self, config_key: str, iteration: int) -> list[StageRecord]:
        records = (
            self.journal.stage(config_key, number, "npz_export")
            for number in range(1, iteration + 1)
        )
        return [r for r in records if r is not None and "output_path" in r.result]

    def _last(self, config_key: str, iteration: int) -> float | None:
        records = (self.journal.stage(config_key, n, self.stage) for n in range(1, iteration))
        times = [r.finished_at for r in records if r is not None and "skipped" not in r.result]
        return max((time for time in times if time is not None), default=None)

    def request(self, record: StageRecord) -> JobRequest:
        """Return the job that merges the exports."""
        return self.jobs.request(
            self.kind,
            self.id_of(record.config_key, record.iteration),
            config_key=record.config_key,
            iteration=record.iteration,
            inputs={"samples": tuple(record.inputs["paths"])},
            outputs={"samples": self._path(record)},
            notify=self.path,
        )

    def beginning(self, record: StageRecord) -> Event:
        """Return that the merge began."""
        return NpzCombinationStarted(config_key=record.config_key, iteration=record.iteration)

    def ending(self, record: StageRecord) -> Event:
        """Return that the merge is done, or why there is none."""
        result = record.result
        if record.status == "failed" or "skipped" in result:
            return NpzCombinationFailed(
                config_key=record.config_key,
                error=record.error or str(result["skipped"]),
                iteration=record.iteration,
            )
        return NpzCombinationComplete(
            config_key=record.config_key,
            output_path=str(result.get("output_path", self._path(record))),
            total_samples=int(result.get("total_samples", 0)),
            samples_by_source=result.get("samples_by_source"),
            duration_seconds=result.get("duration_seconds"),
            iteration=record.iteration,
        )

    def _path(self, record: StageRecord) -> str:
        return output(self.jobs, "training_sets", record.config_key, record.iteration)
