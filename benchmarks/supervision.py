"""How fast a crash is over: `python -m benchmarks.supervision [--quick] [--json]`.

Pool actors: from the raise to the first message that the next incarnation handles, beside a fresh
`pykka.ThreadingActor` and its first answer. Process actors: a start without and with a spare,
beside a bare interpreter that imports pykka and zmq; and how soon a SIGKILL is noticed.
"""

from __future__ import annotations

import argparse
import json
import signal
import subprocess
import sys
import threading
from contextlib import contextmanager
from statistics import median
from time import perf_counter
from typing import TYPE_CHECKING, Any

import msgspec
import psutil
import pykka
from rich.console import Console
from rich.table import Table

from ringleader import Actor, ActorDied, ChildSpec, System

from .housed import Housed
from .quiet import quiet

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Sequence

    from ringleader import Ref

PATIENCE = 60.0  # seconds until a case counts as hung


class Figure(msgspec.Struct, frozen=True, kw_only=True):
    """A case: seconds of ours and of the peer, and what is asked for.

    Attributes:
        case: what was measured.
        ours: median seconds.
        low: the least.
        high: the greatest.
        peer: median seconds of the peer in the same rounds; None where there is none.
        peer_name: what it is.
        at_most: seconds asked for; None where only the ratio is.
        ratio_at_most: ours over the peer's that is asked for.
    """

    case: str
    ours: float
    low: float
    high: float
    peer: float | None = None
    peer_name: str = ""
    at_most: float | None = None
    ratio_at_most: float | None = None

    @property
    def ratio(self) -> float | None:
        """Ours over the peer's."""
        return None if self.peer is None else self.ours / self.peer

    @property
    def is_reached(self) -> bool:
        """Whether it is what was asked for."""
        in_time = self.at_most is None or self.ours <= self.at_most
        ratio = self.ratio
        return in_time and (
            self.ratio_at_most is None or ratio is None or ratio <= self.ratio_at_most
        )


class Phoenix(Actor):
    """Says when it has handled a message; told to, it crashes."""

    def on_receive(self, message: Any) -> Any:
        """Crash, or set an event."""
        if message == "crash":
            self.raised.append(perf_counter())
            raise RuntimeError(message)
        self.done.set()
        return message

    def __init__(self, raised: list[float], done: threading.Event) -> None:
        super().__init__()
        self.raised, self.done = raised, done


class Stock(pykka.ThreadingActor):
    """A stock actor that answers."""

    def on_receive(self, message: Any) -> Any:
        """Answer."""
        return message


@contextmanager
def node() -> Generator[System]:
    """Run a system in which anything may crash as often as it likes."""
    with System("bench", intensity=10**9) as system:
        yield system


def pool_restart(rounds: int) -> Figure:
    """From the raise to the first message that the next incarnation has handled."""
    ours: list[float] = []
    peer: list[float] = []
    with node() as system:
        raised, done = list[float](), threading.Event()
        ref = system.start_child(ChildSpec("phoenix", Phoenix, (raised, done)))
        for _ in range(rounds):
            done.clear()
            ref.tell("crash")
            ref.tell("hello")
            if not done.wait(PATIENCE):
                raise TimeoutError("the actor did not come back")
            ours.append(perf_counter() - raised[-1])
            begin = perf_counter()
            stock = Stock.start()
            stock.ask("hello", timeout=PATIENCE)
            peer.append(perf_counter() - begin)
            stock.stop()
    return figure(
        "pool: raise to first message handled",
        ours,
        peer,
        "ThreadingActor.start + first ask",
        at_most=0.001,
    )


def process_start(rounds: int) -> Figure:
    """Start a process actor without a spare, until it has answered."""
    ours: list[float] = []
    peer: list[float] = []
    with node() as system:
        for number in range(rounds):
            begin = perf_counter()
            ref = system.start_child(ChildSpec(f"housed{number}", Housed))
            ref.ask("hello", timeout=PATIENCE)
            ours.append(perf_counter() - begin)
            begin = perf_counter()
            subprocess.run([sys.executable, "-c", "import pykka, zmq"], check=True)
            peer.append(perf_counter() - begin)
    return figure(
        "process: start to first answer",
        ours,
        peer,
        "python -c 'import pykka, zmq'",
        ratio_at_most=2.5,
    )


def spare_restart(rounds: int) -> Figure:
    """Kill a process actor that has a spare; from its death to the first answer."""
    ours: list[float] = []
    with node() as system:
        ref = system.start_child(ChildSpec("housed", Housed, spares=1))
        for _ in range(rounds):
            ref.ask("hello", timeout=PATIENCE)
            await_spare(system)
            begin = perf_counter()
            kill(ref)
            first_answer(ref)
            ours.append(perf_counter() - begin)
    return figure("process: SIGKILL to first answer, with a spare", ours, at_most=0.025)


