"""`make soak`: a node under load while its actors crash, hang and are killed; are all sums right?

200 actors, 20 of them in processes of their own, hear 2,000 events a second; every half second one
comes to grief. At the end every delivery must have exactly one outcome, nothing may have been
handled twice, and memory, threads, files and children must be as many as they were in second 10.
"""

from __future__ import annotations

import argparse
import random
import sys
import tempfile
import threading
from collections import Counter, defaultdict
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from signal import SIGKILL
from time import perf_counter
from typing import TYPE_CHECKING, Any

import psutil
from rich.console import Console

from ringleader import ChildSpec, Supervisor, System
from ringleader.actors.letters import DeadLetters, Outcome
from ringleader.actors.osprocess_limits import ProcessLimits
from ringleader.testing import unbalanced

from .quiet import quiet
from .soak_actors import LANES, TICKS, InProcess, InThreads, Looping, Notes, Pinned
from .soak_report import Finding, Sample, judge, table

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ringleader import Ref

TEAM = 20
"""Actors of one supervisor."""

STRATEGIES = ("one_for_one", "one_for_all", "rest_for_one", "one_for_one")
IN_THREADS = ("raise", "raise", "raise", "system exit", "system exit", "kill", "hang")
IN_PROCESSES = ("raise", "system exit", "os._exit", "SIGKILL", "segfault", "loop", "balloon")
HANGS = 6
"""Threads that may hang in one run: each costs a thread for the rest of it."""

PROGRESS_DEADLINE = 2.0
MEMORY = 200 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Plan:
    """How long and how hard.

    Attributes:
        seconds: of load.
        seed: of what happens to whom.
        actors: how many.
        processes: how many of them in processes of their own.
        rate: events a second.
        every: seconds between two troubles.
    """

    seconds: float = 60.0
    seed: int = 1
    actors: int = 200
    processes: int = 20
    rate: int = 2_000
    every: float = 0.5

    @property
    def numbers(self) -> int:
        """How many events a lane can get at most."""
        return int(self.seconds * self.rate / LANES) + 1


class Team(Supervisor):
    """Restarts its children whatever happens."""

    intensity = 10**9
    announce = False

    def __init__(self, strategy: Any, specs: list[ChildSpec]) -> None:
        super().__init__()
        self.strategy = strategy
        self._specs = specs

    def init(self) -> list[ChildSpec]:
        """Return the children."""
        return self._specs


