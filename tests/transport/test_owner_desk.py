"""What an owner's desk answers to those who ask, and what it refuses."""

from __future__ import annotations

from random import Random
from typing import TYPE_CHECKING

import msgspec
import pytest

from ringleader.transport import owner_desk
from ringleader.transport.bridge_readers import RepairLimits
from ringleader.transport.owner_desk import Greeting, OwnerDesk
from ringleader.transport.streams import NO_HASH
from ringleader.transport.wire import (
    LIMITS,
    MAGIC,
    VERSIONS,
    decode,
    encode,
    events_topic,
    published,
)
from ringleader.transport.wire_messages import (
    Ack,
    Batch,
    Bye,
    Cursor,
    Evt,
    Hb,
    Hello,
    HelloOk,
    Message,
    Peer,
    Pull,
    Refused,
    Remote,
    Welcome,
)
from tests.transport.memory_boxes import MemoryOutbox

if TYPE_CHECKING:
    from collections.abc import Sequence

OTHER = Peer("node-c", "ipc:///tmp/c", "")


class Stage:
    """A desk, and what it does."""

    def __init__(self, *groups: str, repair: RepairLimits | None = None) -> None:
        self.boxes: dict[str, MemoryOutbox] = {}
        self.sent: list[tuple[bytes, Message]] = []
        self.greetings: list[tuple[Hello, str]] = []
        self.words: list[tuple[str, bytes]] = []
        self.gone: list[tuple[str, int]] = []
        self.alive: list[tuple[str, int]] = []
        self.woken = 0
        self.refusal = ""
        self.is_reachable = True
        self.desk = OwnerDesk(
            "node-a",
            7,
            groups=groups or ("pipeline",),
            outbox_of=self.box,
            reply=self._reply,
            greet=self._greet,
            remote=lambda node, data: self.words.append((node, data)),
            alive=lambda node, epoch: self.alive.append((node, epoch)),
            bye=lambda node, epoch: self.gone.append((node, epoch)),
            wake=self._wake,
            repair=repair or RepairLimits(),
            limits=LIMITS,
        )

    def box(self, group: str) -> MemoryOutbox:
        rng = Random(len(self.boxes))  # noqa: S311  # to be repeated
        return self.boxes.setdefault(group, MemoryOutbox(rng))

    def _reply(self, identity: bytes, frame: bytes) -> bool:
        self.sent.append((identity, decode(frame)))
        return self.is_reachable

    def _greet(self, hello: Hello, user: str) -> Greeting:
        self.greetings.append((hello, user))
        return Greeting(self.refusal, [OTHER])

    def _wake(self) -> None:
        self.woken += 1

    def ask(self, *asked: Message, who: bytes = b"b1", now: float = 0.0) -> list[Message]:
        """Ask, and return what comes back to whoever asks."""
        self.sent.clear()
        for message in asked:
            self.desk.asked(who, "key", encode(message), now)
        assert all(to == who for to, _ in self.sent)
        return [message for _, message in self.sent]

    def commit(self, *bodies: bytes, group: str = "pipeline") -> list[bytes]:
        box = self.box(group)
        return self.desk.announce(group, [box.commit(body) for body in bodies])

    @property
    def epoch(self) -> int:
        return self.box("pipeline").segments[-1].epoch


def hello(node: str = "node-b", epoch: int = 3, cursors: Sequence[Cursor] = ()) -> Hello:
    return Hello(node, epoch, VERSIONS, "", "", list(cursors))


def pull(stage: Stage, next_one: int = 1, req: int = 5, group: str = "pipeline") -> Pull:
    epoch = stage.epoch
    before = stage.box("pipeline").hash_at(epoch, next_one - 1) or NO_HASH
    return Pull(req, group, epoch, next_one, before, next_one - 1)


# -------------------------------------------------------------------- greetings


def test_a_greeting_is_answered_with_heads_and_introductions() -> None:
    stage = Stage("pipeline", "p2p")
    stage.commit(b"one", b"two")
    (answer,) = stage.ask(hello())
    assert isinstance(answer, HelloOk)
    assert (answer.node, answer.epoch, answer.version) == ("node-a", 7, VERSIONS[1])
    assert {head.group: head.head for head in answer.heads} == {"pipeline": 2, "p2p": 0}
    assert answer.peers == [OTHER]
    ((said, user),) = stage.greetings
    assert (said.node, user) == ("node-b", "key")
    assert stage.desk.known() == {"node-b"}