def kill_noticed(rounds: int) -> Figure:
    """From SIGKILL to the end of the incarnation."""
    ours: list[float] = []
    with node() as system:
        heard = threading.Event()

        def hear(_: object) -> None:
            heard.set()

        system.deaths.listener = hear
        ref = system.start_child(ChildSpec("housed", Housed, spares=1))
        for _ in range(rounds):
            ref.ask("hello", timeout=PATIENCE)
            heard.clear()
            begin = perf_counter()
            kill(ref)
            if not heard.wait(PATIENCE):
                raise TimeoutError("nobody noticed")
            ours.append(perf_counter() - begin)
    return figure("process: SIGKILL to the supervisor's decision", ours, at_most=0.005)


CASES: dict[str, tuple[Callable[[int], Figure], int]] = {
    "pool-restart": (pool_restart, 300),
    "process-start": (process_start, 15),
    "spare-restart": (spare_restart, 15),
    "kill-noticed": (kill_noticed, 15),
}
"""The cases and their rounds."""


def kill(ref: Ref[Any]) -> None:
    """Kill the process that an actor lives in."""
    current = ref.cell.current
    if current is None:
        raise RuntimeError(f"nobody lives at {ref.path}")
    psutil.Process(current.actor.os_pid).send_signal(signal.SIGKILL)


def first_answer(ref: Ref[Any]) -> None:
    """Ask until somebody answers: an ask that the dying one had in hand fails."""
    while True:
        try:
            ref.ask("hello", timeout=PATIENCE)
        except ActorDied:
            continue
        return


def await_spare(system: System) -> None:
    """Wait until a process is kept warm beside the one that works."""
    pause, end = threading.Event(), perf_counter() + PATIENCE
    while perf_counter() < end:
        if system.context.processes.statistics().live >= 2 and _is_idle(system):
            return
        pause.wait(0.01)
    raise TimeoutError("no spare came up")


def _is_idle(system: System) -> bool:
    """Tell whether the youngest process has done with its imports: it uses no time any more."""
    children = psutil.Process(system.context.pid).children()
    youngest = max(children, key=lambda child: child.create_time())
    before = sum(youngest.cpu_times()[:2])
    threading.Event().wait(0.05)
    return sum(youngest.cpu_times()[:2]) == before and before > 0.0


def figure(
    case: str,
    ours: Sequence[float],
    peer: Sequence[float] = (),
    peer_name: str = "",
    **asked: float,
) -> Figure:
    """Take the medians of the rounds."""
    theirs = median(peer) if peer else None
    return Figure(
        case=case,
        ours=median(ours),
        low=min(ours),
        high=max(ours),
        peer=theirs,
        peer_name=peer_name,
        **asked,
    )


def table(figures: Sequence[Figure]) -> Table:
    """Return the figures for a person."""
    found = Table("case", "ours", "low-high", "peer", "ratio", "asked", box=None)
    for one in figures:
        asked: list[str] = []
        if one.at_most is not None:
            asked.append(f"{one.at_most * 1e3:g} ms")
        if one.ratio_at_most is not None:
            asked.append(f"{one.ratio_at_most:g} x")
        peer = "" if one.peer is None else f"{one.peer * 1e3:.2f} ms ({one.peer_name})"
        ratio = "" if one.ratio is None else f"{one.ratio:.2f}"
        found.add_row(
            one.case,
            f"{one.ours * 1e3:.2f} ms",
            f"{one.low * 1e3:.2f}-{one.high * 1e3:.2f}",
            peer,
            ratio,
            f"{', '.join(asked)}: {'reached' if one.is_reached else 'NOT REACHED'}",
        )
    return found


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure the cases that were named, or all."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.supervision", description=__doc__)
    parser.add_argument("cases", nargs="*", metavar="case", help=f"of {', '.join(CASES)}")
    parser.add_argument("--quick", action="store_true", help="a third of the rounds")
    parser.add_argument("--json", action="store_true", help="print JSON lines instead of a table")
    options = parser.parse_args(arguments)
    names: list[str] = options.cases or list(CASES)
    for name in names:
        if name not in CASES:
            parser.error(f"no case is named {name!r}; there are {', '.join(CASES)}")
    figures: list[Figure] = []
    with quiet():
        for name in names:
            run, rounds = CASES[name]
            figures.append(run(max(3, rounds // 3 if options.quick else rounds)))
    if options.json:
        for one in figures:
            print(json.dumps(msgspec.to_builtins(one) | {"ratio": one.ratio}))
    else:
        Console(width=160).print(table(figures))


if __name__ == "__main__":
    main()
