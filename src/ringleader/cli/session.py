"""One node from its start to its end: signals, a look four times a second, the orderly stop."""

from __future__ import annotations

import logging
import queue
import signal
import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal

from ringleader.actors.errors import RingleaderError

from ..progress import news as progress_of
from ..summary import IterationRow, Summary, iteration_rows, summarize
from .look import Onlooker
from .output import CLEAN, PERMANENT
from .signals import signals_to

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from ..node import Node
    from .screen import Screen

TICK: Final = 0.25
"""Seconds between two looks."""

CLOSING: Final = 5.0
"""Seconds that the end may take beyond the node's own time to stop."""

KILLING: Final = 5.0
"""Seconds until a second signal ends the process, whatever still hangs."""

KILLED: Final = 0.5
"""Seconds that threads have to end once all actors and their processes were killed."""

OWN: Final = frozenset(
    {"ringleader-control", "ringleader-deaths", "ringleader-errand", "ringleader-status"}
)
"""Threads of the node itself, which end after those of the system."""

logger = logging.getLogger("ringleader.node")

Phase = Literal["starting", "running", "stopping"]


@dataclass(frozen=True, slots=True)
class StopOrdered:
    """A client ordered the node to stop."""


@dataclass(frozen=True, slots=True)
class Done:
    """Something in the background is done, or failed with an error."""

    what: Literal["start", "stop", "kill"]
    error: Exception | None = None
    in_time: bool = True


@dataclass(frozen=True, slots=True)
class Ending:
    """How a session ended.

    Attributes:
        exit_code: of the command.
        error: what failed for good, if anything.
    """

    exit_code: int
    rows: tuple[IterationRow, ...]
    summary: Summary
    error: str = ""


class Session:
    """Runs a node until it has ended: by itself, by order, or by signal.

    The first signal stops the node in order, a second one now. All news comes through one queue;
    starting and stopping happen in threads, so that a signal is always heard.
    """

    def __init__(self, screen: Screen) -> None:
        self._screen = screen
        self._news: queue.SimpleQueue[signal.Signals | StopOrdered | Done] = queue.SimpleQueue()
        self._phase: Phase = "starting"
        self._signal: signal.Signals | None = None
        self._error = ""
        self._forced = False

    def order_stop(self) -> None:
        """Take a client's order to stop; returns at once."""
        self._news.put(StopOrdered())

    def run(self, node: Node) -> Ending:
        """Open, start, watch, stop and close a node.

        Raises:
            RingleaderError: it can't be opened, or its journal fails; nothing is left of it.
        """
        with signals_to(self._news.put):
            node.open()
            try:
                self._node = node
                return self._live()
            except BaseException:  # the journal's disk, or a fault of ours: leave nothing behind
                node.kill()
                node.stop()
                raise
            finally:
                node.close()

    # ---------------------------------------------------------------- the loop

    def _live(self) -> Ending:
        node, clock = self._node, self._node.clock
        began = clock.now()
        keys = node.settings.workload.config_keys
        self._rows = iteration_rows(node.journal, keys)
        onlooker = Onlooker(node)
        self._deadline: float | None = None
        self._background("start", node.start)
        while not self._is_over(self._next()):
            self._look(keys)
            self._screen.show(onlooker.look(self._phase, self._rows))
        rows = tuple(self._tell_progress(keys))  # what came after the last look, too
        if node.is_finished:
            node.run.finish(clock.time())
        else:
            logger.info("run %s can be gone on with: ringleader up --resume", node.run.number)
        statistics = node.system.statistics()
        summary = summarize(rows, node.system.deaths.all(), statistics, clock.now() - began)
        if not summary.events.is_balanced:
            logger.warning(
                "%s deliveries have %s outcomes: something was not counted",
                summary.events.deliveries,
                sum(summary.events.outcomes.values()),
            )
        return Ending(self._exit_code(rows), rows, summary, self._error)

    def _next(self) -> signal.Signals | StopOrdered | Done | None:
        try:
            return self._news.get(timeout=TICK)
        except queue.Empty:
            return None

    def _is_over(self, news: signal.Signals | StopOrdered | Done | None) -> bool:
        match news:
            case signal.Signals():
                self._heed(news)
            case StopOrdered():
                self._stop("a client ordered it")
            case Done("stop"):
                if not news.in_time:
                    self._tell_threads()
                return True
            case Done("kill"):
                self._deadline = self._node.clock.now() + KILLED
            case Done():
                self._started(news.error)
            case None:
                pass
        return self._is_late()

    def _started(self, error: Exception | None) -> None:
        if error is not None:
            self._fail(str(error))
            return
        logger.info("%s actors are up", self._node.actors)
        if self._phase == "starting":
            self._phase = "running"

    def _heed(self, number: signal.Signals) -> None:
        if self._signal is None:
            self._signal = number
            self._stop(f"{number.name}; once more stops it now")
        elif not self._forced:
            self._forced = True
            logger.warning("%s again: everything is ended now", number.name)
            self._deadline = self._node.clock.now() + KILLING
            self._background("kill", self._node.kill)

    def _tell_progress(self, keys: tuple[str, ...]) -> Sequence[IterationRow]:
        """Log a line for each stage that went on since the last time."""
        rows = iteration_rows(self._node.journal, keys)
        for line in progress_of(self._rows, rows):
            logger.info("%s", line)
        self._rows = rows
        return rows

    def _look(self, keys: tuple[str, ...]) -> None:
        """Tell what is new, and stop when there is nothing left to do."""
        self._tell_progress(keys)
        if self._phase != "running":
            return
        if self._node.system.gave_up:
            self._fail(self._node.why_it_gave_up())
        elif self._node.is_finished:
            self._stop("all iterations are complete")

    # ---------------------------------------------------------------- the end

    def _fail(self, why: str) -> None:
        if self._phase == "stopping":
            return  # what fails while everything is being stopped is no failure
        self._error = why
        self._stop(why)

    def _stop(self, why: str) -> None:
        if self._phase == "stopping":
            return
        self._phase = "stopping"
        logger.info("the node stops: %s", why)
        timeout = self._node.settings.node.shutdown_timeout
        self._deadline = self._node.clock.now() + timeout + CLOSING
        self._background("stop", self._node.stop)

    def _is_late(self) -> bool:
        if self._deadline is None or self._node.clock.now() < self._deadline:
            return False
        self._tell_threads()
        return True

    def _tell_threads(self) -> None:
        """Name the threads that would not end; they end with the process."""
        own = threading.main_thread()
        names = [t.name for t in threading.enumerate() if t is not own and t.name not in OWN]
        logger.warning("these threads did not end in time: %s", ", ".join(sorted(names)))

    def _background(
        self, what: Literal["start", "stop", "kill"], run: Callable[[], object]
    ) -> None:
        def work() -> None:
            try:
                in_time = run() is not False
            except RingleaderError as error:
                self._news.put(Done(what, error))
            except Exception as error:
                logger.exception("the %s failed", what)
                self._news.put(Done(what, error))
            else:
                self._news.put(Done(what, in_time=in_time))

        self._node.system.context.spawn(f"ringleader-{what}", work)

    def _exit_code(self, rows: tuple[IterationRow, ...]) -> int:
        if self._forced and self._signal is not None:
            return 128 + self._signal
        if self._error:
            return PERMANENT
        for row in reversed(rows):
            for stage, error in row.failures.items():
                self._error = f"{stage} of iteration {row.iteration} failed: {error}"
                return PERMANENT
        return CLEAN
