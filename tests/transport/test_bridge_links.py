"""The links to peers: whom to connect to, what they say, and what is made of it."""

from __future__ import annotations

from random import Random
from typing import TYPE_CHECKING

from ringleader.transport.bridge_links import Links
from ringleader.transport.bridge_reader import StreamReader
from ringleader.transport.introductions import KnownPeer
from ringleader.transport.socket_endpoint import Insecure
from ringleader.transport.streams import NO_HASH, Place, Stream
from ringleader.transport.wire import (
    CONTROL_TOPIC,
    LIMITS,
    VERSIONS,
    decode,
    encode,
    events_topic,
    publication,
)
from ringleader.transport.wire_messages import (
    Ack,
    Bye,
    Cursor,
    Evt,
    Hb,
    Head,
    Hello,
    HelloOk,
    Peer,
    Pull,
    Refused,
    Remote,
    Welcome,
)
from tests.transport.memory_boxes import MemoryInbox

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ringleader.transport.bridge_link import Link
    from ringleader.transport.wire_messages import Message

EPOCH, LIFE = 11, 5
PIPELINE, P2P = events_topic("pipeline"), events_topic("p2p")
OTHER = Peer("node-c", "ipc:///tmp/c", "")


def known(*names: str, port: int = 1) -> dict[str, KnownPeer]:
    return {name: KnownPeer(name, f"tcp://{name}:{port}", "", "settings") for name in names}


class Stage:
    """Links without sockets: what they do is written down."""

    def __init__(self, *wanted: str) -> None:
        self.said: list[tuple[str, object]] = []
        self.sent: list[tuple[str, Message]] = []
        self.topics: dict[str, set[bytes]] = {}
        self.fault: Insecure | None = None
        self.is_up = True
        self.boxes: dict[Stream, MemoryInbox] = {}
        self.made: list[Stream] = []
        self.links = Links(
            lambda: Hello("node-a", 3, VERSIONS, "ipc:///tmp/a", "key"),
            self,
            self,
            self._reader_of,
            LIMITS,
        )
        self.links.want(frozenset(wanted))

    def _reader_of(self, stream: Stream) -> StreamReader:
        self.made.append(stream)
        inbox = self.boxes.setdefault(stream, MemoryInbox())
        return StreamReader(stream, inbox, Random(1))  # noqa: S311  # to be repeated

    # what the sockets do

    def send(self, peer: str, frame: bytes) -> bool:
        self.sent.append((peer, decode(frame)))
        return self.is_up

    def connect(
        self, peer: str, endpoint: str, public_key: str = "", topics: tuple[bytes, ...] = ()
    ) -> None:
        del public_key
        if self.fault is not None:
            raise self.fault
        self.said.append(("connect", (peer, endpoint)))
        self.topics[peer] = set(topics)

    def disconnect(self, peer: str) -> None:
        self.said.append(("disconnect", peer))
        self.topics.pop(peer, None)

    def subscribe(self, peer: str, topic: bytes) -> None:
        self.topics[peer].add(topic)

    def unsubscribe(self, peer: str, topic: bytes) -> None:
        self.topics[peer].remove(topic)

    # what is heard of peers

    def alive(self, node: str, epoch: int) -> None:
        self.said.append(("alive", (node, epoch)))

    def introduced(self, node: str, peers: Sequence[Peer]) -> None:
        self.said.append(("introduced", (node, list(peers))))

    def left(self, node: str, epoch: int) -> None:
        self.said.append(("left", (node, epoch)))

    def remote(self, node: str, data: bytes) -> None:
        self.said.append(("remote", (node, data)))

    def warn(self, node: str, words: str) -> None:
        self.said.append(("warn", (node, words)))

    # what a test does

    def told(self, what: str) -> list[object]:
        return [value for kind, value in self.said if kind == what]

    def asked(self, kind: type[Message]) -> list[Message]:
        return [message for _, message in self.sent if isinstance(message, kind)]

    def hear(self, message: Message, topic: bytes = CONTROL_TOPIC, *, now: float = 1.0) -> None:
        self.links.heard("node-b", publication(topic, message), now)

    def answer(self, message: Message, *, now: float = 1.0) -> None:
        self.links.answered("node-b", encode(message), now)

    def greet(self, *heads: Head, epoch: int = LIFE) -> None:
        self.links.tick(0.0)
        self.answer(HelloOk("node-b", epoch, 1, list(heads), [OTHER]), now=0.25)

    @property
    def link(self) -> Link:
        link = self.links.get("node-b")
        assert link is not None
        return link


