"""Pykka's kind of actors, made of one behaviour and any of the runtimes: Pykka's own, and ours."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

import pykka
from pykka import ActorRegistry

from ringleader.actors.base import Actor
from ringleader.actors.future import Reply

if TYPE_CHECKING:
    Behaviour = pykka.ThreadingActor
else:
    Behaviour = object  # the rest comes from the runtime


class Pooled(Actor):
    """Runs on our pool."""


class Threaded(Actor):
    """Runs on a thread of its own."""

    dispatcher = "thread"


RUNTIMES: dict[str, type[pykka.Actor]] = {
    "pykka": pykka.ThreadingActor,
    "pool": Pooled,
    "thread": Threaded,
}


class Runtime:
    """One way to run Pykka's actors."""

    def __init__(self, name: str) -> None:
        self.name = name
        self._made: dict[type[Any], type[Any]] = {}

    @property
    def is_ours(self) -> bool:
        """Whether it is not Pykka's."""
        return self.name != "pykka"

    def actor_class(self, behaviour: type[Behaviour]) -> type[Any]:
        """Return the class of actors that behave so."""
        made = self._made.get(behaviour)
        if made is None:
            made = type(behaviour.__name__, (behaviour, RUNTIMES[self.name]), {})
            self._made[behaviour] = made
        return made

    def start(self, behaviour: type[Behaviour], *args: Any, **kwargs: Any) -> pykka.ActorRef[Any]:
        """Start an actor that behaves so."""
        ref: pykka.ActorRef[Any] = self.actor_class(behaviour).start(*args, **kwargs)
        return ref

    def future(self) -> pykka.Future[Any]:
        """Return a new future of the kind that actors answer with."""
        return Reply() if self.is_ours else pykka.ThreadingFuture()


class Echo(Behaviour):
    """Answers with what it is sent; keeps the messages."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__()
        self.given = (args, kwargs)
        self.seen: list[Any] = []

    def on_receive(self, message: Any) -> Any:
        self.seen.append(message)
        if isinstance(message, BaseException):
            raise message
        return message


class Gate(Behaviour):
    """Holds its first message until the gate opens, so that others queue behind it."""

    def __init__(self) -> None:
        super().__init__()
        self.open = threading.Event()
        self.seen: list[Any] = []

    def on_receive(self, message: Any) -> Any:
        self.open.wait(5)
        self.seen.append(message)
        return message


class Hooks(Behaviour):
    """Writes down which hooks are called, in a list that outlives it; fails where it is told to."""

    def __init__(self, log: list[str], fails: str = "") -> None:
        super().__init__()
        self.log, self.fails = log, fails

    def note(self, hook: str) -> None:
        self.log.append(hook)
        if hook in self.fails.split():
            raise ValueError(f"{hook} failed")

    def on_start(self) -> None:
        self.note("on_start")

    def on_stop(self) -> None:
        self.note("on_stop")

    def on_failure(self, exception_type: Any, exception_value: Any, traceback: Any) -> None:
        assert exception_type is type(exception_value)
        assert traceback is exception_value.__traceback__
        self.note("on_failure")

    def on_receive(self, message: Any) -> Any:
        self.note(message)
        return message


def gone(ref: pykka.ActorRef[Any]) -> bool:
    return not ref.is_alive() and ref not in ActorRegistry.get_all()


class Player:
    """Something that an actor has."""

    volume = 5

    def play(self, song: str) -> str:
        return f"playing {song} at {self.volume}"


@pykka.traversable
class Marked(Player):
    """Something that proxies look into."""


class Nested:
    """Marked by hand, with something inside."""

    pykka_traversable = True

    def __init__(self) -> None:
        self.inner = Marked()


class Radio(Behaviour):
    """Has a bit of everything."""

    station = "one"

    def __init__(self) -> None:
        super().__init__()
        self.heard: list[str] = []
        self.closed = Player()
        self.open = pykka.traversable(Player())
        self.nested = Nested()
        self._secret = "hidden"  # noqa: S105  # just a name

    @property
    def loud(self) -> bool:
        return self.open.volume > 5

    @loud.setter
    def loud(self, value: bool) -> None:
        self.open.volume = 9 if value else 1

    @property
    def fixed(self) -> str:
        return "fixed"

    @property
    def broken(self) -> str:
        raise ValueError("never read")

    def hear(self, song: str, *, times: int = 1) -> list[str]:
        self.heard += [song] * times
        return list(self.heard)

    def fail(self, text: str) -> None:
        raise ValueError(text)

    def learn(self) -> None:
        self.learned = lambda: "a new trick"

    def again(self, song: str) -> str:
        self.actor_ref.proxy().hear(song)
        return f"will hear {song}"
