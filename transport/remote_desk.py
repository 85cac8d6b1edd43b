"""Messages between this node's actors and those of other nodes, in both directions."""

from __future__ import annotations

from collections.abc import Mapping  # the Struct needs it
from threading import Lock
from typing import TYPE_CHECKING, Any, Final

from msgspec import Struct

from ringleader.actors.errors import BadValue, StoppedError
from ringleader.actors.remote_errors import NodeDown
from ringleader.actors.remote_ref import Address, NodeRef

from .remote_asks import Asks
from .remote_classes import KnownClasses
from .remote_exports import Exports
from .remote_messages import (
    Answer,
    Ask,
    Ended,
    Failure,
    Forget,
    Frame,
    Parcel,
    Receipt,
    Tell,
    Unheard,
    Unwatch,
    Watch,
    Watching,
    decode,
)
from .remote_options import RemoteOptions
from .remote_parcels import Parcels
from .remote_post import Post
from .remote_serving import Serving
from .remote_watched import Watched
from .remote_watches import Watches

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from ringleader.actors.cell import Cell
    from ringleader.actors.context import Context
    from ringleader.actors.future import Reply
    from ringleader.actors.incarnation import Watcher

DAY: Final = 86_400.0
"""Seconds that anything may take at most."""
REFS: Final = 10_000
"""Refs that are kept; one that is forgotten is made again, and equal."""


class RemoteStatistics(Struct, frozen=True, kw_only=True):
    """Counters of remote refs.

    Attributes:
        counts: what happened how often: `tells`, `durable` and `asks` sent, `told`, `delivered`
            and `asked` received; `refused`, `failed`, `expired`, `forgotten`, `resent`,
            `duplicates`, `stale`, `unreadable`, `late_answers`, `undelivered`.
        asks: of this node, without an answer.
        durable: messages of this node, without a receipt.
        serving: asks of other nodes, without an answer.
        watches: of this node's actors on others'.
        watched: watches of other nodes here.
    """

    counts: Mapping[str, int]
    asks: int
    durable: int
    serving: int
    watches: int
    watched: int