def head(group: str = "pipeline", number: int = 0) -> Head:
    return Head(group, EPOCH, number, 1)


def linked(*wanted: str) -> Stage:
    """Return a stage with one peer, which has answered the greeting."""
    stage = Stage(*(wanted or ("pipeline",)))
    stage.links.follow(known("node-b"))
    stage.greet(head())
    return stage


# -------------------------------------------------------------------- connections


def test_each_peer_that_listens_is_connected_to_with_all_topics_at_once() -> None:
    stage = Stage("pipeline")
    silent = {"node-z": KnownPeer("node-z", "", "", "itself")}
    stage.links.follow(known("node-b", "node-c") | silent)
    connected = [("node-b", "tcp://node-b:1"), ("node-c", "tcp://node-c:1")]
    assert sorted(map(str, stage.told("connect"))) == [str(one) for one in connected]
    assert stage.topics["node-b"] == {CONTROL_TOPIC, PIPELINE}
    stage.links.follow(known("node-b", "node-c"))
    assert len(stage.told("connect")) == 2


def test_a_peer_that_is_known_no_more_is_let_go() -> None:
    stage = linked()
    stage.links.follow({})
    assert stage.told("disconnect") == ["node-b"]
    assert stage.links.get("node-b") is None
    stage.hear(Hb("node-b", LIFE, 0.0, []))
    stage.answer(Remote(b"late"))
    assert stage.told("remote") == []
    assert not stage.links.resync("node-b", None, 2.0)


def test_a_peer_that_has_moved_is_connected_to_where_it_is() -> None:
    stage = linked()
    stage.links.follow(known("node-b", port=2))
    assert stage.told("connect")[-1] == ("node-b", "tcp://node-b:2")
    assert stage.link.version == 0, "it is greeted there"
    assert list(stage.links.linked()) == []


def test_a_peer_that_can_not_be_connected_to_is_tried_again() -> None:
    stage = Stage("pipeline")
    stage.fault = Insecure("no key of it is known")
    stage.links.follow(known("node-b"))
    assert stage.link.trouble == "no key of it is known"
    assert len(stage.told("warn")) == 1
    stage.fault = None  # somebody has allowed its key
    stage.links.follow(known("node-b"))
    assert len(stage.told("connect")) == 1
    stage.links.follow(known("node-b"))
    assert len(stage.told("connect")) == 1


def test_a_rebuilt_connection_is_greeted_anew_and_keeps_its_streams() -> None:
    stage = linked()
    stage.links.rebuild("node-b")
    stage.links.rebuild("nobody")
    assert stage.told("disconnect") == ["node-b"]
    assert stage.topics["node-b"] == {CONTROL_TOPIC, PIPELINE}
    stage.sent.clear()
    stage.links.tick(5.0)
    assert [type(m) for _, m in stage.sent] == [Hello]
    assert stage.made == [Stream("node-b", "pipeline")]


# -------------------------------------------------------------------- greetings


def test_a_greeting_is_said_again_each_second_until_it_is_answered() -> None:
    stage = Stage("pipeline")
    stage.links.follow(known("node-b"))
    for now in (0.0, 0.5, 1.0, 1.5, 2.0):
        stage.links.tick(now)
    assert len(stage.asked(Hello)) == 3
    stage.answer(HelloOk("node-b", LIFE, 1, [], [OTHER]), now=2.25)
    assert stage.link.rtt == 0.25
    assert stage.told("alive") == [("node-b", LIFE)]
    assert stage.told("introduced") == [("node-b", [OTHER])]
    stage.links.tick(9.0)
    assert len(stage.asked(Hello)) == 3


