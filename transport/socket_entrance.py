"""What comes in at the doors: subscriptions, questions, and those who are refused."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Final

import zmq

from .key_files import KeysError
from .socket_monitor import Monitor, Sign
from .zap import ZapDesk

if TYPE_CHECKING:
    from collections.abc import Callable

    from .socket_common import Common
    from .socket_doors import Doors

logger = logging.getLogger("ringleader.bridge")

_NO_HANDSHAKE: Final = "no handshake"
_KINDS: Final = {
    Sign.OTHER_MECHANISM: _NO_HANDSHAKE,  # which of these two it is depends on who hangs up first
    Sign.BROKEN_OFF: _NO_HANDSHAKE,
    Sign.OTHER_KEY: "other key",
    Sign.BAD_PROTOCOL: "bad protocol",
    Sign.NOT_ACCEPTED: "not accepted",
}
"""Who can't come in; a key that is not let in is `zap`'s business."""
_WORDS: Final = {
    "other key": "has encrypted for another key than this node's",
    "bad protocol": "speaks something else",
    "not accepted": "could not be served; there may be too many open files",
}

_QUESTION: Final = 2
"""Parts of what the ROUTER gives: who asks, and the frame."""


class Entrance:
    """Serves the doors of a node, in the thread of its sockets.

    Args:
        common: surroundings.
        doors: where others come in.
    """

    def __init__(self, common: Common, doors: Doors) -> None:
        self.doors = doors
        self._context, self._keys, self._loop = common.context, common.keys, common.loop
        self._handler, self._complaints = common.handler, common.complaints
        self._count, self._options = common.counts, common.options
        self._topics: set[bytes] = set()
        self._zap: ZapDesk | None = None
        self._is_waiting = False
        self._public = ""

    @property
    def topics(self) -> int:
        """Different topics that readers subscribe to."""
        return len(self._topics)

    @property
    def is_outdated(self) -> bool:
        """Whether this node has another key now, or somebody is in who would not be let in."""
        if self._keys is None or self._zap is None:
            return False
        return self._keys.pair.public != self._public or self._zap.is_outdated

    def open(self) -> None:
        """Listen.

        Raises:
            zmq.ZMQError: the place is taken, or can't be had.
            KeysError: there is no key pair.
        """
        if self._keys is not None and self._zap is None:
            self._zap = ZapDesk(self._context, self._keys, self._complaints)
            self._loop.watch(self._zap.socket, self._ask_keys)
        self.doors.open(self._context)
        if self._keys is not None:
            self._public = self._keys.pair.public
        if self.doors.publisher is not None and self.doors.desk is not None:
            self._loop.watch(self.doors.publisher, self._subscriptions)
            self._loop.watch(self.doors.desk, self._questions)
        for monitor in self.doors.monitors:
            self._loop.watch(monitor.socket, self._watcher(monitor))

    def close(self, linger: float) -> None:
        """Cut all connections, and listen no more."""
        for monitor in self.doors.monitors:
            self._loop.forget(monitor.socket)
        for socket in (self.doors.publisher, self.doors.desk):
            if socket is not None:
                self._loop.forget(socket)
        self.doors.close(linger)
        self._topics.clear()

    def end(self, linger: float) -> None:
        """Close for good."""
        self.close(linger)
        if self._zap is not None:
            self._loop.forget(self._zap.socket)
            self._zap.close()
            self._zap = None

    def renew(self) -> None:
        """Cut all connections of others, and listen again at the same place, with the keys of now.

        A key that is not let in any more has no other way out: ZeroMQ asks for keys only when a
        connection is made. Those that are let in connect again by themselves.
        """
        self.close(0)
        if self._zap is not None:
            self._zap.start_anew()
        self._count.rebuilt += 1
        self.reopen()

    def reopen(self) -> bool:
        """Listen again if it is closed; tell whether it is open now. To be tried again if not.

        The port is free a moment after it was closed, and not at once.
        """
        if self.doors.publisher is not None:
            return True
        try:
            self.open()
        except (zmq.ZMQError, KeysError) as error:
            if self._is_waiting:  # the first time it is no wonder
                what = f"can't listen at {self.doors.endpoint} again: {error}; trying on"
                self._complaints.about("not listening", "", what)
            self._is_waiting = True
            return False
        self._is_waiting = False
        return True

    # ---------------------------------------------------------------- what comes in

    def _subscriptions(self) -> None:
        publisher = self.doors.publisher
        for _ in range(self._options.budget):
            if publisher is None or publisher.closed:
                return
            try:
                parts = publisher.recv_multipart(zmq.DONTWAIT)
            except zmq.Again:
                return
            for part in parts:  # nonsense is not told apart from what comes behind it
                self._subscription(part)

    def _subscription(self, part: bytes) -> None:
        head, topic = part[:1], part[1:]
        self._count.received_bytes += len(part)
        if head == b"\x01":
            self._topics.add(topic)
        elif head == b"\x00":
            self._topics.discard(topic)
        else:
            self._count.strange += 1
        if len(self._topics) > self._options.most_topics:
            most = self._options.most_topics
            self._complaints.about(
                "too many topics", "", f"readers want more than {most} topics; all are cut off"
            )
            self._loop.call(self.renew)
            self._topics.clear()

    def _questions(self) -> None:
        desk = self.doors.desk
        for _ in range(self._options.budget):
            if desk is None or desk.closed:
                return
            try:
                parts = desk.recv_multipart(zmq.DONTWAIT, copy=False)
            except zmq.Again:
                return
            if len(parts) != _QUESTION:
                self._count.strange += 1
                continue
            frame = parts[1]
            user = "" if self._keys is None else str(frame.get("User-Id"))
            self._question(parts[0].bytes, user, frame.bytes)

    def _question(self, identity: bytes, user: str, frame: bytes) -> None:
        self._count.asked += 1
        self._count.received_bytes += len(frame)
        self._loop.guarded(lambda: self._handler.asked(identity, user, frame))

    def _ask_keys(self) -> None:
        if self._zap is not None:
            for why in self._zap.serve():
                self._handler.refused("", why)

    def _watcher(self, monitor: Monitor) -> Callable[[], None]:
        def watch() -> None:
            for event in monitor.events(self._options.budget):
                if event.sign in _KINDS:
                    self._stranger(_KINDS[event.sign])

        return watch

    def _stranger(self, kind: str) -> None:
        how = "encrypts, which nobody does here" if self._keys is None else "does not encrypt"
        why = f"somebody {_WORDS.get(kind, f'{how}, or broke the handshake off')}"
        if self._complaints.about(kind, "", f"at {self.doors.endpoint}: {why}"):
            self._handler.refused("", why)