def test_a_greeting_tells_where_the_reader_is() -> None:
    stage = Stage()
    stage.commit(b"one", b"two", b"three")
    stage.ask(hello(cursors=[Cursor("pipeline", stage.epoch, 3), Cursor("no group", 1, 1)]))
    (stream,) = stage.desk.streams("node-b")
    assert (stream.direction, stream.place, stream.head, stream.lag) == ("out", 2, 3, 1)
    assert stage.desk.slowest(["node-b"], 0.0) == {"pipeline": 2}


@pytest.mark.parametrize(
    "message",
    [Pull(1, "pipeline", 0, 1, NO_HASH, 0), Ack("pipeline", 1, 1), Remote(b"x"), Bye("node-b", 3)],
)
def test_who_has_not_greeted_is_refused_and_nothing_is_done(message: Message) -> None:
    stage = Stage()
    (answer,) = stage.ask(message)
    assert answer == Refused("unknown: say hello first")
    assert stage.desk.refused == {"no greeting": 1}
    assert stage.words == []
    assert stage.gone == []


def test_a_refused_greeting_is_answered_with_the_reason_and_is_none() -> None:
    stage = Stage()
    stage.refusal = "taken: two nodes call themselves node-b"
    assert stage.ask(hello()) == [Refused(stage.refusal)]
    assert stage.desk.refused == {"taken": 1}
    assert stage.desk.known() == frozenset()
    (answer,) = stage.ask(pull(stage))
    assert isinstance(answer, Refused)


def test_no_version_in_common_is_refused_in_words() -> None:
    stage = Stage()
    newer = msgspec.structs.replace(hello(), versions=(8, 9))
    (answer,) = stage.ask(newer)
    assert answer == Refused("version: it speaks 8 to 9")
    stage.sent.clear()
    stage.desk.asked(b"b2", "", MAGIC + bytes((8, 9)) + b"whatever it says", 0.0)
    ((to, told),) = stage.sent
    assert to == b"b2"
    assert isinstance(told, Refused)
    assert told.reason.startswith("version: it speaks versions 8 to 9")
    assert stage.desk.refused == {"version": 2}
    assert stage.greetings == []


@pytest.mark.parametrize("frame", [b"", b"RB", b"GET / HTTP/1.1", encode(hello())[:-3], b"\0" * 99])
def test_garbage_is_counted_and_gets_no_answer(frame: bytes) -> None:
    stage = Stage()
    stage.desk.asked(b"b1", "", frame, 0.0)
    assert stage.sent == []
    assert stage.desk.refused == {"not a frame": 1}
    stage.commit(b"one")
    _, answer = stage.ask(hello(), pull(stage))
    assert isinstance(answer, Batch)


def test_what_a_reader_does_not_ask_is_counted() -> None:
    stage = Stage()
    stage.ask(hello())
    assert stage.ask(Welcome("node-b", 3)) == []
    assert stage.ask(pull(stage, group="no such group")) == []
    assert stage.ask(Ack("no such group", 1, 1)) == []
    assert stage.desk.refused == {"out of place": 1, "no such group": 1}


def test_a_new_connection_of_a_peer_takes_the_place_of_the_old_one() -> None:
    stage = Stage()
    stage.ask(hello(), who=b"b1")
    stage.ask(hello(), who=b"b2")
    assert stage.desk.say("node-b", Remote(b"to the new one"))
    assert stage.sent[-1] == (b"b2", Remote(b"to the new one"))
    (answer,) = stage.ask(pull(stage), who=b"b1")
    assert isinstance(answer, Refused)


