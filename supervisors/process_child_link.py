"""The child's end of the link to the parent."""

from __future__ import annotations

import itertools
import logging
import os
import signal
from _thread import allocate_lock
from typing import TYPE_CHECKING, Any, Final, NoReturn
from weakref import WeakValueDictionary

from ringleader.actors.errors import CannotCross, RingleaderError
from ringleader.actors.remote import RemoteRef
from ringleader.actors.values import Codec

from .process_frames import CHUNK, PARENT_GONE, FrameReader, Word, pack

if TYPE_CHECKING:
    import socket
    from collections.abc import Callable

    from ringleader.actors.ref import Ref
    from ringleader.actors.remote import RemoteReply


logger = logging.getLogger("ringleader.process")

NONSENSE: Final = 70
"""The exit code of a process that can't understand its parent."""


class _Answer:
    """What a thread that made a request waits for."""

    __slots__ = ("_lock", "is_error", "value")

    def __init__(self) -> None:
        self._lock = allocate_lock()
        self._lock.acquire()
        self.value: Any = None
        self.is_error = False

    def set(self, value: Any) -> None:
        self.value = value
        self._lock.release()

    def fail(self, error: BaseException) -> None:
        self.value, self.is_error = error, True
        self._lock.release()

    def get(self) -> Any:
        self._lock.acquire()
        if self.is_error:
            raise self.value
        return self.value


class ChildLink:
    """Sends frames from any thread; one thread of the process's own receives.

    Args:
        sock: to the parent, blocking.
        find_class: imports a class by name.
    """

    def __init__(self, sock: socket.socket, find_class: Callable[[str], type[Any]]) -> None:
        self._sock = sock
        self._sending = allocate_lock()
        self._numbers = itertools.count(1)
        self._waiting: dict[int, _Answer | RemoteReply[Any]] = {}
        self._find_class = find_class
        self.codec = Codec(_Refs(self), find=find_class, where="the parent process")

    def find_class(self, name: str) -> type[Any]:
        """Import a class by `module:qualname`."""
        return self._find_class(name)

    # ------------------------------------------------------------------- sending

    def send(self, *parts: Any) -> None:
        """Send a frame; the process ends here if the parent is gone."""
        frame = pack(*parts)
        try:
            with self._sending:
                self._sock.sendall(frame)
        except OSError:
            end_with_parent()

    def request(self, what: str, *args: Any) -> Any:
        """Have something done in the parent; wait for it."""
        answer = _Answer()
        self._begin(answer, what, args)
        return answer.get()

    def begin(self, reply: RemoteReply[Any], what: str, *args: Any) -> None:
        """Have something done in the parent, and the reply set."""
        reply.number = self._begin(reply, what, args)

    def _begin(self, answer: _Answer | RemoteReply[Any], what: str, args: tuple[Any, ...]) -> int:
        data = self.codec.encode(list(args), f"what is sent by {what}")
        number = next(self._numbers)
        self._waiting[number] = answer
        self.send(Word.REQUEST, number, what, data)
        return number

    def order(self, what: str, *args: Any) -> None:
        """Have something done in the parent; nobody waits for it."""
        self.send(Word.ORDER, what, self.codec.encode(list(args), f"what is sent by {what}"))

    def forget(self, reply: RemoteReply[Any]) -> None:
        """Wait for a reply no more."""
        if self._waiting.pop(reply.number, None) is not None:
            self.order("forget", reply.number)

    # ------------------------------------------------------------------- receiving

    def receive(self, take: Callable[[list[Any]], None]) -> None:
        """Read frames until the parent is gone; then end the process. For a thread of its own."""
        try:
            self._receive(take)
        except Exception:
            logger.exception("the parent can't be understood")
            os._exit(NONSENSE)  # nobody would hear it any more

    def _receive(self, take: Callable[[list[Any]], None]) -> NoReturn:
        reader = FrameReader()
        while True:
            try:
                data = self._sock.recv(CHUNK)
            except OSError:
                data = b""
            if not data:
                end_with_parent()
            for frame in reader.feed(data):
                if frame[0] == Word.ANSWER:
                    self._answered(*frame[1:])
                else:
                    take(frame)

    def _answered(self, number: int, succeeded: bool, data: bytes) -> None:  # noqa: FBT001  # as sent
        answer = self._waiting.pop(number, None)
        if answer is None:
            return  # nobody waits any more
        try:
            value = self.codec.decode(data)
        except RingleaderError as error:
            answer.fail(error)
            return
        if succeeded:
            answer.set(value)
        else:
            answer.fail(value)


def end_with_parent() -> NoReturn:
    """End at once, and with it all processes that this one has started."""
    if os.getpid() == os.getpgrp():
        os.killpg(0, signal.SIGKILL)
    os._exit(PARENT_GONE)


class _Refs:
    """Refs that the parent has given; each is one object here."""

    def __init__(self, link: ChildLink) -> None:
        self._link = link
        self._known: WeakValueDictionary[str, RemoteRef[Any]] = WeakValueDictionary()

    def describe(self, ref: Ref[Any]) -> Any:
        if not isinstance(ref, RemoteRef):
            raise CannotCross(f"{ref!r} can't cross: its actor lives in this process only")
        place = ref.cell
        return [place.path, place.urn, ref.class_name, place.is_anonymous]

    def find(self, data: Any) -> RemoteRef[Any]:
        path, urn, name, is_anonymous = data
        known = self._known.get(urn)
        if known is None:
            made: RemoteRef[Any] = RemoteRef(self._link, path, urn, name, is_anonymous=is_anonymous)
            known = self._known.setdefault(urn, made)
        return known
