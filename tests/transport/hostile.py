"""A stream's owner and its readers, with everything between and below them that can go wrong.

The protocol is the real one. Disks are dictionaries, and commits to them come late or never; the
links lose, double, delay and reorder frames. Every choice comes from a seed, so what happened once
happens again. `hostile_world` makes lives of it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from ringleader.transport.bridge_owner import StreamOwner
from ringleader.transport.bridge_pace import PaceLimits
from ringleader.transport.bridge_reader import Send, StreamReader
from ringleader.transport.bridge_readers import RepairLimits
from ringleader.transport.bridge_reading import ReaderLimits
from ringleader.transport.streams import Stream
from ringleader.transport.wire import decode, encode, events_topic, publication, published
from ringleader.transport.wire_messages import Ack, Evt, Hb, Pull
from tests.transport.memory_boxes import MemoryInbox, MemoryOutbox

if TYPE_CHECKING:
    from collections.abc import Sequence
    from random import Random

    from ringleader.transport.bridge_reader import Action
    from ringleader.transport.streams import Entry
    from ringleader.transport.wire_messages import Message

__all__ = ["MemoryInbox", "MemoryOutbox"]  # and what is defined here

STREAM = Stream("node-a", "pipeline")
TOPIC = events_topic(STREAM.group)
REPAIR = RepairLimits(batch_entries=6, batch_bytes=200, reader_rate=1e9, total_rate=1e9)
READING = ReaderLimits(
    outstanding_entries=12,
    early_entries=8,
    ack_interval=0.2,
    remember_after=0.2,
    pace=PaceLimits(jitter=0.02, patience=0.3, most_patience=2.0),
)


class Faults(NamedTuple):
    """How bad a link is: chances of each frame."""

    loss: float = 0.0
    double: float = 0.0
    reorder: float = 0.0


class Link:
    """One direction of a connection: frames stay in it until they are taken out."""

    def __init__(self, rng: Random, faults: Faults) -> None:
        self._rng = rng
        self._faults = faults
        self.frames: list[bytes] = []
        self.is_dead = False
        """Half open: what is put in vanishes, and nobody is told."""

    def put(self, frame: bytes) -> None:
        loss, double, _ = self._faults
        chance = self._rng.random
        if self.is_dead or (loss and chance() < loss):
            return
        self.frames.append(frame)
        if double and chance() < double:
            self.frames.append(frame)

    def take(self) -> bytes:
        reorder = self._faults.reorder
        if reorder and self._rng.random() < reorder:
            return self.frames.pop(int(self._rng.random() * len(self.frames)))
        return self.frames.pop(0)

    def heal(self) -> None:
        """Be a good link from now on; what was under way is lost."""
        self._faults = Faults()
        self.is_dead = False
        self.frames.clear()


class Reading:
    """A reader with its disk, and the three directions of its link to the owner."""

    def __init__(self, name: str, rng: Random, faults: Faults, memory: int = 1_000_000) -> None:
        self.name = name
        self._rng = rng
        self.inbox = MemoryInbox(memory)
        self.news, self.up, self.down = (Link(rng, faults) for _ in range(3))
        self.links = (self.news, self.up, self.down)
        self.heard: dict[int, int] = {}
        self.warnings: list[str] = []
        self.reader = self._started()

    def crash(self) -> None:
        """Lose what is in memory, and begin again from the disk."""
        self.inbox.crash()
        self.heard = {}
        self.reader = self._started()

    def take_news(self, now: float) -> None:
        """Take one publication from the link."""
        message = published(self.news.take())[1]
        heads = [(head.epoch, head.head) for head in message.heads] if type(message) is Hb else []
        if type(message) is Evt:
            heads = [(message.epoch, message.first + len(message.bodies) - 1)]
        if not self.reader._places.is_new:  # what is beyond retention now was never meant for it
            for epoch, head in heads:
                self.heard[epoch] = max(self.heard.get(epoch, 0), head)
        self.do(self.reader.on(message, now))

    def take_answer(self, now: float) -> None:
        """Take one answer from the link."""
        self.do(self.reader.on(decode(self.down.take()), now))

    def tick(self, now: float) -> None:
        self.do(self.reader.tick(now))

    def settle(self, now: float, most: int = 1_000_000) -> None:
        """Commit, and go on."""
        self.inbox.settle(most)
        self.do(self.reader.committed(now))

    def do(self, actions: Sequence[Action]) -> None:
        """Do what the reader wants done."""
        for action in actions:
            if isinstance(action, Send):
                self.up.put(encode(action.message))
            else:
                self.warnings.append(action.text)

    def _started(self) -> StreamReader:
        return StreamReader(STREAM, self.inbox, self._rng, limits=READING)


class Owning:
    """An owner with its disk, and what it has committed and not published yet."""

    def __init__(self, rng: Random, limits: RepairLimits = REPAIR) -> None:
        self._limits = limits
        self.outbox = MemoryOutbox(rng)
        self.owner = self._started()
        self.unsaid: list[Entry] = []
        self.is_up = True

    def crash(self) -> None:
        """Lose what is in memory."""
        self.is_up = False
        self.unsaid.clear()
        self.outbox.waiting.clear()

    def start(self) -> None:
        """Begin again from the disk: with a new epoch, as ever."""
        self.unsaid.clear()
        self.outbox.waiting.clear()
        self.outbox.open()
        self.owner = self._started()
        self.is_up = True

    def commit(self, *bodies: bytes) -> None:
        self.unsaid += [self.outbox.commit(body) for body in bodies]

    def news(self) -> list[bytes]:
        """Return the frames to be published of what was committed."""
        told, self.unsaid = self.owner.announce(self.unsaid), []
        return [publication(TOPIC, evt) for evt in told]

    def heartbeat(self, now: float) -> bytes:
        return publication(b"control\0", Hb("node-a", 7, now, [self.owner.head()]))

    def serve(self, reading: Reading, now: float) -> None:
        """Take one frame of a reader."""
        message: Message = decode(reading.up.take())
        if isinstance(message, Ack):
            place = reading.inbox.place_in(message.epoch)
            assert place is not None
            assert message.seq < place.next, "acknowledged before it was on disk"
            self.owner.acked(reading.name, message.epoch, message.seq, now)
        elif isinstance(message, Pull):
            answer = self.owner.pull(reading.name, message, now)
            if answer is not None:
                reading.down.put(encode(answer))

    def settle(self, readings: Sequence[Reading], now: float) -> None:
        """Commit changes of epochs, and give the answers that waited for them."""
        self.outbox.settle()
        for name, answer in self.owner.answers(now):
            for reading in readings:
                if reading.name == name:
                    reading.down.put(encode(answer))

    def _started(self) -> StreamOwner:
        return StreamOwner(STREAM, self.outbox, limits=self._limits)
