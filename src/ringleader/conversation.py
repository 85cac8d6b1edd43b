"""One connection of the control socket: its questions in order, and their answers in that order."""

from __future__ import annotations

from collections import deque
from contextlib import suppress
from selectors import EVENT_READ, EVENT_WRITE
from typing import TYPE_CHECKING, Final

from .frames import FrameReader

if TYPE_CHECKING:
    import socket
    from collections.abc import Callable

PIPELINE: Final = 64
"""Questions of one connection under way at once; it is not read further until one is answered."""

_CHUNK: Final = 64 * 1024


class Slot:
    """Room for the answer to one question.

    Attributes:
        answer: the frame, once it is there.
        cancel: called if the client goes before it has the answer.
        alone: whether the questions behind it are not even read until it is answered.
    """

    __slots__ = ("alone", "answer", "cancel")

    def __init__(self) -> None:
        self.answer: bytes | None = None
        self.cancel: Callable[[], object] | None = None
        self.alone = False


class Conversation:
    """What was read and not answered, and what was answered and not sent. Has no thread.

    Attributes:
        connection: its socket, which does not block.
        watched: for what the selector watches it.
        last: whether no more questions are taken.
        ends: called, the last one first, when the connection has ended.

    Args:
        connection: its socket.
        largest: bytes that a question may have.
    """

    def __init__(self, connection: socket.socket, largest: int) -> None:
        self.connection = connection
        self.watched = 0
        self.last = False
        self.ends: list[Callable[[], object]] = []
        self._reader = FrameReader(largest)
        self._slots: deque[Slot] = deque()
        self._out = memoryview(b"")

    # ---------------------------------------------------------------- how it stands

    @property
    def is_idle(self) -> bool:
        """Whether nobody would miss it: nothing is asked, nothing is held."""
        return not self._slots and not self.ends

    @property
    def is_over(self) -> bool:
        """Whether it has said all, and takes no more questions."""
        return self.last and not self._slots and not self._out

    @property
    def is_stuck(self) -> bool:
        """Whether what is due can't be sent: the client does not read."""
        return len(self._out) > 0

    @property
    def interest(self) -> int:
        """For what the selector is to watch it; 0: for nothing."""
        if self._out:
            return EVENT_WRITE
        return 0 if self.last or self._is_full else EVENT_READ

    @property
    def _is_full(self) -> bool:
        return len(self._slots) >= PIPELINE or (bool(self._slots) and self._slots[-1].alone)

    # ---------------------------------------------------------------- in and out

    def receive(self) -> bool:
        """Read what has come; tell whether the client is still there.

        Raises:
            BlockingIOError: nothing has come.
            OSError: the connection broke.
        """
        data = self.connection.recv(_CHUNK)
        self._reader.feed(data)
        return bool(data)

    def next_question(self) -> bytes | None:
        """Return the next question's body; None if there is none yet, or no room for its answer.

        Raises:
            FrameError: what came can't be read on.
        """
        return None if self.last or self._is_full else self._reader.next()

    def open_slot(self) -> Slot:
        """Make room for the next answer."""
        slot = Slot()
        self._slots.append(slot)
        return slot

    def send(self) -> None:
        """Send what is due, as far as the client takes it.

        Raises:
            OSError: the connection broke.
        """
        while True:
            if not self._out:
                due: list[bytes] = []
                while self._slots and (answer := self._slots[0].answer) is not None:
                    self._slots.popleft()
                    due.append(answer)
                if not due:
                    return
                self._out = memoryview(b"".join(due))
            with suppress(BlockingIOError):
                self._out = self._out[self.connection.send(self._out) :]
                continue
            return

    def end(self) -> None:
        """Close the connection, and tell those who work for it or hold something for it."""
        self.connection.close()
        for slot in self._slots:
            if slot.answer is None and slot.cancel is not None:
                slot.cancel()
        while self.ends:
            self.ends.pop()()