class RemoteDesk:
    """Sends and takes messages of actors. It has no thread and no socket of its own.

    `received`, `met`, `lost` and `tick` are called by one thread, the sockets'; all else by any.

    Args:
        context: the system's.
        root: the cell at the top of its tree.
        send: takes data for a node, from any thread; tells whether there is a link to it now.
            It must not block and keeps the order.
        epoch: of this life of this node.
        exports: paths of the actors that others may reach, see `Exports`.
        classes: that others may name, beside what `KnownClasses` knows: event types of one's own,
            classes of answers.
        options: limits and times.
    """

    def __init__(
        self,
        context: Context,
        root: Cell,
        send: Callable[[str, bytes], bool],
        *,
        epoch: int,
        exports: Iterable[str] = (),
        classes: Iterable[type[Any]] = (),
        options: RemoteOptions | None = None,
    ) -> None:
        self.options = options or RemoteOptions()
        self.known = KnownClasses(classes)
        self._post = Post(
            context=context,
            epoch=epoch,
            send=send,
            exports=Exports(root, exports),
            known=self.known,
            make=self.ref,
            options=self.options,
        )
        self._asks, self._parcels = Asks(self._post), Parcels(self._post)
        self._serving = Serving(self._post)
        self._watches, self._watched = Watches(self._post), Watched(self._post)
        self._lock = Lock()
        self._refs: dict[Address, NodeRef[Any]] = {}

    # ------------------------------------------------------------------- for refs

    def ref(self, address: Address) -> NodeRef[Any]:
        """Return the ref of an address; nothing is sent."""
        with self._lock:
            known = self._refs.pop(address, None)
            ref: NodeRef[Any] = NodeRef(self, address) if known is None else known
            self._refs[address] = ref  # the ones not used for long come first
            if len(self._refs) > REFS:
                del self._refs[next(iter(self._refs))]
        return ref

    def expect(self, what: Callable[..., Any]) -> None:
        """Let come from other nodes what a method, or those of an actor's class, return."""
        if isinstance(what, type):
            self.known.learn(what)
        else:
            self.known.learn_method(what)

    def tell(self, ref: NodeRef[Any], message: Any) -> None:
        """Send a message, at most once."""
        verb, body = self._post.write(ref, message)
        self._post.count("tells")
        if not self._post.post_once(ref.node, Tell(ref.address.path, verb, body)):
            raise NodeDown(ref.node, "there is no link to it")

    def tell_durably(self, ref: NodeRef[Any], message: Any, seconds: float | None) -> Reply[None]:
        """Send a message until it is acknowledged."""
        written = self._post.write(ref, message)
        limit = self.options.durable_timeout if seconds is None else seconds
        return self._parcels.send(ref, written, message, min(limit, DAY))

    def ask(self, ref: NodeRef[Any], message: Any, seconds: float | None) -> Reply[Any]:
        """Send a message; return the future of its answer."""
        verb, body = self._post.write(ref, message)
        limit = self.options.ask_timeout if seconds is None else seconds
        return self._asks.ask(ref, verb, body, min(max(limit, 0.0), DAY))

    def look(self, ref: NodeRef[Any], what: str, seconds: float) -> Reply[Any]:
        """Ask a node whether an actor is `alive`, or for its `names`."""
        self._post.check(ref)
        return self._asks.ask(ref, "alive" if what == "alive" else "names", b"", seconds)

    def watch(self, ref: NodeRef[Any], watcher: Watcher) -> None:
        """Tell `watcher` of the end of an actor, or of its node."""
        self._post.check(ref)
        self._watches.add(ref, watcher)

    def unwatch(self, ref: NodeRef[Any], watcher: Watcher) -> None:
        """Not tell `watcher`."""
        self._watches.remove(ref, watcher)

    # ------------------------------------------------------------------- for the bridge

    def received(self, node: str, data: bytes) -> None:
        """Take data of a node, whose identity is known to be right. Raises nothing."""
        if self._post.closed:
            return
        try:
            frame = decode(data, self.options.max_bytes)
        except BadValue as error:
            self._post.complain("unreadable", f"node {node!r}", str(error))
            return
        peer = self._post.peer(node)
        if not peer.epoch:
            self.met(node, frame.epoch)
        if frame.epoch != peer.epoch or frame.life not in (0, self._post.epoch):
            self._post.count("stale")
        elif not peer.is_new(frame.number):
            self._post.count("duplicates")
        else:
            self._take(node, frame)

    def _take(self, node: str, frame: Frame) -> None:  # noqa: C901  # one line for each message
        life = frame.epoch
        match frame.message:
            case Tell() as tell:
                self._serving.told(node, life, tell)
            case Ask() as ask:
                self._serving.asked(node, life, ask)
            case Answer() | Failure() as answer:
                self._asks.answered(node, answer)
            case Parcel() as parcel:
                self._serving.delivered(node, life, parcel)
            case Receipt() as receipt:
                self._parcels.settled(node, receipt)
            case Forget(number):
                self._serving.forget(node, number)
            case Watch() as watch:
                self._watched.watch(node, life, watch)
            case Watching() as answer:
                self._watches.holds(node, answer)
            case Ended() as end:
                self._watches.ended(node, end)
            case Unwatch(number):
                self._watched.unwatch(node, number)
            case Unheard(path, problem):
                self._post.complain("unheard", str(Address(node, path)), f"a message: {problem}")

    def met(self, node: str, epoch: int) -> None:
        """Hear that a node is there, in which life; may be repeated. Before anything it sends.

        A new life ends what was open with the one before; what is to be delivered durably is sent.
        Frames of any other life are dropped, and nothing but what is durable is sent before, so
        this must be said whenever a life begins: with its first hello, or a heartbeat.
        """
        peer = self._post.peer(node)
        if epoch and epoch != peer.epoch and not peer.is_former(epoch):
            if peer.begin(epoch):
                self._over(node, NodeDown(node, "it was started anew"), for_good=True)
            self._parcels.hurry(node)

    def lost(self, node: str, why: str) -> None:
        """Hear that a node is down, or has said goodbye: who waits for it is told."""
        self._over(node, NodeDown(node, why), for_good=False)

    def back(self, node: str) -> None:
        """Hear that there is a link to a node again: what waits for it is sent."""
        self._parcels.hurry(node)

    def _over(self, node: str, error: NodeDown, *, for_good: bool) -> None:
        self._serving.lost(node, for_good=for_good)
        self._watched.lost(node)
        self._asks.lost(node, error)
        self._watches.lost(node, error)

    def tick(self, now: float) -> None:
        """Do what is due; to be called every 0.1 s or so. `now`: the clock's monotonic seconds."""
        self._asks.tick(now)
        self._parcels.tick(now)
        self._serving.tick(now)
        self._watches.tick(now)
        self._watched.tick(now)

    def close(self) -> None:
        """End everything that is open with an error; from now on nothing is sent or taken.

        Durable messages without a receipt become dead letters of this node.
        """
        error = StoppedError("the bridge of this node was stopped")
        self._watches.close()
        self._serving.lost(None, for_good=True)
        self._watched.lost(None)
        self._post.closed = True
        self._asks.close(error)
        self._parcels.close(error)

    def statistics(self) -> RemoteStatistics:
        """Return the counters."""
        return RemoteStatistics(
            counts=dict(self._post.counts),
            asks=len(self._asks),
            durable=len(self._parcels),
            serving=len(self._serving),
            watches=len(self._watches),
            watched=len(self._watched),
        )
