"""The supervisor of all jobs of a node."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar, Final, Literal, TypeVar, overload

import pykka

from ringleader.actors.daemons.job import GRACE, Job
from ringleader.actors.daemons.job_messages import StartJob

from . import answers
from .calls import StartDynamic
from .dynamic import DynamicSupervisor, DynamicSupervisorRef
from .errors import AlreadyPresent, AlreadyStarted
from .spec import ChildSpec

if TYPE_CHECKING:
    from ringleader.actors.daemons.job_messages import JobRequest
    from ringleader.actors.daemons.job_settings import JobSettings
    from ringleader.actors.future import Reply
    from ringleader.actors.ref import Ref

    from .child import Child
    from .ref import Answer
    from .spec import Term

A = TypeVar("A", bound=pykka.Actor)

FREE_RESTARTS: Final = 3
"""Restarts of one job that come at once."""
FIRST_WAIT: Final = 0.1
"""Seconds before the next one; each wait is twice the one before."""
LONGEST_WAIT: Final = 5.0
"""Seconds."""


class JobSupervisorRef(DynamicSupervisorRef[A]):
    """The address of a `JobSupervisor`."""

    @overload
    def start_job(
        self, request: JobRequest, *, block: Literal[True] = True, timeout: float | None = None
    ) -> Ref[Job]: ...
    @overload
    def start_job(
        self, request: JobRequest, *, block: Literal[False], timeout: float | None = None
    ) -> Answer[Ref[Job]]: ...
    def start_job(
        self, request: JobRequest, *, block: bool = True, timeout: float | None = None
    ) -> Any:
        """Run a job, unless one of this id runs already; return its address.

        `tell(StartJob(request))` does the same without an answer.
        """
        name = request.job_id

        def read(answer: Term) -> Ref[Any]:
            try:
                return answers.started_dynamic(answer, name)
            except AlreadyStarted as known:
                return known.ref
            except AlreadyPresent:  # between two of its processes
                return self.cell.children[name].ref

        return self._send(StartDynamic((request,), name), read, block=block, timeout=timeout)


class JobSupervisor(DynamicSupervisor):
    """Keeps one `Job` for each job id, until the job is done or given up.

    Beside a supervisor's calls it takes `StartJob`. A job of a known id runs already, and asking
    for it again changes nothing; so a restarted coordinator asks for all that its journal says is
    pending, and doubles nothing. A restarted supervisor has no jobs: they are asked for again.

    A job dies with its process, and a process is expected to die: somebody's `kill`, the
    kernel's when memory is short, all at once. So 1,000 restarts in 60 s are allowed, which is
    every job of a full node (32 self-play, 24 evaluation) dying 17 times in a minute; what limits
    one job is its own `attempts`. The first 3 restarts of a job come at once, those after it wait
    0.1 s, 0.2 s, … 5 s.

    Args:
        jobs: of the node.
    """

    ref_class: ClassVar[type[Ref[Any]]] = JobSupervisorRef
    intensity = 1_000
    period = 60
    announce = False  # jobs are no daemons: `TASK_*` events tell of them

    def __init__(self, jobs: JobSettings) -> None:
        super().__init__()
        self.template = ChildSpec("job", Job, (jobs,), restart="transient", shutdown=2 * GRACE)

    def backoff(self, child: Child) -> float:
        """Return how long a job waits for its next process."""
        tired = child.restarts - FREE_RESTARTS
        return min(LONGEST_WAIT, FIRST_WAIT * 2.0 ** min(tired - 1, 10)) if tired > 0 else 0.0

    def _call(self, call: Any, reply: Reply[Any] | None) -> None:
        if isinstance(call, StartJob):
            call = StartDynamic((call.request,), call.request.job_id)
        super()._call(call, reply)
