"""Which classes other nodes may name; and that no name of theirs imports anything."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING, Any, NamedTuple

import msgspec
import pykka
import pytest

from ringleader.actors.base import Actor
from ringleader.actors.errors import BadValue, MailboxFull, RemoteError
from ringleader.actors.events.base import Event, EventType
from ringleader.actors.events.training import TrainingCompleted
from ringleader.actors.handlers import handles
from ringleader.actors.lifecycle import Terminated
from ringleader.actors.packing import Extension, pack
from ringleader.transport.remote_classes import KnownClasses
from ringleader.transport.remote_messages import Answer, Ask, Frame, Tell, encode
from tests.transport.remote_stage import Hidden, Net, Oops, Point, net

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

GREETER = "node-b/greeter"
EPOCH = 7


class Colour(Enum):
    RED = "r"


class Inner(msgspec.Struct):
    colour: Colour


class Pair(NamedTuple):
    left: Inner
    right: int


@dataclass
class Outer:
    pairs: list[Pair] | None
    name: str = ""


class Broken(Exception):  # noqa: N818  # as short as can be
    pass


class Told(Event, frozen=True, kw_only=True):
    EVENT = EventType.custom("TOLD_BETWEEN_NODES")

    what: str


class Worker(Actor):
    @handles(Outer)
    def take(self, message: Outer) -> None:
        """Do nothing."""

    @handles(Told)
    def hear(self, message: Told) -> None:
        """Do nothing."""

    def paint(self, colours: dict[str, Colour]) -> Broken | None:
        """Do nothing."""

    def _own(self, point: Point) -> None:
        """Do nothing."""

    @handles(Terminated)
    def gone(self, end: Terminated) -> None:
        """Do nothing."""


def name(kind: type[Any]) -> str:
    return f"{kind.__module__}:{kind.__qualname__}"


def test_what_an_actor_handles_is_known_with_the_types_of_its_fields() -> None:
    known = KnownClasses()
    for kind in (Outer, Pair, Inner, Colour, Told, Broken):
        assert name(kind) not in known
    known.learn(Worker)
    for kind in (Outer, Pair, Inner, Colour, Told, Broken):
        assert known.find(name(kind)) is kind
    assert name(Point) not in known  # of a private method


def test_errors_of_python_and_of_ringleader_are_known_and_no_others() -> None:
    known = KnownClasses()
    for kind in (ValueError, OSError, MailboxFull, BadValue, pykka.Timeout):
        assert known.find(name(kind)) is kind
    other: type[Any]
    for other in (SystemExit, KeyboardInterrupt, BaseException, Oops, int, type):
        with pytest.raises(ValueError, match="is not known here"):
            known.find(name(other))


def test_what_was_registered_is_known() -> None:
    known = KnownClasses([Outer])
    assert known.find(name(Inner)) is Inner
    known.register(Point)
    assert known.find(name(Point)) is Point


# ---------------------------------------------------------------- on the wire


@pytest.fixture
def two() -> Iterator[Net]:
    """`node-a`, and `node-b` with a greeter."""
    with net() as made:
        made.node("node-a")
        made.node("node-b", exports=["/hidden"]).start("greeter")
        made.nodes["node-b"].start("hidden", Hidden)
        for node, other in (("node-a", "node-b"), ("node-b", "node-a")):
            made.nodes[node].desk.met(other, EPOCH)  # for frames of our own
        yield made


@pytest.fixture
def trap(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A module that tells when it is imported; return where."""
    told = tmp_path / "imported"
    (tmp_path / "trap_for_names.py").write_text(
        f"open({str(told)!r}, 'w').close()\nclass Trap(Exception): pass\n"
    )
    monkeypatch.setattr(sys, "path", [str(tmp_path), *sys.path])
    return told


TRAP = "trap_for_names:Trap"
NAMING = {
    "path": Extension(11, pack([TRAP, "x"])),
    "enum": Extension(12, pack([TRAP, True, "x"])),
    "dataclass": Extension(13, pack([TRAP, {}])),
    "struct": Extension(14, pack([TRAP, {}])),
    "named tuple": Extension(15, pack([TRAP, []])),
    "event by class": Extension(16, pack(["x", TRAP, b"\x80"])),
    "event by name": Extension(16, pack(["trap_for_names", "", b"\x80"])),
    "in a list": [1, {"x": Extension(14, pack([TRAP, {}]))}],
}


@pytest.mark.parametrize("kind", NAMING)
def test_no_module_is_imported_because_a_message_names_it(two: Net, trap: Path, kind: str) -> None:
    body = pack(NAMING[kind])
    desk = two.nodes["node-b"].desk
    desk.received("node-a", encode(Frame(EPOCH, 0, 1, Tell("/hidden", "message", body))))
    desk.received("node-a", encode(Frame(EPOCH, 0, 2, Ask(1, "/hidden", "message", body, 5.0))))
    desk.received("node-a", encode(Frame(EPOCH, 0, 3, Ask(2, "/hidden", "call", body, 5.0))))
    two.settle()
    assert two.nodes["node-b"].actor("/hidden").heard == []
    assert desk.statistics().counts["failed"] == 2
    assert not trap.exists()
    assert "trap_for_names" not in sys.modules


@pytest.mark.parametrize("kind", NAMING)
def test_no_module_is_imported_because_an_answer_names_it(two: Net, trap: Path, kind: str) -> None:
    a = two.nodes["node-a"]
    two.cut.add(frozenset(("node-a", "node-b")))
    reply = a.far(GREETER).ask("x", block=False)
    a.desk.received("node-b", encode(Frame(EPOCH, 0, 1, Answer(1, pack(NAMING[kind])))))
    with pytest.raises(BadValue):
        reply.get(timeout=0)
    assert not trap.exists()
    assert "trap_for_names" not in sys.modules


def test_no_module_is_imported_because_an_error_is_said_to_be_of_it(two: Net, trap: Path) -> None:
    state: list[Any] = [TRAP, ["x"], "x", {}, "", []]
    body = pack(Extension(18, pack(state)))
    desk = two.nodes["node-b"].desk
    desk.received("node-a", encode(Frame(EPOCH, 0, 1, Tell("/hidden", "message", body))))
    two.settle()
    (error,) = two.nodes["node-b"].actor("/hidden").heard
    assert isinstance(error, RemoteError)
    assert error.type_name == TRAP
    assert not trap.exists()


def test_events_of_the_catalogue_cross_by_their_names() -> None:
    event = TrainingCompleted(config_key="hex8_2p", model_path="m.npz")
    with net() as made:
        made.node("node-b", exports=["/hidden"]).start("hidden", Hidden)
        made.node("node-a").far("node-b/hidden").tell(event)
        made.settle()
        assert made.nodes["node-b"].actor("/hidden").heard == [event]


def test_news_of_an_end_cannot_be_forged(two: Net) -> None:
    b = two.nodes["node-b"]
    b.desk.known.register(Terminated)
    end = Extension(13, pack([name(Terminated), {"ref": None, "reason": None}]))
    b.desk.received("node-a", encode(Frame(EPOCH, 0, 1, Tell("/hidden", "message", pack(end)))))
    two.settle()
    assert b.actor("/hidden").heard == []
