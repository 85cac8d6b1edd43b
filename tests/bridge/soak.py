"""Nodes on hosts that are killed, cut off and frozen: are all sums right in the end?

    python -m tests.bridge.soak [--seconds 60] [--nodes 5] [--rate 300] [--every 2] [--seed 1]

Needs root, for network namespaces. At the end each event that is in its origin's log was handled,
is a dead letter, or was declared lost, at every node; the exit code is 1 if one is not.
"""

from __future__ import annotations

import argparse
import random
import signal
import sys
import tempfile
import threading
import time
from collections import Counter
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from ringleader.transport.event_store import read_events
from tests.bridge.hosts import Host
from tests.bridge.network import Network

if TYPE_CHECKING:
    from collections.abc import Callable

SETTLED = 40.0
"""Seconds that the nodes have in the end, to hand over what is left."""
PUBLISHER = """
[tree.top.children.publisher]
actor = "bridge_actors:Publisher"
"""


class Options(NamedTuple):
    """What is run."""

    seconds: float
    nodes: int
    rate: float
    every: float
    seed: int


class Sums(NamedTuple):
    """What one node has of another one's events."""

    published: int
    handled: int
    lettered: int
    lost: int

    @property
    def is_right(self) -> bool:
        """Whether nothing is missing."""
        return self.published <= self.handled + self.lettered + self.lost


def main() -> int:
    """Run; print what came of it; return the exit code."""
    options = parse()
    network = Network()
    try:
        with tempfile.TemporaryDirectory() as directory:
            soak = Soak(network, Path(directory), options)
            try:
                return soak.run()
            finally:
                soak.end()
    finally:
        network.close()


def parse() -> Options:
    """Read the command line."""
    parser = argparse.ArgumentParser(prog="python -m tests.bridge.soak", description=__doc__)
    parser.add_argument("--seconds", type=float, default=60.0, help="how long")
    parser.add_argument("--nodes", type=int, default=5, help="how many, each on its host")
    parser.add_argument("--rate", type=float, default=300.0, help="events a second of each node")
    parser.add_argument("--every", type=float, default=2.0, help="seconds between two faults")
    parser.add_argument("--seed", type=int, default=1, help="of what is drawn")
    return Options(**vars(parser.parse_args()))