def test_a_greeting_says_where_this_node_is_in_the_streams() -> None:
    stage = Stage("pipeline")
    inbox = stage.boxes[Stream("node-b", "pipeline")] = MemoryInbox()
    inbox.put(Place(EPOCH, 4, bytes(8), 3))
    stage.links.follow(known("node-b"))
    stage.greet(head(number=3))
    stage.links.greet_again()
    stage.links.tick(5.0)
    cursors = [hello.cursors for hello in stage.asked(Hello) if isinstance(hello, Hello)]
    assert cursors == [[], [Cursor("pipeline", EPOCH, 4)]]


def test_a_new_connection_is_greeted_at_once_unless_that_was_answered_already() -> None:
    stage = Stage("pipeline")
    stage.links.follow(known("node-b"))
    stage.is_up = False
    stage.links.tick(0.0)
    stage.is_up = True
    stage.link.connected()
    stage.links.tick(0.05)
    assert len(stage.asked(Hello)) == 2
    stage.answer(HelloOk("node-b", LIFE, 1, [], []))
    stage.link.connected()
    assert stage.link.version == 1, "it was heard of late"


def test_the_answer_of_another_node_is_no_greeting() -> None:
    stage = Stage("pipeline")
    stage.links.follow(known("node-b"))
    stage.links.tick(0.0)
    stage.answer(HelloOk("node-z", LIFE, 1, [head()], [OTHER]))
    assert stage.link.version == 0
    assert stage.link.trouble == "tcp://node-b:1 is node-z, not node-b"
    assert stage.told("introduced") == stage.told("alive") == []
    assert stage.made == []


def test_a_refusal_is_trouble_until_a_greeting_is_answered() -> None:
    stage = linked()
    stage.answer(Refused("taken: two nodes"))
    assert (stage.link.version, stage.link.trouble) == (0, "taken: two nodes")
    assert "refuses this node" in str(stage.told("warn"))
    stage.hear(Hb("node-b", LIFE + 1, 0.0, []))
    assert stage.link.trouble == "taken: two nodes"
    stage.answer(HelloOk("node-b", LIFE, 1, [], []))
    assert (stage.link.version, stage.link.trouble) == (1, "")


def test_nothing_is_asked_before_the_greeting_is_answered() -> None:
    stage = Stage("pipeline")
    stage.links.follow(known("node-b"))
    stage.hear(Hb("node-b", LIFE, 0.0, [head(number=5)]))
    stage.hear(Evt("pipeline", EPOCH, 1, NO_HASH, [b"one"]), PIPELINE)
    stage.links.tick(0.0)
    stage.links.tick(0.9)
    assert {type(m) for _, m in stage.sent} == {Hello}
    assert stage.links.resync(None, None, 1.0) == 1


def test_a_peer_in_another_life_is_greeted_again() -> None:
    stage = linked()
    stage.hear(Hb("node-b", LIFE, 0.0, [head()]))
    assert stage.link.version == 1
    stage.hear(Welcome("node-b", LIFE + 1, [head()]))
    assert stage.link.version == 0
    assert stage.told("alive")[-1] == ("node-b", LIFE + 1)
    stage.links.tick(5.0)
    assert len(stage.asked(Hello)) == 2


# -------------------------------------------------------------------- what is heard


def test_garbage_is_counted_and_forgotten_with_the_next_heartbeat() -> None:
    stage = linked()
    for frame in (b"", b"no topic", CONTROL_TOPIC + b"nonsense"):
        stage.links.heard("node-b", frame, 1.0)
    stage.links.answered("node-b", b"GET /", 1.0)
    assert stage.links.refused == {"not a frame": 4}
    assert "can't be read" in stage.link.trouble
    assert len(stage.told("warn")) == 4
    stage.hear(Hb("node-b", LIFE, 0.0, [head()]))
    assert (stage.link.version, stage.link.trouble) == (1, "")