@dataclass
class Soak:
    """One run: `start`, `load`, `stop`, and then the findings."""

    plan: Plan
    directory: Path
    notes: dict[str, Notes] = field(default_factory=dict[str, Notes])
    files: dict[str, Path] = field(default_factory=dict[str, Path])
    samples: list[Sample] = field(default_factory=list[Sample])
    troubles: Counter[str] = field(default_factory=Counter[str])
    published: int = 0

    def __post_init__(self) -> None:
        """Make a system that forgets nothing."""
        self.chance = random.Random(self.plan.seed)  # noqa: S311  # what happens to whom
        self.system = System("soak", seed=self.plan.seed, intensity=10**9, event_types=TICKS)
        self.system.context.kept = []
        self.letters = self.system.context.dead_letters = DeadLetters(capacity=10**6)
        self.process = psutil.Process()
        self.hangs = 0

    # ---------------------------------------------------------------- the actors

    def start(self) -> None:
        """Start the teams; each actor hears one lane, over all its lives."""
        self.system.start()
        plan = self.plan
        kinds = (InThreads, InThreads, InThreads, Pinned, Looping)
        every = max(1, plan.actors // max(1, plan.processes))
        for first in range(0, plan.actors, TEAM):
            specs: list[ChildSpec] = []
            for number in range(first, min(first + TEAM, plan.actors)):
                is_process = number % every == 0 and len(self.files) < plan.processes
                specs.append(self._spec(number, InProcess if is_process else kinds[number % 5]))
            strategy = STRATEGIES[(first // TEAM) % len(STRATEGIES)]
            self.system.start_child(ChildSpec(f"team{first // TEAM}", Team, (strategy, specs)))
        cells = [c for c in self.system.cells() if c.path.startswith("/team") and not c.children]
        self.refs: list[Ref[Any]] = [cell.ref for cell in cells]
        for ref in self.refs:
            self.system.hub.subscribe(ref, TICKS[self._lane(ref.path)])

    def _spec(self, number: int, kind: type[Any]) -> ChildSpec:
        name, path = f"actor{number}", f"/team{number // TEAM}/actor{number}"
        common: dict[str, Any] = {"progress_deadline": PROGRESS_DEADLINE, "shutdown": 1.0}
        if kind is InProcess:
            self.files[path] = file = self.directory / name
            return ChildSpec(
                name, kind, (str(file),), limits=ProcessLimits(memory=MEMORY), **common
            )
        self.notes[path] = notes = Notes(self.plan.numbers)
        return ChildSpec(name, kind, (notes,), **common)

    @staticmethod
    def _lane(path: str) -> int:
        return int(path.rpartition("actor")[2]) % LANES

    # ---------------------------------------------------------------- the load

    def load(self, stop: threading.Event) -> None:
        """Publish, make trouble and take samples until the time is up."""
        plan, began = self.plan, perf_counter()
        next_trouble = next_sample = 0.0
        while (now := perf_counter() - began) < plan.seconds and not stop.is_set():
            due = min(int(now * plan.rate), plan.numbers * LANES)
            while self.published < due:
                number, lane = divmod(self.published, LANES)
                self.system.publish(TICKS[lane](number=number))
                self.published += 1
            if now >= next_trouble:
                next_trouble += plan.every
                self._make_trouble()
            if now >= next_sample:
                next_sample += 1.0
                self.samples.append(self.sample(now))
            stop.wait(0.004)

    def _make_trouble(self) -> None:
        in_process = self.chance.random() < 0.5  # few as they are, most can happen to them
        ref = self.chance.choice([r for r in self.refs if (r.path in self.files) is in_process])
        if in_process:
            what = self.chance.choice(IN_PROCESSES)
        else:
            what = self.chance.choice(IN_THREADS)
            if what == "hang":
                self.hangs += 1
                what = "hang" if self.hangs <= HANGS else "raise"
        self.troubles[what] += 1
        if what not in {"SIGKILL", "kill"}:
            ref.tell(what)
            return
        current = ref.cell.current
        if what == "kill" and current is not None:
            ref.cell.kill(current)
            return
        pid = None if current is None else getattr(current.actor, "os_pid", None)
        if pid is not None:
            with suppress(psutil.NoSuchProcess):  # it has just ended by itself
                psutil.Process(pid).send_signal(SIGKILL)

    def sample(self, now: float) -> Sample:
        """Count what must not grow."""
        children = self.process.children()
        states = Counter(_status(child) for child in children)
        return Sample(
            second=now,
            memory=self.process.memory_info().rss,
            threads=self.process.num_threads() - len(self.system.context.abandoned),
            files=self.process.num_fds(),
            children=len(children) - states[psutil.STATUS_ZOMBIE],
            zombies=states[psutil.STATUS_ZOMBIE],
        )

    # ---------------------------------------------------------------- the end

    def is_quiet(self) -> bool:
        """Tell whether everybody is up, and nothing waits."""
        registry = self.system.ref("/system/registry").cell
        cells = [registry, *(ref.cell for ref in self.refs)]
        return all(
            cell.current is not None
            and cell.current.phase.value == "running"
            and cell.mailbox.empty()
            and not cell.mailbox.busy
            for cell in cells
        )

    def settle(self, longest: float = 60.0) -> bool:
        """Wait until everything published was handled; tell whether that came to be."""
        pause, end = threading.Event(), perf_counter() + longest
        while perf_counter() < end:
            if self.is_quiet():
                return True
            pause.wait(0.05)
        return False

    def findings(self, *, settled: bool, stopped: bool) -> list[Finding]:
        """Compare what was published with what became of it."""
        statistics = self.system.statistics().events
        outcomes = sum(statistics.outcomes.values())
        found = [
            Finding("all is quiet at the end", settled),
            Finding("the system stopped in time", stopped),
            Finding(
                "each delivery has one outcome",
                statistics.deliveries == outcomes,
                f"{statistics.deliveries:,} deliveries, {outcomes:,} outcomes",
            ),
            Finding("the counters of all mailboxes balance", *_none(unbalanced(self.kept))),
            *self._noted(),
        ]
        return [*found, *judge(self.samples)]

    @property
    def kept(self) -> list[Any]:
        """Return every cell there ever was."""
        return self.system.context.kept or []

    def _noted(self) -> list[Finding]:
        buried: defaultdict[str, set[int]] = defaultdict(set)
        for letter in self.letters.letters():
            number = getattr(letter.message, "number", None)
            if number is not None:
                buried[letter.path].add(number)
        twice, missing = 0, 0
        for ref in self.refs:
            counts = self._counts(ref.path)
            lane = self._lane(ref.path)
            sent = (self.published - lane + LANES - 1) // LANES
            twice += sum(count > 1 for count in counts)
            lost = {n for n in range(sent) if not counts[n]} - buried[ref.path]
            missing += len(lost)
        return [
            Finding("nothing was handled twice", twice == 0, f"{twice:,} were"),
            Finding("nothing is missing without a dead letter", missing == 0, f"{missing:,} are"),
        ]

    def _counts(self, path: str) -> bytearray:
        if path in self.notes:
            return self.notes[path].counts
        counts, noted = bytearray(self.plan.numbers), self.files[path].read_bytes()
        for place in range(0, len(noted), 4):
            counts[int.from_bytes(noted[place : place + 4], "little")] += 1
        return counts


def _none(problems: list[str]) -> tuple[bool, str]:
    return not problems, "; ".join(problems[:3])


def _status(child: psutil.Process) -> str:
    try:
        return child.status()
    except psutil.NoSuchProcess:
        return psutil.STATUS_DEAD


def run(plan: Plan) -> tuple[Soak, list[Finding]]:
    """Run once; return what was seen."""
    with tempfile.TemporaryDirectory(prefix="soak-") as directory:
        soak = Soak(plan, Path(directory))
        try:
            soak.start()
            soak.load(threading.Event())
            settled = soak.settle()
        finally:
            for notes in soak.notes.values():
                notes.release.set()
            stopped = soak.system.stop(30.0)
        return soak, soak.findings(settled=settled, stopped=stopped)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run as the command line says; return 1 if anything is off."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.soak", description=__doc__)
    usual = Plan()
    parser.add_argument("--seconds", type=float, default=usual.seconds)
    parser.add_argument("--seed", type=int, default=usual.seed)
    parser.add_argument("--actors", type=int, default=usual.actors)
    parser.add_argument("--processes", type=int, default=usual.processes)
    parser.add_argument("--rate", type=int, default=usual.rate, help="events a second")
    parser.add_argument("--every", type=float, default=usual.every, help="seconds between troubles")
    plan = Plan(**vars(parser.parse_args(arguments)))
    with quiet():
        soak, findings = run(plan)
    outcomes: dict[Outcome, int] = soak.system.statistics().events.outcomes
    Console().print(table(soak.samples, soak.troubles, soak.published, outcomes, findings))
    return 0 if all(finding.is_right for finding in findings) else 1


if __name__ == "__main__":
    sys.exit(main())
