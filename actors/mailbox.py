"""The queue of a cell. It outlives incarnations."""

from __future__ import annotations

from _thread import allocate_lock
from collections import deque
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

from .message import Ask, may_be_dropped

if TYPE_CHECKING:
    from collections.abc import Iterator

    from .dispatch import Dispatcher
    from .turns import Turns


Overflow: TypeAlias = Literal["block", "reject", "drop_oldest"]
"""What happens to a message that comes to a full mailbox.

- `block`: the sender waits; but in an actor's turn it gets `MailboxFull`, because a worker that
  waits may be the one that has to make room.
- `reject`: the sender gets `MailboxFull`.
- `drop_oldest`: the oldest message goes to the dead letters.
"""

OVERFLOWS: tuple[Overflow, ...] = ("block", "reject", "drop_oldest")
CAPACITY = 100_000
"""Messages that a mailbox holds by default."""


_NOTHING: list[Any] = []  # what every mailbox begins with; nobody changes it
_USED_UP = iter(_NOTHING)


class Mailbox:
    """A list that producers append to and the owner's turn cuts slices from.

    No wake-up is lost: a producer appends, then looks at `busy`; the consumer clears `busy`,
    releases the lock, then looks at the queue (`Turns.run`). Whoever comes second sees the other.
    Both orders rest on list operations being atomic under the GIL. Producers only append; who takes
    anything out holds the cell's lock. The bound is exact for one producer; several at once may go
    over it by their number.
    """

    __slots__ = (
        "_dispatcher",
        "_owner",
        "batch",
        "busy",
        "capacity",
        "closed",
        "control",
        "cut_off",
        "last_cut",
        "partial",
        "q",
        "sched",
        "waiters",
    )

    def __init__(self, owner: Turns, dispatcher: Dispatcher, capacity: int = CAPACITY) -> None:
        self.q: list[Any] = []
        self.last_cut: list[Any] = _NOTHING
        self.batch: Iterator[Any] = _USED_UP
        self.control: deque[Any] | None = None
        self.sched = allocate_lock()
        self.busy = False
        self.closed = False
        self.capacity = capacity
        self.cut_off = 0
        """How many messages were ever put into batches, and not put back."""
        self.partial = False
        """Whether a turn ended before its batch did."""
        self.waiters: list[Any] | None = None
        self._owner, self._dispatcher = owner, dispatcher

    def put(self, item: Any, /) -> None:
        """Append, whatever the bound: for what the system itself sends."""
        self.q.append(item)
        if not self.busy:
            self.wake()

    def put_control(self, item: Any) -> None:
        """Append to the lane that is read between turns, before all messages."""
        if self.control is None:
            self.control = deque()
        self.control.append(item)
        if not self.busy:
            self.wake()

    def wake(self) -> None:
        """Ask for a turn, unless one is under way or asked for."""
        if self.sched.acquire(False):  # noqa: FBT003  # positional only
            self.busy = True
            self._dispatcher.put(self._owner)

    def again(self) -> None:
        """Ask for another turn; the owner still has the lock."""
        self._dispatcher.put(self._owner)

    @property
    def unread_in_batch(self) -> int:
        """How much of the batch the reader has not come to."""
        return self.batch.__length_hint__()  # type: ignore[attr-defined,no-any-return]  # see take

    @property
    def read(self) -> int:
        """How many messages were ever read."""
        return self.cut_off - self.unread_in_batch

    def unread(self) -> list[Any]:
        """Put the rest of the batch back; a turn that is reading it sees its end.

        Return the message that was read last, in a list, or an empty list if none was: what is
        in hand is known from the reader's place, so that nothing has to be noted per message.
        """
        rest = list(self.batch)
        if rest:
            self.q[:0] = rest
            self.cut_off -= len(rest)
        cut, self.last_cut = self.last_cut, _NOTHING
        place = len(cut) - len(rest)
        return cut[place - 1 : place] if place else []

    def drain(self) -> list[Any]:
        """Take out everything."""
        self.unread()
        count = len(self.q)
        items = self.q[:count]
        del self.q[:count]  # not what comes meanwhile
        self.cut_off += count
        if self.waiters:
            self.let_in()
        return items

    def put_back(self, items: list[Any]) -> None:
        """Put back what was taken out, before what has come meanwhile."""
        self.q[:0] = items
        self.cut_off -= len(items)

    def drop_oldest(self) -> list[Any]:
        """Take out the oldest queued message that may go, if there is one."""
        for place, item in enumerate(self.q):
            if may_be_dropped(item):
                del self.q[place]
                self.cut_off += 1
                return [item]
        return []

    def withdraw(self, reply: Any) -> bool:
        """Take out the ask that a reply is of, as if it had not come; tell whether it was here."""
        for place, item in enumerate(self.q):
            if type(item) is Ask and item.reply_to is reply:
                del self.q[place]
                return True
        return False

    def wait_for_room(self, timeout: float | None = None) -> bool:
        """Block the calling thread until the owner has taken messages, or was closed.

        Tell whether that was within `timeout` seconds.
        """
        lock = allocate_lock()
        lock.acquire()
        if self.waiters is None:
            self.waiters = []
        self.waiters.append(lock)
        if len(self.q) < self.capacity or self.closed:
            return True
        return lock.acquire(timeout=-1 if timeout is None else max(0.0, timeout))

    def close(self) -> None:
        """Take nothing any more: whoever has appended meanwhile finds out in `wake`."""
        self.closed = True
        if self.waiters:
            self.let_in()

    def abandon_turn(self) -> None:
        """Make room for another turn: the one under way will never end."""
        self.unread()
        self.sched = allocate_lock()
        self.busy = False

    def empty(self) -> bool:
        """Tell whether nothing waits to be read."""
        return not self.q and not self.unread_in_batch

    def __len__(self) -> int:
        """Return how many messages wait to be read."""
        return len(self.q) + self.unread_in_batch

    def let_in(self) -> None:
        """Wake the senders that wait for room."""
        waiters = self.waiters
        while waiters:
            waiters.pop().release()
