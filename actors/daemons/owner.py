"""Actors that have jobs done: admission first, then the job supervisor, then the report."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

from ..coordinators.addresses import ADMISSION, send
from ..coordinators.messages import EndTask, RequestSpawn, SpawnAnswer
from ..coordinators.reconciler import Reconciler
from ..handlers import handles
from ..paths import find
from .job_messages import JobFinished, JobGaveUp, JobProgress, JobRequest, JobStarted, StartJob

if TYPE_CHECKING:
    from ..journal import StageJournal
    from .job_settings import JobSettings

logger = logging.getLogger("ringleader.pipeline")


class JobOwner(Reconciler):
    """Has jobs done that the journal says are under way, and hears how they end.

    A subclass calls `ensure` for each such job in every recheck: it is asked for until it runs,
    and asked for again whenever nobody can know that it does. A job's id follows from what it
    is for, so the job supervisor starts none twice, and reports a finished one again.

    Args:
        journal: the stage journal.
        jobs: how jobs are run.
        period: seconds between two rechecks.
    """

    def __init__(self, journal: StageJournal, jobs: JobSettings, period: float) -> None:
        super().__init__(journal, period)
        self.jobs = jobs
        self._waiting: dict[str, JobRequest] = {}
        self._admitted: set[str] = set()

    # ---------------------------------------------------------------- for subclasses

    def finished(self, report: JobFinished) -> None:
        """Take a job's result. It may come again."""
        raise NotImplementedError

    def gave_up(self, report: JobGaveUp) -> None:
        """Hear that a job is not tried again by itself. It may come again."""
        raise NotImplementedError

    def admitted(self, request: JobRequest) -> None:
        """Note that a job may start, before it does. It may come again."""

    def progressed(self, report: JobProgress) -> None:
        """Hear how far a job is."""

    def ensure(self, request: JobRequest) -> None:
        """Let a job run, if it does not; without a coordinator for admission it is not asked."""
        if request.job_id in self._admitted:
            self._start(request)
            return
        if find(self, ADMISSION) is None:
            self._admit(request)
            return
        self._waiting[request.job_id] = request
        send(
            self,
            ADMISSION,
            RequestSpawn(
                task_id=request.job_id,
                task_type=request.task_type,
                config_key=request.config_key,
                iteration=request.iteration,
                stage=request.stage,
                reply_to=self.actor_ref,
            ),
        )

    def over(self, report: JobFinished | JobGaveUp) -> None:
        """Give up a job's place. Call it once the journal knows."""
        request = report.request
        self._admitted.discard(request.job_id)
        self._waiting.pop(request.job_id, None)
        match report:
            case JobFinished(result=result, seconds=seconds):
                outcome: dict[str, Any] = {"result": result, "seconds": seconds}
            case JobGaveUp(kind=kind, message=message):
                outcome = {"error": f"{kind}: {message}"}
        end = EndTask(
            task_id=request.job_id,
            task_type=request.task_type,
            config_key=request.config_key,
            iteration=request.iteration,
            **outcome,
        )
        send(self, ADMISSION, end)

    # ---------------------------------------------------------------- messages

    @handles(SpawnAnswer, idempotent=True)
    def hear_answer(self, answer: SpawnAnswer) -> None:
        """Start a job that was admitted; ask again later for one that was not."""
        request = self._waiting.get(answer.task_id)
        if request is None:
            return
        if answer.granted:
            del self._waiting[answer.task_id]
            self._admit(request)
        else:
            logger.debug("%s waits: %s", answer.task_id, answer.reason)
            self.recheck_in(answer.retry_after)

    @handles(JobStarted, idempotent=True)
    def hear_started(self, report: JobStarted) -> None:
        """Do nothing: what was admitted counts as started."""

    @handles(JobProgress)
    def hear_progress(self, report: JobProgress) -> None:
        """Pass it on."""
        self.progressed(report)

    @handles(JobFinished, idempotent=True)
    def hear_finished(self, report: JobFinished) -> None:
        """Take the result, give up the place, and see what is next."""
        self.finished(report)
        self.over(report)
        self.recheck()

    @handles(JobGaveUp, idempotent=True)
    def hear_gave_up(self, report: JobGaveUp) -> None:
        """Take note of the failure, give up the place, and see what is next."""
        logger.warning("job %s failed: %s", report.request.job_id, report.message)
        self.gave_up(report)
        self.over(report)
        self.recheck()

    def _admit(self, request: JobRequest) -> None:
        self.admitted(request)
        self._admitted.add(request.job_id)
        self._start(request)

    def _start(self, request: JobRequest) -> None:
        if not send(self, self.jobs.supervisor, StartJob(request)):
            logger.info("%s waits: nobody runs jobs at %s", request.job_id, self.jobs.supervisor)
