"""Bridges of several nodes together: who is who, what crosses, what is told."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ringleader.actors.events.health import HealthAlert
from ringleader.actors.events.p2p import (
    HostOnline,
)
from ringleader.actors.events.training import TrainingCompleted
from ringleader.transport import bridge as driver
from ringleader.transport.bridge_options import BridgeOptions
from ringleader.transport.keys import KeyRing
from ringleader.transport.wire import CONTROL_TOPIC, encode, events_topic
from ringleader.transport.wire_messages import Evt, Hb, Hello, HelloOk, Pull, Refused
from tests.transport.bridge_net import Net
from tests.transport.bridge_node import (
    BridgeNode,
    bodies,
    endpoint_of,
    incoming,
    messages,
    pair,
    peer,
    triangle,
)

if TYPE_CHECKING:
    from pathlib import Path

    import pytest

    from ringleader.transport.wire_messages import Message

PIPELINE = events_topic("pipeline")


# -------------------------------------------------------------------- events


def test_an_event_crosses_once_and_in_order() -> None:
    net = Net()
    a, b = pair(net)
    for body in bodies(20):
        a.commit(body)
    b.commit(b"the other way")
    net.run(0.1)
    assert b.got("a") == bodies(20)
    assert a.got("b") == [b"the other way"]
    net.run(3)
    assert b.got("a") == bodies(20)
    stream = incoming(b, "a")
    assert (stream.gaps, stream.repairs, stream.declared, stream.lag) == (0, 0, 0, 0)
    assert (stream.events, stream.place) == (20, 20)


def test_what_was_committed_before_they_met_crosses_too() -> None:
    net = Net()
    a = BridgeNode(net, "a", [peer("b")])
    a.commit(*bodies(5))
    net.run(20)
    a.commit(*bodies(5, "later"))
    b = BridgeNode(net, "b", [peer("a")])
    net.run(3)
    assert b.got("a") == bodies(5) + bodies(5, "later")


def test_each_of_three_nodes_gets_an_event_once() -> None:
    net = Net()
    a, b, c = triangle(net)
    a.commit(*bodies(3))
    b.commit(*bodies(3, "of b"))
    net.run(5)
    for node in (b, c):
        assert node.got("a") == bodies(3)
    for node in (a, c):
        assert node.got("b") == bodies(3, "of b")
    assert {stream.origin for stream in b.store.imports.boxes} == {"a", "c"}


def test_what_is_lost_on_its_way_is_asked_for() -> None:
    net = Net()
    a, b = pair(net)
    a.commit(*bodies(3))
    a.sockets.make_calls()
    assert any(isinstance(m, Evt) for m in messages(net.under_way("a", "b")))
    assert net.drop("a", "b") > 0
    a.commit(b"behind it")
    net.run(1.5)
    assert b.got("a") == [*bodies(3), b"behind it"]
    stream = incoming(b, "a")
    assert (stream.gaps, stream.repairs) == (1, 1)


def test_a_lost_tail_shows_by_the_next_heartbeat() -> None:
    net = Net()
    a, b = pair(net)
    a.commit_silently(*bodies(4))
    net.run(2)
    assert b.got("a") == bodies(4)


def test_announcements_beyond_the_limit_are_made_up_for_by_heads(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(driver, "MOST_ANNOUNCED", 10)
    net = Net()
    a, b = pair(net)
    for body in bodies(50):
        a.commit(body)
    assert len(a.bridge._announced) == 11, "no more than the limit waits in memory"
    net.run(2)
    assert b.got("a") == bodies(50)
    for body in bodies(5, "later"):
        a.commit(body)
    net.settle()
    assert b.got("a") == bodies(50) + bodies(5, "later"), "the fast path works again"


def test_the_sockets_are_looked_at_between_many_announcements(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(driver, "AT_ONCE", 10)
    net = Net()
    a, b = pair(net)
    for body in bodies(45):
        a.commit(body)
    a.sockets.make_calls()
    assert len(a.bridge._announced) == 35
    net.settle()
    assert b.got("a") == bodies(45)


def test_a_peer_without_room_on_its_disk_catches_up_later() -> None:
    net = Net()
    a, b = pair(net)
    b.writes = False
    a.commit(*bodies(10))
    net.run(5)
    assert b.got("a") == []
    b.writes = True
    net.run(1)
    assert b.got("a") == bodies(10)


# -------------------------------------------------------------------- interest


def test_a_node_gets_only_streams_that_somebody_wants() -> None:
    net = Net()
    a = BridgeNode(net, "a", [peer("b")])
    b = BridgeNode(net, "b", [peer("a")], topics=[TrainingCompleted])
    net.run(2)
    a.commit(b"wanted")
    a.commit(b"not wanted", group="p2p")
    net.run(3)
    assert b.got("a") == [b"wanted"]
    assert b.got("a", "p2p") == []
    assert b.sockets.lines["a"].topics == {CONTROL_TOPIC, PIPELINE}


def test_a_stream_is_read_once_somebody_subscribes_and_not_after_the_last_has_gone() -> None:
    net = Net()
    a = BridgeNode(net, "a", [peer("b")])
    b = BridgeNode(net, "b", [peer("a")], topics=[])
    net.run(2)
    a.commit(b"before")
    net.run(2)
    assert b.got("a") == []
    wish = BridgeNode(Net(), "x", topics=[TrainingCompleted]).hub.wishes[0]
    b.hub.wishes.append(wish)
    net.run(2)
    assert b.got("a") == [b"before"], "what is kept comes, too"
    a.commit(b"while it is wanted")
    net.run(0.5)
    assert b.got("a")[1:] == [b"while it is wanted"]
    b.hub.wishes.clear()
    net.run(1)
    a.commit(b"while nobody wants it")
    net.run(2)
    assert len(b.got("a")) == 2
    b.hub.wishes.append(wish)
    net.run(2)
    assert b.got("a")[2:] == [b"while nobody wants it"], "it goes on where it was"


def test_a_durable_consumer_is_interest_though_nobody_is_subscribed() -> None:
    net = Net()
    a = BridgeNode(net, "a", [peer("b")])
    b = BridgeNode(net, "b", [peer("a")], topics=[])
    b.store.durable = [(TrainingCompleted.EVENT.value,)]
    net.run(2)
    a.commit(b"for it")
    net.run(1)
    assert b.got("a") == [b"for it"]
    assert HostOnline.EVENT.module == "p2p"
    assert events_topic("p2p") not in b.sockets.lines["a"].topics


# -------------------------------------------------------------------- who is who


def test_a_third_node_is_found_by_introduction() -> None:
    net = Net()
    hub = BridgeNode(net, "hub")
    b, c = BridgeNode(net, "b", [peer("hub")]), BridgeNode(net, "c", [peer("hub")])
    net.run(6)
    assert b.state("c") == c.state("b") == hub.state("b") == "online"
    b.commit(b"to all")
    net.run(1)
    assert c.got("b") == hub.got("b") == [b"to all"]
    peers = {each.node: each.source for each in b.bridge.statistics().peers}
    assert peers == {"hub": "settings", "c": "itself"}


def test_without_introductions_only_the_settings_count() -> None:
    net = Net()
    options = BridgeOptions(introductions=False)
    BridgeNode(net, "hub", options=options)
    b = BridgeNode(net, "b", [peer("hub")], options=options)
    BridgeNode(net, "c", [peer("hub")], options=options)
    net.run(6)
    assert [each.node for each in b.bridge.statistics().peers] == ["hub"]


def test_the_second_node_of_one_name_is_refused_with_an_alarm() -> None:
    net = Net()
    a, b = pair(net)
    twin = BridgeNode(net, "b", [peer("a")], endpoint=endpoint_of("elsewhere"))
    twin.epoch = 99
    twin.crash()
    twin.begin()
    net.run(3)
    (alarm,) = a.said(HealthAlert)
    assert isinstance(alarm, HealthAlert)
    assert alarm.alert_type == "identity_conflict"
    assert twin.link("a").version == 0
    assert "two nodes call themselves b" in twin.link("a").trouble
    assert a.bridge.statistics().refused["taken"] >= 1
    b.commit(b"the first one goes on")
    net.run(1)
    assert a.got("b") == [b"the first one goes on"]


def test_a_node_that_finds_another_one_at_the_endpoint_says_so() -> None:
    net = Net()
    a = BridgeNode(net, "a", [peer("b")])
    BridgeNode(net, "c", endpoint=endpoint_of("b"))
    net.run(2)
    assert "is c, not b" in a.link("b").trouble
    assert a.link("b").version == 0


def test_a_name_that_no_node_can_have_is_refused() -> None:
    net = Net()
    a, _ = pair(net)
    a.bridge.asked(b"stranger", "", encode(Hello("no/node", 5, (1, 1))))
    assert a.bridge.statistics().refused.get("not allowed") is None
    net.run(1)
    assert a.bridge.statistics().refused["not allowed"] == 1
    assert a.state("no/node") == ""


def test_an_endpoint_that_nobody_can_connect_to_is_not_believed() -> None:
    net = Net()
    a, _ = pair(net)
    for place in ("tcp://0.0.0.0:7700", "nonsense", ""):
        hello = Hello("c", 5, (1, 1), place)
        assert a.bridge._greet(hello, "").refusal == ""
    net.run(1)
    assert a.state("c") == "online"
    assert a.bridge._links.get("c") is None


# -------------------------------------------------------------------- what a person asks for


def test_a_resync_asks_each_stream_of_the_peer() -> None:
    net = Net()
    a, b = pair(net)
    net.run(1)
    assert b.bridge.resync("a", None) == 2
    assert b.bridge.resync(None, "pipeline") == 1
    assert b.bridge.resync("nobody", None) == 0
    b.sockets.make_calls()
    asked = [m.group for m in messages(net.under_way("b", "a")) if isinstance(m, Pull)]
    assert asked == ["pipeline", "p2p", "pipeline"]
    net.run(1)
    assert b.bridge.statistics().peers[0].sums("in").lag == 0
    assert a.bridge.statistics().peers[0].sums("out").lag == 0


def test_statistics_add_up() -> None:
    net = Net()
    a, b = pair(net)
    a.commit(*bodies(6))
    a.commit(b"x", group="p2p")
    net.run(3)
    mine, theirs = a.bridge.statistics(), b.bridge.statistics()
    assert (mine.node, mine.endpoint, mine.is_healthy) == ("a", a.endpoint, True)
    assert (mine.kept, mine.kept_bytes) == (7, sum(map(len, bodies(6))) + 1)
    (of_b,), (of_a,) = mine.peers, theirs.peers
    assert (of_a.sums("in").events, of_a.sums("in").bytes) == (7, mine.kept_bytes)
    places = {(s.group, s.direction): (s.place, s.head) for s in of_b.streams if s.epoch}
    assert places["pipeline", "out"] == (6, 6)
    assert places["p2p", "out"] == (1, 1)
    assert {(s.group, s.place) for s in of_a.streams if s.direction == "in"} == {
        ("pipeline", 6),
        ("p2p", 1),
    }
    assert of_a.state == "online"
    assert of_a.version == 1
    assert not of_a.is_encrypted
    assert of_a.rtt is not None


def test_what_all_have_need_not_be_kept() -> None:
    net = Net()
    a, b = pair(net)
    a.commit(*bodies(6))
    net.run(11)
    assert a.store.pruned[-1]["pipeline"] == 6
    b.crash()
    a.commit(*bodies(2, "more"))
    net.run(11)
    assert a.store.pruned[-1]["pipeline"] == 6, "whoever is away may come back"


# -------------------------------------------------------------------- keys


def test_a_key_that_changes_is_announced_to_all(tmp_path: Path) -> None:
    net = Net()
    rings = {name: KeyRing(tmp_path / name, net.clock.time) for name in "ab"}
    for ring in rings.values():
        ring.generate()
    rings["a"].allow("b", rings["b"].pair.public)
    rings["b"].allow("a", rings["a"].pair.public)
    a = BridgeNode(net, "a", [peer("b")], keys=rings["a"])
    b = BridgeNode(net, "b", [peer("a")], keys=rings["b"])
    net.run(2)
    assert a.link("b").version == b.link("a").version == 1
    following = rings["a"].rotate(3600).public
    net.run(2)
    assert following in rings["b"].keys_of("a")
    assert a.link("b").version == 1
    (known,) = b.bridge.statistics().peers
    assert known.is_encrypted
    connected = len(b.sockets.renewed)
    net.run(2)
    assert len(b.sockets.renewed) == connected, "the next key is not used yet"


def test_a_node_with_the_key_of_another_is_refused(tmp_path: Path) -> None:
    net = Net()
    rings = {name: KeyRing(tmp_path / name, net.clock.time) for name in "ab"}
    for ring in rings.values():
        ring.generate()
    rings["a"].allow("c", rings["b"].pair.public)
    rings["b"].allow("a", rings["a"].pair.public)
    a = BridgeNode(net, "a", keys=rings["a"])
    b = BridgeNode(net, "b", [peer("a")], keys=rings["b"])
    net.run(2)
    assert "not allowed: the key is not b's" in b.link("a").trouble
    assert a.bridge.statistics().refused["not allowed"] >= 1
    assert a.state("b") == ""


# -------------------------------------------------------------------- what is said


def test_idle_nodes_tell_each_second_how_far_they_are() -> None:
    net = Net()
    a, b = pair(net)
    net.cut("a", "b")
    net.mend("a", "b")
    seen: list[Message] = []
    for _ in range(100):
        net.clock.advance(0.05)
        a.bridge.tick(net.clock.now())
        seen += [m for m in messages(net.under_way("a", "b")) if isinstance(m, Hb)]
        net.settle()
    assert 4 <= len(seen) <= 6
    assert b.state("a") == "online"


def test_a_greeting_is_answered_before_anything_is_asked() -> None:
    net = Net()
    a, b = BridgeNode(net, "a", [peer("b")]), BridgeNode(net, "b")
    said: list[type[Message]] = []
    for _ in range(60):
        net.clock.advance(0.05)
        a.bridge.tick(net.clock.now())
        b.bridge.tick(net.clock.now())
        for _ in range(4):
            a.sockets.make_calls()
            b.sockets.make_calls()
            said += [type(m) for m in messages(net.under_way("a", "b"))]
            net.deliver("a", "b")
            said += [type(m) for m in messages(net.under_way("b", "a"))]
            net.deliver("b", "a")
    assert Pull in said
    assert said.index(Hello) < said.index(HelloOk) < said.index(Pull)
    assert Refused not in said
