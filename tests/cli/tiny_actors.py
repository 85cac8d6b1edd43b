"""The actors of the tiny trees that the tests of the command run."""

from __future__ import annotations

import logging
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from ringleader.actors.base import Actor
from ringleader.actors.journal import STAGES
from ringleader.actors.options import WorkloadOptions  # noqa: TC001  # read by the configuration

if TYPE_CHECKING:
    from ringleader.actors.journal import StageJournal

KEY = "tiny"

RESULTS: dict[str, dict[str, Any]] = {
    "selfplay": {"games": 10},
    "npz_combination": {"total_samples": 70},
    "training": {"final_loss": 1.5},
    "evaluation": {
        "elo": 900.0,
        "opponents": {"random": {"win_rate": 0.9}, "first": {"win_rate": 0.6}},
    },
    "promotion": {"promoted": True},
}

logger = logging.getLogger("ringleader.tiny")


class Pipeline(Actor):
    """Finishes one stage after the other; waits at a stage while the file `hold` names it."""

    def __init__(
        self, journal: StageJournal, workload: WorkloadOptions, options: dict[str, Any]
    ) -> None:
        super().__init__()
        self._journal, self._options = journal, options
        self._iterations = workload.iterations

    def on_start(self) -> None:
        self.timers.periodic(0.01, "step")

    def on_receive(self, message: Any) -> None:
        del message
        journal, now = self._journal, self.context.clock.time()
        iteration = journal.iteration(KEY)
        if self._iterations and iteration > self._iterations:
            return
        for stage in STAGES:
            record = journal.stage(KEY, iteration, stage)
            if record is None:
                journal.start_stage(KEY, iteration, stage, now=now)
                return
            if record.status == "started":
                self._finish(iteration, stage)
                return

    def _finish(self, iteration: int, stage: str) -> None:
        if Path("hold").exists() and Path("hold").read_text() == f"{iteration} {stage}":
            return
        if self._options.get("fails") == stage:
            self._journal.fail_stage(KEY, iteration, stage, "no luck", now=1.0)
            self._journal.finish_stage(KEY, iteration, "complete", now=1.0)
            return
        self._journal.finish_stage(
            KEY, iteration, stage, RESULTS.get(stage, {}), now=self.context.clock.time()
        )


class Idle(Actor):
    """Does nothing."""


class Doomed(Actor):
    """Dies a moment after every start."""

    def on_start(self) -> None:
        self.timers.once(0.01, "die")

    def on_receive(self, message: Any) -> None:
        raise ValueError(f"no way\nand more of it: {message}")


class Stillborn(Actor):
    """Does not start."""

    def on_start(self) -> None:
        raise RuntimeError("nothing here")


class Hung(Actor):
    """Never comes back from its only message."""

    dispatcher: ClassVar[str] = "thread"

    def on_start(self) -> None:
        self.actor_ref.tell("hang")

    def on_receive(self, message: Any) -> None:
        logger.warning("%sing", message)
        threading.Event().wait()


class SlowStop(Actor):
    """Takes long to stop."""

    dispatcher: ClassVar[str] = "thread"

    def on_stop(self) -> None:
        logger.warning("stopping slowly")
        threading.Event().wait(20)


class Unready(Actor):
    """Never comes back from its start."""

    dispatcher: ClassVar[str] = "thread"

    def on_start(self) -> None:
        logger.warning("starting for ever")
        threading.Event().wait()


class Mortal(Actor):
    """Dies of what it is told."""

    def on_receive(self, message: Any) -> None:
        raise ValueError(message)
