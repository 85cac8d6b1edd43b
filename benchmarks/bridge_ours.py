"""Ringleader's side: an actor here publishes, an actor of another node handles."""

from __future__ import annotations

from contextlib import contextmanager
from functools import partial
from itertools import count
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING

from ringleader import Actor, ChildSpec, handles
from ringleader.datadir import DataDir
from ringleader.events import TrainingCompleted

from .bridge_light import light
from .bridge_node import ANY_PORT, FAR, NEAR, bridged, endpoint_of, make_keys, settings_of
from .bridge_process import Crossing, far
from .events_disk import directory

if TYPE_CHECKING:
    from collections.abc import Generator

    from ringleader import System
    from ringleader.config.settings import Settings

    from .bridge_light import Light
    from .bridge_node import Bridged
    from .bridge_tally import Tally

KEPT, LIGHT = "kept", "light"
THERE = "are you there?"
FIRST = 1 << 20
"""Added to numbers, so that all are of one length."""

_numbers = count(1)


class Producer(Actor):
    """Publishes events that have `rest` in them."""

    def __init__(self, rest: str) -> None:
        super().__init__()
        self._rest = rest

    @handles(int)
    def publish_many(self, number: int) -> None:
        """Publish so many in one turn."""
        for _ in range(number):
            self.publish(made(self._rest, 0.0))

    @handles(str)
    def publish_one(self, _: str) -> None:
        """Publish one that says when."""
        self.publish(made(self._rest, perf_counter()))


class Receiver(Actor):
    """Counts what it gets."""

    exported = True

    def __init__(self, tally: Tally) -> None:
        super().__init__()
        self._take = tally.take

    @handles(TrainingCompleted)
    def count(self, event: TrainingCompleted) -> None:
        """Count."""
        self._take(event.final_loss or 0.0)

    @handles(str)
    def answer(self, _: str) -> bool:
        """Say that all that was sent before has come."""
        return True


def made(rest: str, sent: float) -> TrainingCompleted:
    """Make an event that says something new."""
    number = FIRST + next(_numbers)
    return TrainingCompleted(
        config_key="hex8_2p", model_path=rest, final_loss=sent, iteration=number
    )


def rest_of(system: System, size: int) -> str:
    """Return what an event must have in it so that its payload has about so many bytes."""
    return "x" * max(0, size - len(system.catalogue.encode(made("", 0.0))))


@contextmanager
def ours(size: int, *, is_kept: bool = True, is_secret: bool = False) -> Generator[Crossing]:
    """Publish from an actor of this process to one of another.

    Args:
        size: bytes of a payload.
        is_kept: whether both nodes keep what crosses; else both are as `bridge_light` has them.
        is_secret: whether what crosses is encrypted.
    """
    with directory() as place:
        here, there = place / NEAR, place / FAR
        for path in (here, there):
            path.mkdir()
        if is_secret:
            make_keys((NEAR, here), (FAR, there))
        with node_of(settings_of(NEAR, bind=ANY_PORT), here, is_kept=is_kept) as node:
            node.start()
            rest = rest_of(node.system, size)
            producer = node.system.start_child(ChildSpec("producer", Producer, (rest,)))
            kind = KEPT if is_kept else LIGHT
            with far("ours", endpoint_of(node.bridge), str(there), kind) as other:
                crossing = Crossing(other, producer.tell, partial(producer.tell, ""))
                crossing.burst(1)  # when it has come, the other node is connected
                yield crossing


@contextmanager
def node_of(settings: Settings, path: Path, *, is_kept: bool) -> Generator[Bridged | Light]:
    """Run a node on a directory."""
    run = bridged(settings, path) if is_kept else light(settings, DataDir(path).keys)
    with run as node:
        yield node


def receive(tally: Tally, endpoint: str, place: str, kind: str) -> None:
    """Run the other node, until there are no more orders."""
    settings = settings_of(FAR, bind=ANY_PORT, peers={NEAR: endpoint})
    with node_of(settings, Path(place), is_kept=kind == KEPT) as node:
        node.system.start_child(ChildSpec("receiver", Receiver, (tally,)))
        node.start()
        tally.obey()
