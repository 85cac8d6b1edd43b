"""The top of a system's tree: what the system itself keeps alive, and whom the root reports to."""

from __future__ import annotations

from dataclasses import dataclass
from threading import Event as ThreadEvent
from typing import TYPE_CHECKING, Any, ClassVar

from ringleader.actors.base import Actor
from ringleader.actors.dead_letter_keeper import DeadLetterKeeper
from ringleader.actors.events.base import Event
from ringleader.actors.lifecycle import Exited, Failed, Ready, Started, Up
from ringleader.actors.registry import Registry
from ringleader.actors.vigil import WatchList, Watchman
from ringleader.supervisors.spec import ChildSpec
from ringleader.supervisors.supervisor import Supervisor

if TYPE_CHECKING:
    from collections.abc import Callable

    from ringleader.actors.dead_letter_queue import DeadLetterQueue
    from ringleader.actors.hub import EventHub
    from ringleader.actors.lifecycle import News, Reason
    from ringleader.actors.topics import Topic, Where
    from ringleader.supervisors.lifecycle_events import LifecycleEvent
    from ringleader.supervisors.quarantine import Quarantine

SUBSCRIBERS = "/system/subscribers"
"""Where the functions live that subscribe to events."""


@dataclass(frozen=True, slots=True)
class Wards:
    """What the system's own actors look after.

    Attributes:
        hub: what the registry and the publishers share.
        watch_list: who is looked after.
        dlq: dead letters that are tried again by themselves; None: they are not.
    """

    hub: EventHub
    watch_list: WatchList
    dlq: DeadLetterQueue | None


class Root(Supervisor):
    """The supervisor at the top; users' actors are its children, beside `/system`."""

    def __init__(self, wards: Wards, intensity: int, period: int, quarantine: Quarantine) -> None:
        super().__init__()
        self._wards = wards
        self.intensity, self.period, self.quarantine = intensity, period, quarantine

    def init(self) -> list[ChildSpec]:
        """Return what the system itself needs: it starts before everything else, ends after."""
        return [ChildSpec("system", Guardian, (self._wards,))]

    def _announce(self, event: LifecycleEvent, subject: str) -> None:
        if subject != "/system":  # who would route it?
            super()._announce(event, subject)


class Guardian(Supervisor):
    """Keeps the registry, the vigil, the keeper of dead letters, and functions that subscribe."""

    intensity = 10
    period = 60
    announce = False

    def __init__(self, wards: Wards) -> None:
        super().__init__()
        self._wards = wards

    def init(self) -> list[ChildSpec]:
        """Return the registry, who looks after the others, and room for functions."""
        wards = self._wards
        specs = [
            ChildSpec("registry", Registry, (wards.hub,)),
            ChildSpec("vigil", Watchman, (wards.watch_list,)),
        ]
        if wards.dlq is not None:
            specs.append(ChildSpec("dead-letters", DeadLetterKeeper, (wards.dlq,)))
        return [*specs, ChildSpec("subscribers", Subscribers)]


class Subscribers(Supervisor):
    """Keeps the functions that subscribe; one that fails at every event must not end them all.

    One that was stopped is forgotten, and its subscription with it.
    """

    intensity = 1_000
    period = 60
    announce = False
    keeps_ended = False


class Owner:
    """Whom the root reports to."""

    alive = True

    def __init__(self) -> None:
        self.up = ThreadEvent()
        self.ended = ThreadEvent()
        self.reason: Reason = None

    def hear(self, news: News) -> None:
        """Note that the root is up, or why it is not."""
        match news:
            case Started(_, Up()):
                self.up.set()
                return
            case Ready():
                return
            case Started(_, Failed(reason)) | Exited(_, reason):
                self.reason = reason
            case Started():
                self.reason = "ignored"
        self.ended.set()
        self.up.set()


@dataclass(frozen=True, slots=True)
class Wish:
    """What a function wants to be called with; see `System.subscribe`."""

    topic: Topic
    function: Callable[[Any], object]
    where: Where | None = None
    timeout: float | None = None
    durable: str = ""
    idempotent: bool = False


class FunctionSubscriber(Actor):
    """Calls a function with events."""

    dispatcher: ClassVar[str] = "thread"  # the function may block

    def __init__(self, hub: EventHub, wish: Wish) -> None:
        super().__init__()
        self._hub, self._wish, self._function = hub, wish, wish.function

    def on_start(self) -> None:
        """Subscribe."""
        wish = self._wish
        self._hub.subscribe(
            self.actor_ref,
            wish.topic,
            where=wish.where,
            timeout=wish.timeout,
            durable=wish.durable,
            idempotent=wish.idempotent,
        )

    def is_idempotent(self, message: Any) -> bool:  # type: ignore[override]  # as it was wished
        """Tell whether an event may come again after an interruption."""
        return isinstance(message, Event) and self._wish.idempotent

    def on_receive(self, message: Any) -> Any:
        """Call the function with an event."""
        if isinstance(message, Event):
            self._function(message)
        return None