def test_what_does_not_belong_there_is_counted() -> None:
    stage = linked()
    stage.hear(Ack("pipeline", EPOCH, 1))
    stage.hear(Hb("node-z", LIFE, 0.0, []))
    stage.hear(Bye("node-z", LIFE, []))
    assert stage.links.refused == {"out of place": 2, "another node": 1}
    assert stage.told("left") == []
    assert stage.link.version == 1


def test_who_is_no_peer_is_not_heard() -> None:
    stage = linked()
    stage.said.clear()
    stage.links.heard("nobody", publication(CONTROL_TOPIC, Bye("nobody", 1, [])), 1.0)
    stage.links.answered("nobody", b"garbage", 1.0)
    assert stage.said == []
    assert stage.links.refused == {}


def test_a_goodbye_is_told_and_the_peer_is_greeted_when_it_is_back() -> None:
    stage = linked()
    stage.hear(Bye("node-b", LIFE, []))
    assert stage.told("left") == [("node-b", LIFE)]
    assert stage.link.version == 0
    assert not stage.links.say("node-b", Remote(b"x"))


def test_words_of_remote_refs_are_told() -> None:
    stage = linked()
    stage.answer(Remote(b"word"))
    assert stage.told("remote") == [("node-b", b"word")]
    assert stage.links.say("node-b", Remote(b"back"))
    assert stage.sent[-1] == ("node-b", Remote(b"back"))
    stage.is_up = False
    assert not stage.links.say("node-b", Remote(b"back"))
    assert not stage.links.say("nobody", Remote(b"back"))


# -------------------------------------------------------------------- streams


def test_only_streams_that_are_wanted_are_read_and_known() -> None:
    stage = linked("pipeline")
    stage.hear(Hb("node-b", LIFE, 0.0, [head(), *(head(f"of no use {n}") for n in range(99))]))
    assert stage.made == [Stream("node-b", "pipeline")]
    assert list(stage.link._heads) == ["pipeline"], "a peer can't fill the memory with names"


def test_a_wish_changes_topics_and_readers() -> None:
    stage = linked("pipeline")
    stage.links.want(frozenset({"p2p"}))
    assert stage.topics["node-b"] == {CONTROL_TOPIC, P2P}
    assert stage.link.statistics() == ()
    stage.hear(Hb("node-b", LIFE, 0.0, [head("pipeline"), head("p2p", 3)]))
    (stream,) = stage.link.statistics()
    assert (stream.group, stream.head, stream.lag) == ("p2p", 3, 3)
    stage.links.want(frozenset())
    assert stage.topics["node-b"] == {CONTROL_TOPIC}


def test_a_reset_stream_is_read_from_where_storage_says() -> None:
    stage = linked()
    stage.links.reset(Stream("node-b", "pipeline"))
    assert stage.made == [Stream("node-b", "pipeline")] * 2
    stage.links.reset(Stream("node-b", "not read"))
    stage.links.reset(Stream("nobody", "pipeline"))
    stage.links.committed(Stream("nobody", "pipeline"), 1.0)
    assert len(stage.made) == 2


def test_a_resync_asks_at_once_for_what_was_named() -> None:
    stage = linked("pipeline", "p2p")
    stage.hear(Hb("node-b", LIFE, 0.0, [head(), head("p2p")]))
    stage.sent.clear()
    assert stage.links.resync("node-b", ["p2p"], 1.0) == 1
    assert [m.group for m in stage.asked(Pull) if isinstance(m, Pull)] == ["p2p"]
    assert stage.links.resync(None, None, 1.0) == 2
    assert stage.links.resync("nobody", None, 1.0) == 0


def test_goodbye_goes_to_all_that_are_read_from() -> None:
    stage = Stage("pipeline")
    stage.links.follow(known("node-b", "node-c"))
    stage.links.bye(Bye("node-a", 3, []))
    assert {peer for peer, _ in stage.sent} == {"node-b", "node-c"}
    assert len(stage.asked(Bye)) == 2
    assert [link.peer.node for link in stage.links] == ["node-b", "node-c"]