def test_the_number_of_those_who_are_known_is_limited(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(owner_desk, "MOST_ASKERS", 3)
    stage = Stage()
    for n in range(3):
        stage.ask(hello(f"node-{n}"), who=b"%d" % n)
    stage.ask(pull(stage), who=b"0")  # the one that was silent for longest now is another
    stage.ask(hello("node-3"), who=b"3")
    assert stage.desk.known() == {"node-0", "node-2", "node-3"}


# -------------------------------------------------------------------- streams


def test_a_pull_is_answered_from_the_log() -> None:
    stage = Stage()
    stage.commit(b"one", b"two", b"three")
    _, answer = stage.ask(hello(), pull(stage, 2, req=9))
    assert isinstance(answer, Batch)
    assert (answer.req, answer.first, answer.bodies, answer.end) == (9, 2, [b"two", b"three"], 3)


def test_what_is_committed_is_published_on_the_topic_of_its_group() -> None:
    stage = Stage("pipeline", "p2p")
    (frame,) = stage.commit(b"one", b"two", group="p2p")
    topic, event = published(frame)
    assert topic == events_topic("p2p")
    assert isinstance(event, Evt)
    assert (event.first, event.bodies) == (1, [b"one", b"two"])


def test_a_group_that_is_new_gets_an_owner_with_its_first_event() -> None:
    stage = Stage("pipeline")
    stage.commit(b"one", group="p2p")
    assert {head.group for head in stage.desk.heads()} == {"pipeline", "p2p"}


def test_an_acknowledgement_is_noted_and_never_goes_back() -> None:
    stage = Stage()
    stage.commit(b"one", b"two")
    stage.ask(hello(), Ack("pipeline", stage.epoch, 2), Ack("pipeline", stage.epoch, 1))
    assert stage.desk.slowest([], 0.0) == {"pipeline": 2}
    assert stage.desk.slowest(["node-b", "node-z"], 0.0) == {"pipeline": None}
    stage.desk.forget("node-b")
    assert stage.desk.slowest([], 0.0) == {"pipeline": None}


def test_an_answer_that_waits_for_the_log_goes_to_where_the_reader_is_by_then() -> None:
    stage = Stage()
    stage.commit(b"one")
    ahead = Pull(4, "pipeline", stage.epoch, 9, b"12345678", 8)
    assert len(stage.ask(hello(), ahead)) == 1, "the greeting's answer, and nothing yet"
    stage.ask(hello(), who=b"b2")
    stage.box("pipeline").settle()
    assert stage.woken == 1
    stage.sent.clear()
    stage.desk.late_answers(1.0)
    ((to, answer),) = stage.sent
    assert to == b"b2"
    assert getattr(answer, "req", None) == 4


def test_an_answer_to_one_who_is_gone_is_dropped() -> None:
    stage = Stage()
    stage.commit(b"one")
    stage.ask(hello(), Pull(4, "pipeline", stage.epoch, 9, b"12345678", 8))
    stage.ask(Bye("node-b", 3))
    stage.box("pipeline").settle()
    stage.desk.late_answers(1.0)
    assert stage.sent == []


# -------------------------------------------------------------------- words and goodbyes


def test_words_of_remote_refs_are_carried_both_ways() -> None:
    stage = Stage()
    stage.ask(hello(), Remote(b"in"))
    assert stage.words == [("node-b", b"in")]
    assert stage.desk.say("node-b", Remote(b"out"))
    assert stage.sent[-1] == (b"b1", Remote(b"out"))
    assert not stage.desk.say("node-z", Remote(b"out"))
    stage.is_reachable = False
    assert not stage.desk.say("node-b", Remote(b"out"))


def test_nothing_is_said_to_who_has_left() -> None:
    stage = Stage()
    stage.ask(hello())
    assert stage.ask(Bye("node-b", 3)) == []
    assert stage.gone == [("node-b", 3)]
    assert stage.desk.known() == frozenset()
    assert not stage.desk.say("node-b", Remote(b"x"))


def test_who_was_lost_is_known_again_when_it_asks() -> None:
    stage = Stage()
    stage.ask(hello())
    stage.desk.lost("node-b")
    assert stage.desk.known() == frozenset()
    stage.ask(Ack("pipeline", stage.epoch, 0))
    assert stage.desk.known() == {"node-b"}
    assert stage.desk.say("node-b", Remote(b"x"))


def test_nothing_is_kept_for_a_peer_that_is_there_and_does_not_read() -> None:
    stage = Stage("pipeline", "health")
    for group in ("pipeline", "health"):
        stage.box(group).commit(b"one")
    stage.ask(Hello("node-b", 9, VERSIONS))
    assert stage.desk.slowest(["node-b"], 10.0) == {"pipeline": None, "health": None}
    epoch = stage.box("pipeline").segments[-1].epoch
    stage.ask(Ack("pipeline", epoch, 0), now=owner_desk.UNREAD - 20)
    assert stage.desk.slowest(["node-b"], owner_desk.UNREAD) == {"pipeline": 0, "health": 1}
    late = 2 * owner_desk.UNREAD
    assert stage.desk.slowest(["node-b"], late) == {"pipeline": 1, "health": 1}


def test_a_heartbeat_of_a_node_that_does_not_listen_is_a_sign_of_life() -> None:
    stage = Stage()
    stage.ask(Hello("node-b", 9, VERSIONS))
    assert stage.ask(Hb("node-b", 9, 0.0)) == []
    assert (stage.alive, stage.desk.refused) == ([("node-b", 9)], {})


def test_everything_is_kept_for_a_peer_that_is_away() -> None:
    stage = Stage()
    stage.box("pipeline").commit(b"one")
    stage.ask(Hello("node-b", 9, VERSIONS))
    stage.desk.lost("node-b")
    assert stage.desk.slowest(["node-b", "node-z"], 9e9) == {"pipeline": None}
