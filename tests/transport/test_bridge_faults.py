"""Bridges of several nodes when one is cut off, starts anew or ends."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ringleader.actors.events.health import NodeRecovered, P2PClusterHealthy
from ringleader.actors.events.p2p import (
    HostOffline,
    HostOnline,
    NodeSuspect,
    P2PNodeDead,
    PartitionHealed,
    PartitionHealingStarted,
)
from ringleader.transport import bridge as driver
from ringleader.transport.wire import CONTROL_TOPIC, encode
from ringleader.transport.wire_messages import Bye, Remote
from tests.transport.bridge_net import TICK, Net
from tests.transport.bridge_node import (
    BridgeNode,
    bodies,
    messages,
    pair,
    peer,
)

if TYPE_CHECKING:
    import pytest


# -------------------------------------------------------------------- time and life


def test_a_peer_that_starts_anew_is_greeted_again() -> None:
    net = Net()
    a, b = pair(net)
    a.commit(*bodies(3))
    net.run(1)
    before = b.link("a").epoch
    a.restart()
    net.run(2)
    assert b.link("a").epoch == before + 1
    assert b.link("a").version == a.link("b").version == 1
    a.commit(*bodies(3, "new"))
    net.run(1)
    assert b.got("a") == bodies(3) + bodies(3, "new")
    assert ("lost", "a") in b.remotes.news
    assert b.remotes.news[-2:] != [("lost", "a")]
    assert a.state("b") == b.state("a") == "online"


def test_a_peer_that_is_in_no_settings_is_not_forgotten_when_it_starts_anew() -> None:
    net = Net()
    hub, b = BridgeNode(net, "hub"), BridgeNode(net, "b", [peer("hub")])
    net.run(2)
    b.restart()
    net.run(2)
    b.commit(b"in its second life")
    net.run(0.5)
    assert hub.got("b") == [b"in its second life"]
    assert hub.state("b") == "online"


def test_a_restarted_reader_goes_on_where_its_disk_is() -> None:
    net = Net()
    a, b = pair(net)
    a.commit(*bodies(5))
    net.run(1)
    b.writes = False
    a.commit(*bodies(5, "lost in the crash"))
    net.run(0.5)
    b.restart()
    b.writes = True
    net.run(3)
    assert b.got("a") == bodies(5) + bodies(5, "lost in the crash")


def test_silence_makes_a_peer_suspect_then_down_and_its_connection_is_made_anew() -> None:
    net = Net()
    a, b = pair(net)
    before = len(a.sockets.renewed)
    net.cut("a", "b")
    net.run(4)
    assert (a.state("b"), b.state("a")) == ("suspect", "suspect")
    assert len(a.said(NodeSuspect)) == 1
    net.run(8)
    assert (a.state("b"), b.state("a")) == ("down", "down")
    assert [type(e) for e in a.hub.said[-4:]].count(P2PNodeDead) == 1
    assert len(a.sockets.renewed) == before + 1
    assert a.remotes.news[-1] == ("lost", "b")
    assert not a.bridge.send("b", b"nobody is there")
    net.mend("a", "b")
    net.run(3)
    assert (a.state("b"), b.state("a")) == ("online", "online")
    assert ("back", "b") in a.remotes.news[a.remotes.news.index(("lost", "b")) :]


def test_a_healed_partition_is_told_with_what_was_repaired() -> None:
    net = Net()
    a, b = pair(net)
    net.cut("a", "b")
    net.run(1)
    a.commit(*bodies(7, "while it was cut"))
    net.run(12)
    assert b.state("a") == "down"
    net.mend("a", "b")
    net.run(6)
    assert b.got("a") == bodies(7, "while it was cut")
    assert len(b.said(PartitionHealingStarted)) == 1
    (healed,) = b.said(PartitionHealed)
    assert isinstance(healed, PartitionHealed)
    assert healed.node_ids == ("a",)
    assert healed.events_lost == 0
    assert healed.events_repaired
    (recovered,) = b.said(NodeRecovered)
    assert isinstance(recovered, NodeRecovered)
    assert recovered.recovery_type == "reconnected"


def test_a_half_open_connection_is_found_by_silence() -> None:
    net = Net()
    a, b = pair(net)
    a.sockets.lines["b"].is_up = False  # a's own connection is dead; b's to a lives
    net.run(3.5)
    assert (a.state("b"), b.state("a")) == ("suspect", "online")
    b.commit(b"to be asked for")
    net.run(10)
    assert a.got("b") == [b"to be asked for"]
    assert (a.state("b"), b.state("a")) == ("online", "online")


def test_presence_is_published() -> None:
    net = Net()
    a, b = pair(net)
    (online,) = a.said(HostOnline)
    assert isinstance(online, HostOnline)
    assert online.node_id == "b"
    assert len(a.said(P2PClusterHealthy)) == 1
    b.crash()
    net.run(15)
    kinds = [type(event) for event in a.hub.said]
    assert kinds.index(NodeSuspect) < kinds.index(HostOffline) < kinds.index(P2PNodeDead)
    b.restart()
    net.run(3)
    (recovered,) = a.said(NodeRecovered)
    assert isinstance(recovered, NodeRecovered)
    assert recovered.recovery_type == "restarted"
    assert a.said(PartitionHealed) == [], "a restart is no healed cut"


def test_a_lost_connection_is_greeted_anew_without_a_change_of_state() -> None:
    net = Net()
    a, b = pair(net)
    a.sockets.hang_up(b.endpoint)
    a.sockets.make_calls()
    assert a.link("b").version == 0
    a.sockets.dial()
    net.run(1.5)
    assert a.link("b").version == 1
    assert a.said(NodeSuspect) == []
    b.commit(*bodies(2))
    net.run(0.5)
    assert a.got("b") == bodies(2)


def test_a_failed_handshake_is_shown_until_it_works() -> None:
    net = Net()
    a, b = pair(net)
    b.crash()
    a.bridge.refused("b", "its key is another")
    a.bridge.refused("", "a stranger")
    net.run(1)
    (about,) = a.bridge.statistics().peers
    assert about.trouble == "its key is another"
    b.restart()
    net.run(3)
    (about,) = a.bridge.statistics().peers
    assert about.trouble == ""


# -------------------------------------------------------------------- ends


def test_goodbye_is_no_suspicion() -> None:
    net = Net()
    a, b = pair(net)
    assert b.bridge.close(1)
    net.run(15)
    assert a.state("b") == "offline"
    (offline,) = a.said(HostOffline)
    assert isinstance(offline, HostOffline)
    assert "goodbye" in (offline.reason or "")
    assert a.said(NodeSuspect) == a.said(P2PNodeDead) == []
    assert a.remotes.news[-1] == ("lost", "b")
    assert not a.bridge.send("b", b"too late")
    b.restart()
    net.run(3)
    assert a.state("b") == b.state("a") == "online"


def test_close_says_goodbye_once_and_may_be_repeated() -> None:
    net = Net()
    a, b = pair(net)
    a.bridge.close(1)
    a.bridge.close(1)
    said = [m for m in messages(net.under_way("a", "b")) if isinstance(m, Bye)]
    assert len(said) == 2, "published, and sent to whom it reads from"
    assert a.sockets.ended == 2
    a.commit(b"after the end")
    net.run(1)
    assert b.got("a") == []


def test_close_of_a_bridge_that_never_started_is_quiet() -> None:
    net = Net()
    a, b = pair(net)
    a.crash()
    a.bridge.close(1)
    net.run(1)
    assert b.said(HostOffline) == []


def test_a_bridge_that_is_closed_does_not_start() -> None:
    net = Net()
    a, _ = pair(net)
    a.crash()
    a.bridge.close(1)
    a.bridge.start()
    assert not a.sockets.is_open


def test_after_stop_reading_nothing_more_is_taken_and_others_are_still_served() -> None:
    net = Net()
    a, b = pair(net)
    b.bridge.stop_reading()
    net.settle()
    a.commit(*bodies(3))
    b.commit(*bodies(2, "the last of b"))
    net.run(3)
    assert b.got("a") == []
    assert a.got("b") == bodies(2, "the last of b")
    assert b.sockets.lines["a"].topics == {CONTROL_TOPIC}
    assert (a.state("b"), b.state("a")) == ("online", "online")


# -------------------------------------------------------------------- remote refs


def test_remote_frames_go_by_either_way() -> None:
    net = Net()
    a = BridgeNode(net, "a")  # it knows nobody, so it has no connection of its own at first
    b = BridgeNode(net, "b", [peer("a")], endpoint="")
    net.run(2)
    assert a.bridge.send("b", b"over the ROUTER")
    assert b.bridge.send("a", b"over the DEALER")
    net.settle()
    assert b.remotes.words == [("a", b"over the ROUTER")]
    assert a.remotes.words == [("b", b"over the DEALER")]
    assert not a.bridge.send("nobody", b"")
    assert ("back", "b") in a.remotes.news
    assert ("met", "b") in a.remotes.news


def test_remote_frames_keep_their_order_and_do_not_fill_the_memory(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(driver, "MOST_WORDS", 20)
    monkeypatch.setattr(driver, "AT_ONCE", 8)
    net = Net()
    a, b = pair(net)
    taken = [n for n in range(30) if a.bridge.send("b", bytes([n]))]
    assert taken == list(range(20))
    net.settle()
    assert b.remotes.words == [("a", bytes([n])) for n in range(20)]
    assert a.bridge.send("b", b"again")


def test_who_asks_before_the_next_tick_can_be_answered_at_once() -> None:
    net = Net()
    a = BridgeNode(net, "a")
    b = BridgeNode(net, "b", [peer("a")], endpoint="")
    net.settle()
    net.clock.advance(TICK)
    b.sockets.tick(net.clock.now())  # only b looks at the time: it greets
    net.settle()
    assert a.remotes.news == [("met", "b")]
    assert not a.bridge.send("b", b"a has not looked since")
    a.remotes.answer = lambda node: a.bridge.send(node, b"answer")
    a.bridge.asked(next(iter(a.owner._askers)), "", encode(Remote(b"question")))
    assert a.remotes.answered == [True]


def test_a_new_life_is_told_before_anything_that_it_sends() -> None:
    net = Net()
    a, b = pair(net)
    a.remotes.news.clear()
    b.restart()
    for _ in range(30):  # a never looks at the time
        net.clock.advance(TICK)
        b.sockets.tick(net.clock.now())
        net.settle()
    assert a.remotes.news[:2] == [("lost", "b"), ("met", "b")]


def test_who_is_told_of_a_loss_can_send_no_more() -> None:
    net = Net()
    a, b = pair(net)
    a.remotes.answer = lambda node: a.bridge.send(node, b"are you there?")
    b.bridge.close(1)
    net.settle()
    assert a.remotes.news[-1] == ("lost", "b")
    assert a.remotes.answered == [False]


def test_to_hear_late_of_a_connection_does_not_cut_the_way() -> None:
    net = Net()
    a, _ = pair(net)
    a.bridge.linked("b", is_up=True)
    assert a.bridge.send("b", b"x")
    assert a.link("b").version == 1
