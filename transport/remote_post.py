"""What all parts of remote refs share: frames out, lives of nodes, values, counters, the log."""

from __future__ import annotations

import logging
from _thread import get_ident
from collections import Counter
from threading import Lock
from typing import TYPE_CHECKING, Any, Final

from pykka import ActorDeadError

from ringleader.actors.errors import BadValue, CannotCross, RingleaderError, StoppedError
from ringleader.actors.letters import DeadLetter, Outcome
from ringleader.actors.remote_errors import NotExported
from ringleader.actors.remote_ref import Address, NodeRef, parse
from ringleader.actors.values import Codec

from .remote_exports import spoken
from .remote_frames import Peer
from .remote_messages import Frame, Message, encode

if TYPE_CHECKING:
    from collections.abc import Callable

    from ringleader.actors.context import Context
    from ringleader.actors.ref import Ref

    from .remote_classes import KnownClasses
    from .remote_exports import Exports
    from .remote_messages import Verb
    from .remote_options import RemoteOptions

logger = logging.getLogger("ringleader.remote")

QUIET: Final = 60.0
"""Seconds for which a complaint is not repeated."""
COMPLAINTS: Final = 100
"""Most that are logged in that time; the others are counted only."""


class Post:
    """Writes frames and values for other nodes, and reads values. Safe to use from any thread.

    Args:
        context: the system's.
        epoch: of this life of this node.
        send: takes data for a node; tells whether there is a link to it now. Must not block.
        exports: whom others may reach.
        known: which classes they may name.
        make: makes the ref of an address of another node.
        options: limits.
    """

    def __init__(
        self,
        *,
        context: Context,
        epoch: int,
        send: Callable[[str, bytes], bool],
        exports: Exports,
        known: KnownClasses,
        make: Callable[[Address], NodeRef[Any]],
        options: RemoteOptions,
    ) -> None:
        self.context, self.epoch, self.options = context, epoch, options
        self.exports, self.known = exports, known
        self.node = context.node_id
        self.now = context.clock.now
        self.counts: Counter[str] = Counter()
        self.closed = False
        self._send, self._make = send, make
        self._lock = Lock()
        self._peers: dict[str, Peer] = {}
        self._codecs: dict[str, Codec] = {}
        self._said: dict[tuple[str, str], float] = {}

    # ------------------------------------------------------------------- frames

    def peer(self, node: str) -> Peer:
        """Return what is known of a node."""
        with self._lock:
            return self._peers.setdefault(node, Peer())

    def post(self, node: str, message: Message, life: int = 0) -> bool:
        """Send a message to a node; tell whether there is a link to it.

        Args:
            node: which one.
            message: what to say.
            life: of the node, for what means nothing to another one; 0: any.
        """
        peer = self.peer(node)
        with self._lock:
            peer.sent += 1
            number = peer.sent
        return not self.closed and self._send(
            node, encode(Frame(self.epoch, life, number, message))
        )

    def post_once(self, node: str, message: Message) -> bool:
        """Send what must not be done twice, as `post`: for the life of the node that is known.

        A copy that is late would be new to the node's next life. To a node that was never met
        there is no link.
        """
        life = self.peer(node).epoch
        return life > 0 and self.post(node, message, life)

    # ------------------------------------------------------------------- values

    def codec(self, node: str) -> Codec:
        """Return what reads and writes values of a node."""
        codec = self._codecs.get(node)
        if codec is None:
            codec = Codec(
                self,
                find=self.known.find,
                where=f"node {node!r}",
                max_bytes=self.options.max_bytes,
            )
            codec = self._codecs.setdefault(node, codec)
        return codec

    def check(self, ref: NodeRef[Any]) -> None:
        """Make sure that something can be sent to a ref.

        Raises:
            NotExported: the address is of this node; from here it has another ref.
            StoppedError: the bridge was stopped.
            ActorDeadError: the thread's actor was given up while it hung.
        """
        if self.closed:
            raise StoppedError(f"nothing can be sent to {ref}: the bridge of this node was stopped")
        if get_ident() in self.context.abandoned:
            raise ActorDeadError(f"nothing can be sent to {ref} by who was given up")
        if ref.node == self.node:
            raise NotExported(str(ref))

    def write(self, ref: NodeRef[Any], message: Any) -> tuple[Verb, bytes]:
        """Write what is wanted of an actor elsewhere. Raises as `check`.

        Raises:
            CannotCross: it can't be sent.
        """
        self.check(ref)
        verb, value = spoken(message, ref)
        return verb, self.codec(ref.node).encode(value, f"the message to {ref}")

    def read(self, node: str, data: bytes) -> Any:
        """Read a value.

        Raises:
            BadValue: it can't be read, or names a class that is not known.
        """
        try:
            return self.codec(node).decode(data)
        except BadValue:
            raise
        except Exception as error:  # what a class makes of wrong fields is its own affair
            raise BadValue(f"a value from node {node!r} can't be read: {error}") from error

    def describe(self, ref: Ref[Any]) -> Any:
        """Return the address of a ref, for the codec: what another node can reach.

        Raises:
            CannotCross: it can't reach that actor.
        """
        if isinstance(ref, NodeRef):
            return str(ref.address)
        if not self.exports.has(ref):
            raise CannotCross(
                f"{ref} can't be reached from other nodes: name its path in the bridge's "
                "`exports`, or set `exported = True` in its class"
            )
        return str(Address(self.node, ref.path))

    def find(self, data: Any) -> Ref[Any]:
        """Return the ref of an address, for the codec.

        An address of this node that it does not export is a ref that reaches nobody: who is sent
        one must not do for others what they may not do themselves.
        """
        if not isinstance(data, str):
            raise BadValue("an address that is no text")
        address = parse(data)
        if address.node == self.node:
            ref = self.exports.find(address.path)
            if ref is not None:
                return ref
        return self._make(address)

    # ------------------------------------------------------------------- what people see

    def count(self, what: str) -> None:
        """Count something."""
        with self._lock:
            self.counts[what] += 1

    def complain(self, what: str, about: str, text: str) -> None:
        """Count something and log it, unless that was done within the last minute."""
        self.count(what)
        now, key = self.now(), (what, about)
        with self._lock:
            if len(self._said) >= COMPLAINTS or key in self._said:
                self._said = {k: when for k, when in self._said.items() if now < when + QUIET}
            if len(self._said) >= COMPLAINTS or key in self._said:
                return
            self._said[key] = now
        logger.warning("%s: %s", _printable(about), _printable(text))

    def bury(self, address: str, message: Any, error: RingleaderError) -> None:
        """Keep a message that was not delivered as a dead letter of this node."""
        self.count("undelivered")
        self.context.dead_letters.put(
            DeadLetter(
                path=address,
                message=message,
                reason=Outcome.UNDELIVERABLE,
                time=self.context.clock.time(),
                detail=str(error),
            )
        )


def _printable(text: str) -> str:
    """Return a text of which others have chosen a part, on one line."""
    return "".join(letter if letter.isprintable() else "?" for letter in text)