class Soak:
    """The nodes, and what is done to them."""

    def __init__(self, network: Network, path: Path, options: Options) -> None:
        self._network, self._options = network, options
        self._random = random.Random(options.seed)  # noqa: S311  # faults, no secrets
        self._hosts = [Host(network, number + 1, path) for number in range(options.nodes)]
        self._mends: list[tuple[float, Callable[[], object]]] = []
        self._counts: Counter[str] = Counter()
        self._never = threading.Event()
        keys = [host.make_keys() for host in self._hosts]
        for host in self._hosts:
            pairs = zip(self._hosts, keys, strict=True)
            others = [(other, key) for other, key in pairs if other is not host]
            host.configure(others, PUBLISHER + f"options.rate = {options.rate}\n")
            for other, key in others:
                host.allow(other.name, key)

    def run(self) -> int:
        """Let them run and suffer; tell whether all sums are right."""
        for host in self._hosts:
            host.begin()
        for host in self._hosts:
            host.wait()
        end = time.monotonic() + self._options.seconds
        due = time.monotonic() + self._options.every
        while time.monotonic() < end:
            self._never.wait(0.05)
            self._mend(time.monotonic())
            if time.monotonic() >= due:
                self._harm()
                due += self._options.every
        self._mend(float("inf"))
        for host in self._hosts:
            (host.path / "enough").touch()
        return self._account()

    def end(self) -> None:
        """End all nodes."""
        for host in self._hosts:
            host.kill()

    # ---------------------------------------------------------------- harm

    def _harm(self) -> None:
        running = [host for host in self._hosts if host.process is not None]
        host = self._random.choice(running)
        kinds: dict[str, Callable[[Host], Callable[[], object]]] = {
            "killed": self._kill,
            "cut off": self._cut,
            "silenced": self._silence,
            "frozen": self._freeze,
        }
        name = self._random.choice(list(kinds))
        self._counts[name] += 1
        mend = kinds[name](host)
        self._mends.append((time.monotonic() + self._random.uniform(0.5, 4.0), mend))

    def _mend(self, now: float) -> None:
        due = [mend for when, mend in self._mends if when <= now]
        self._mends = [(when, mend) for when, mend in self._mends if when > now]
        for mend in due:
            mend()

    def _kill(self, host: Host) -> Callable[[], object]:
        host.kill()
        return host.begin

    def _cut(self, host: Host) -> Callable[[], object]:
        self._network.cut(host.number)
        return partial(self._network.mend, host.number)

    def _silence(self, host: Host) -> Callable[[], object]:
        other = self._random.choice([each for each in self._hosts if each is not host])
        try:
            self._network.silence(host.number, other.number)
        except OSError:  # it is silent already
            return int
        return partial(self._network.voice, host.number, other.number)

    def _freeze(self, host: Host) -> Callable[[], object]:
        process = host.process
        if process is None:
            return int
        process.send_signal(signal.SIGSTOP)
        return partial(process.send_signal, signal.SIGCONT)

    # ---------------------------------------------------------------- sums

    def _account(self) -> int:
        deadline = time.monotonic() + SETTLED
        while not all(sums.is_right for sums in self._sums().values()):
            if time.monotonic() > deadline:
                break
            self._never.wait(0.5)
        sums = self._sums()
        wrong = {names: each for names, each in sums.items() if not each.is_right}
        twice = sum(len(host.handled_twice()) for host in self._hosts)
        published = {host.name: _published(host) for host in self._hosts}
        say(f"faults: {dict(self._counts)}")
        say(f"published: {published}, together {sum(published.values())}")
        say(f"declared lost: {sum(each.lost for each in sums.values())}")
        say(f"dead letters: {sum(each.lettered for each in sums.values())}")
        say(f"handled again after a kill in the handler: {twice}")
        for (reader, origin), each in wrong.items():
            say(f"WRONG: {reader} of {origin}: {each}")
        for host in self._hosts:
            if any(reader == host.name for reader, _ in wrong):
                say(host.run("bridge", "status"))
                say((host.path / "output").read_text()[-3000:])
        say("all sums are right" if not wrong else f"{len(wrong)} sums are wrong")
        return 1 if wrong else 0

    def _sums(self) -> dict[tuple[str, str], Sums]:
        found: dict[tuple[str, str], Sums] = {}
        published = {host.name: _published(host) for host in self._hosts}
        for host in self._hosts:
            handled = host.handled()
            for origin, number in published.items():
                found[host.name, origin] = Sums(
                    number, handled[origin], _letters(host, origin), _lost(host, origin)
                )
        return found


def say(line: str) -> None:
    """Print a line."""
    sys.stdout.write(f"{line}\n")


def _published(host: Host) -> int:
    """Return how many events of its own publisher are in a node's log."""
    query = (
        "SELECT count(*) FROM events WHERE event_type = 'training_completed' "
        "AND NOT instr(envelope, CAST('origin' AS BLOB))"
    )
    return _count(host, query)


def _letters(host: Host, origin: str) -> int:
    query = "SELECT count(*) FROM dead_letters WHERE instr(payload, CAST(? AS BLOB))"
    return _count(host, query, origin)


def _lost(host: Host, origin: str) -> int:
    query = "SELECT coalesce(sum(last - first + 1), 0) FROM bridge_losses WHERE origin = ?"
    return _count(host, query, origin)


def _count(host: Host, query: str, *bindings: str) -> int:
    file = read_events(host.data / "events.db")
    try:
        ((number,),) = file.rows(query, bindings)
    finally:
        file.close()
    return int(number)


if __name__ == "__main__":
    sys.exit(main())
