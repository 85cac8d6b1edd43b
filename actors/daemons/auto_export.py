"""Games become samples as soon as there are enough of them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from ..coordinators.running import players
from ..events.data import ExportValidationFailed, NpzExportComplete, NpzExportStarted
from ..events.selfplay import NewGamesAvailable, SelfplayComplete
from ..handlers import handles
from ..options import WorkloadOptions  # noqa: TC001  # the configuration reads the annotation
from .export_rules import AutoExportOptions, is_urgent, seconds_left, unready
from .files import output
from .stage_owner import StageOwner

if TYPE_CHECKING:
    from ..coordinators.reconciler import Recheck
    from ..events.base import Event
    from ..journal import Stage, StageJournal, StageRecord, WorkItem
    from ..workloads.protocol import JobKind
    from .job_messages import JobRequest
    from .job_settings import JobSettings


class AutoExportDaemon(StageOwner):
    """Exports the games of an iteration, with those of earlier ones that had too few.

    An iteration without enough games leaves its export out: its games go with the next one's.

    Args:
        options: when games are exported.
        journal: which games there are.
        jobs: how jobs are run.
        workload: which configs there are.
    """

    stage: ClassVar[Stage] = "npz_export"
    kind: ClassVar[JobKind] = "export"

    def __init__(
        self,
        options: AutoExportOptions,
        journal: StageJournal,
        jobs: JobSettings,
        workload: WorkloadOptions,
    ) -> None:
        super().__init__(
            journal, jobs, workload, period=options.batch_interval, limit=options.max_concurrent
        )
        self._options = options
        self._batch_due = False

    def on_recheck(self, message: Recheck) -> None:
        """Look at every config; it is a batch's turn."""
        self._batch_due = True
        super().on_recheck(message)
        self._batch_due = False

    @handles(SelfplayComplete, idempotent=True)
    def take_games(self, event: SelfplayComplete) -> None:
        """Export at once if there are many games; else the next batch does."""
        self.look_at(event.config_key, self.journal.iteration(event.config_key))

    def begin(self, config_key: str, iteration: int) -> None:
        """Export when there are enough games, the last export is long ago, and it is time."""
        pending = self._pending(config_key, iteration)
        games = sum(int(item.result.get("games", item.units)) for item in pending)
        reason = unready(games, None, players(config_key), self._options)
        if reason:
            self.skip(config_key, iteration, reason)
            return
        left = seconds_left(self._last(config_key, iteration), self._options.cooldown, self.now)
        if left > 0:
            self.recheck_in(left)
            return
        if self._batch_due or is_urgent(games, players(config_key), self._options):
            paths = [str(item.result["output_path"]) for item in pending]
            self.start_stage(config_key, iteration, {"games": games, "paths": paths})

    def _pending(self, config_key: str, iteration: int) -> list[WorkItem]:
        """Return the work items whose games were not exported yet, in order."""
        first = 1
        for earlier in range(1, iteration):
            record = self.journal.stage(config_key, earlier, self.stage)
            if record is not None and record.status == "done" and "skipped" not in record.result:
                first = earlier + 1
        items = self.journal.work(config_key, kind="selfplay", status="done")
        wanted = [i for i in items if first <= i.iteration <= iteration]
        return sorted(wanted, key=lambda item: (item.iteration, item.part))

    def _last(self, config_key: str, iteration: int) -> float | None:
        records = (
            self.journal.stage(config_key, earlier, self.stage) for earlier in range(1, iteration)
        )
        times = [r.finished_at for r in records if r is not None and "skipped" not in r.result]
        return max((time for time in times if time is not None), default=None)

    def request(self, record: StageRecord) -> JobRequest:
        """Return the job that turns the games into samples."""
        return self.jobs.request(
            self.kind,
            self.id_of(record.config_key, record.iteration),
            config_key=record.config_key,
            iteration=record.iteration,
            inputs={"games": tuple(record.inputs["paths"])},
            outputs={"samples": output(self.jobs, "samples", record.config_key, record.iteration)},
            notify=self.path,
        )

    def beginning(self, record: StageRecord) -> Event:
        """Return that the export began."""
        return NpzExportStarted(
            config_key=record.config_key,
            games_pending=int(record.inputs["games"]),
            iteration=record.iteration,
        )

    def ending(self, record: StageRecord) -> Event:
        """Return that the export is done, or why there is none."""
        result = record.result
        if record.status == "failed" or "skipped" in result:
            reason = record.error or str(result["skipped"])
            return ExportValidationFailed(
                config_key=record.config_key, reason=reason, iteration=record.iteration
            )
        return NpzExportComplete(
            config_key=record.config_key,
            output_path=_path(self.jobs, record),
            samples_exported=int(result.get("samples", 0)),
            games_exported=_count(result.get("games")),
            duration_seconds=result.get("duration_seconds"),
            iteration=record.iteration,
        )

    def settle(self, record: StageRecord) -> None:
        """Tell that new games can be used."""
        if record.status != "done" or "skipped" in record.result:
            return
        key = f"new_games:{record.config_key}:{record.iteration}"
        games = NewGamesAvailable(
            config_key=record.config_key,
            count=_count(record.result.get("games")) or 0,
            samples=_count(record.result.get("samples")),
            trigger="export",
            node_id=self.context.node_id,
            iteration=record.iteration,
        )
        self.publish_once(key, games)


def _path(jobs: JobSettings, record: StageRecord) -> str:
    default = output(jobs, "samples", record.config_key, record.iteration)
    return str(record.result.get("output_path", default))


def _count(value: Any) -> int | None:
    return None if value is None else int(value)
