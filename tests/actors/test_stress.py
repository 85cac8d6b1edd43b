"""Crashes, kills and hangs under a load of messages, on real threads that switch all the time."""

from __future__ import annotations

import random
import sys
import threading
from collections import Counter, defaultdict
from typing import TYPE_CHECKING, Any, ClassVar

import pytest

from ringleader import Actor, ChildSpec, Exit, Supervisor, System
from ringleader.actors.letters import DeadLetters, Outcome
from ringleader.actors.options import ActorOptions
from ringleader.testing import unbalanced
from tests.actors.stage import Ledger
from tests.probe import holds, probe

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ringleader.actors.ref import Ref

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("quiet")]

FEEDERS, BATCH, TROUBLES = 2, 25, 300


class Target(Actor):
    """Notes the numbers that it is sent, each life in a list of its own."""

    mailbox_capacity: ClassVar[int | None] = 200
    lives: dict[str, list[list[int]]]
    release: threading.Event

    def on_start(self) -> None:
        self.log: list[int] = []
        self.lives[self.path].append(self.log)

    def on_receive(self, message: Any) -> Any:
        match message:
            case int():
                self.log.append(message)
            case "hang":
                self.release.wait(0.2)
            case "leave":
                raise Exit("normal")
            case _:
                raise RuntimeError(message)
        return message


class Pinned(Target):
    dispatcher = "thread"


class Looping(Target):
    async def on_receive(self, message: Any) -> Any:
        if message == "hang":
            await self.sleep(0.2)
        elif isinstance(message, int) and message % 50 == 0:
            await self.sleep(0)
        return super().on_receive(message)


class Group(Supervisor):
    """Restarts its children whatever happens."""

    intensity = 10**9
    period = 1
    announce = False

    def __init__(self, strategy: Any, kinds: list[type[Target]]) -> None:
        super().__init__()
        self.strategy = strategy
        self.kinds = kinds

    def init(self) -> list[ChildSpec]:
        return [
            ChildSpec(f"{kind.__name__.lower()}{number}", kind, shutdown=0.05)
            for number, kind in enumerate(self.kinds)
        ]


@pytest.fixture
def switching() -> Iterator[None]:
    """Switch threads every 10 µs: what can go wrong between two lines does."""
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-5)
    yield
    sys.setswitchinterval(before)


class Load:
    """Two groups of actors, and what was sent to each of them."""

    def __init__(self, system: System) -> None:
        self.system = system
        self.lives: dict[str, list[list[int]]] = defaultdict(list)
        self.release = threading.Event()
        shared = {"lives": self.lives, "release": self.release}
        kinds = [type(kind.__name__, (kind,), shared) for kind in (Target, Pinned, Looping)]
        for strategy in ("one_for_one", "one_for_all"):
            system.start_child(ChildSpec(strategy, Group, (strategy, [*kinds, kinds[0]])))
        self.groups = [system.ref(f"/{name}") for name in ("one_for_one", "one_for_all")]
        self.refs = [cell.ref for group in self.groups for cell in group.cell.children.values()]
        self.sent: Counter[str] = Counter()
        self.errors: list[BaseException] = []

    def feed(self, refs: list[Ref[Any]]) -> None:
        """Send numbers, most of them told and some asked."""
        try:
            while not self.release.wait(0.001):
                for ref in refs:
                    for _ in range(BATCH):
                        ref.tell(self._next(ref))
                    ref.ask(self._next(ref), block=False)
        except BaseException as error:  # noqa: BLE001  # for the test to see
            self.errors.append(error)

    def _next(self, ref: Ref[Any]) -> int:
        self.sent[ref.path] += 1
        return self.sent[ref.path] - 1

    def trouble(self, chance: random.Random) -> None:
        """Let actors fail, leave and hang; kill them, and their supervisors."""
        kinds = ["fail"] * 5 + ["kill"] * 8 + ["leave", "hang", "hang", "kill the supervisor"]
        try:
            for _ in range(TROUBLES):
                what, ref = chance.choice(kinds), chance.choice(self.refs)
                if what == "kill the supervisor":
                    ref = chance.choice(self.groups)
                if what.startswith("kill"):
                    if (current := ref.cell.current) is not None:
                        ref.cell.kill(current)
                else:
                    ref.tell(what)
                self.groups[0].ask("answers only that it can't", block=False)
                holds(lambda: False, chance.random() * 0.003)
            self.release.set()
        except BaseException as error:  # noqa: BLE001  # for the test to see
            self.errors.append(error)

    def is_quiet(self) -> bool:
        """Tell whether everybody is up again and nothing is left to do."""
        cells = [ref.cell for ref in (*self.groups, *self.refs)]
        return all(
            cell.current is not None
            and cell.current.phase.value == "running"
            and cell.mailbox.empty()
            and not cell.mailbox.control
            and not cell.mailbox.busy
            for cell in cells
        )


@pytest.mark.parametrize("workers", [1, 4])
def test_nothing_is_lost_doubled_or_reordered_and_nobody_is_stuck(
    workers: int, switching: None
) -> None:
    system = System(seed=1, intensity=10**9, period=1, actors=ActorOptions(pool_workers=workers))
    ledger = Ledger()
    system.context.kept = []
    system.context.sink = ledger
    letters = system.context.dead_letters = DeadLetters(capacity=10**6)
    with system:
        load = Load(system)
        threads = [
            threading.Thread(target=load.feed, args=(load.refs[n::FEEDERS],))
            for n in range(FEEDERS)
        ]
        threads.append(threading.Thread(target=load.trouble, args=(random.Random(workers),)))  # noqa: S311  # a seed
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(30)
        probe(load.is_quiet, 15)

    assert load.errors == []
    assert unbalanced(system.context.kept or []) == []
    assert ledger.odd() == []
    assert system.context.abandoned == set()
    buried: defaultdict[str, set[Any]] = defaultdict(set)
    for letter in letters.letters():
        buried[letter.path].add(letter.message)
        assert letter.reason in {Outcome.FAILED, Outcome.INTERRUPTED}
    for ref in load.refs:
        handled = [n for life in load.lives[ref.path] for n in life if n not in buried[ref.path]]
        asked = set(range(BATCH, load.sent[ref.path], BATCH + 1))  # may be in hand at a kill
        missing = set(range(load.sent[ref.path])) - set(handled) - buried[ref.path]
        assert missing <= asked
        assert [n for n in handled if n not in asked] == sorted(set(handled) - asked)
        assert len(load.lives[ref.path]) > 1
