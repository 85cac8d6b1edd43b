"""Who is there is decided by what was heard, and by how long nothing was."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from ringleader.transport.bridge_options import BridgeOptions
from ringleader.transport.identity import AGAIN, Conflict
from ringleader.transport.presence import Presence
from ringleader.transport.presence_changes import Network, PeerChange, PeersLost

if TYPE_CHECKING:
    from ringleader.transport.presence_changes import Change, PeerState

HERE, THERE = "tcp://10.0.0.2:7400", "tcp://10.0.0.3:7400"


class Watch:
    """A node's presence, and the time that passes in steps as the sockets' thread makes them."""

    def __init__(self, *peers: str, options: BridgeOptions | None = None) -> None:
        self.now = 100.0
        self.presence = Presence("a", 1, options or BridgeOptions(), self.now)
        for peer in peers:
            self.presence.expect(peer, HERE, self.now)

    def wait(self, seconds: float, step: float = 0.25) -> list[Change]:
        found: list[Change] = []
        for _ in range(round(seconds / step)):
            self.now += step
            found += self.presence.tick(self.now)
        return found

    def hear(self, peer: str = "b", epoch: int = 7) -> list[Change]:
        self.presence.heard(peer, epoch, self.now)
        return self.presence.tick(self.now)

    def greet(self, epoch: int, endpoint: str, peer: str = "b") -> Conflict | None:
        return self.presence.greeted(peer, epoch, endpoint, self.now)

    def bye(self, peer: str = "b", epoch: int = 7) -> list[Change]:
        self.presence.said_bye(peer, epoch, self.now)
        return self.presence.tick(self.now)

    @property
    def state(self) -> PeerState | None:
        seen = self.presence.seen("b")
        return None if seen is None else seen.state


def steps(changes: list[Change], peer: str = "b") -> list[tuple[str, str]]:
    return [(c.old, c.new) for c in changes if isinstance(c, PeerChange) and c.peer == peer]


def test_a_peer_that_is_heard_is_online() -> None:
    watch = Watch("b")
    assert watch.state == "expected"

    [change, network] = watch.hear()

    assert isinstance(change, PeerChange)
    assert (change.peer, change.old, change.new, change.epoch) == ("b", "expected", "online", 7)
    assert network == Network(is_healthy=True, online=2, total=2, missing=())
    assert watch.hear() == []


def test_a_silent_peer_is_suspect_after_three_seconds_and_down_after_ten() -> None:
    watch = Watch("b")
    watch.hear()

    assert steps(watch.wait(2.75)) == []
    assert steps(watch.wait(0.25)) == [("online", "suspect")]
    assert steps(watch.wait(6.75)) == []
    assert steps(watch.wait(0.25)) == [("suspect", "down")]
    assert steps(watch.wait(100)) == []


def test_the_times_can_be_set() -> None:
    watch = Watch("b", options=BridgeOptions(suspect=5, down=6))
    watch.hear()

    assert steps(watch.wait(5.75)) == [("online", "suspect")]
    assert steps(watch.wait(0.25)) == [("suspect", "down")]


def test_even_if_both_times_are_over_at_once_a_peer_is_suspect_before_it_is_down() -> None:
    watch = Watch("b", options=BridgeOptions(suspect=3, down=3.1))
    watch.hear()
    watch.wait(2.75)

    assert steps(watch.wait(1, step=1)) == [("online", "suspect")]
    assert steps(watch.wait(1, step=1)) == [("suspect", "down")]


def test_a_suspect_peer_that_is_heard_is_online_again() -> None:
    watch = Watch("b")
    watch.hear()
    watch.wait(4)

    [change] = watch.hear()

    assert isinstance(change, PeerChange)
    assert (change.old, change.new, change.is_anew, change.is_return) == (
        "suspect",
        "online",
        False,
        False,
    )
    assert change.away == 4


def test_a_peer_that_was_cut_off_and_lived_on_returns() -> None:
    watch = Watch("b")
    watch.hear()
    watch.wait(60)

    [change, network] = watch.hear()

    assert isinstance(change, PeerChange)
    assert (change.old, change.new, change.away, change.is_return) == ("down", "online", 60, True)
    assert isinstance(network, Network)


def test_a_peer_that_comes_back_with_another_epoch_has_started_anew() -> None:
    watch = Watch("b")
    watch.hear()
    watch.wait(60)

    [change, _] = watch.hear(epoch=8)

    assert isinstance(change, PeerChange)
    assert (change.is_anew, change.is_return, change.reason) == (True, False, "it started anew")


def test_a_peer_that_starts_anew_before_it_is_missed_was_offline_in_between() -> None:
    watch = Watch("b")
    watch.hear()

    changes = watch.hear(epoch=8)

    assert steps(changes) == [("online", "offline"), ("offline", "online")]
    assert isinstance(changes[0], PeerChange)
    assert changes[0].is_loss
    assert changes[0].epoch == 7


def test_a_late_frame_of_an_epoch_that_is_over_says_nothing() -> None:
    watch = Watch("b")
    watch.hear()
    watch.hear(epoch=8)

    assert watch.hear(epoch=7) == []
    assert steps(watch.wait(3)) == [("online", "suspect")]
    assert watch.hear(epoch=7) == []
    assert watch.state == "suspect"


def test_a_goodbye_ends_it_at_once_and_late_frames_do_not_bring_it_back() -> None:
    watch = Watch("b")
    watch.hear()

    [change] = watch.bye()

    assert isinstance(change, PeerChange)
    assert (change.new, change.reason) == ("offline", "it said goodbye")
    assert watch.hear() == []
    assert watch.greet(7, HERE) is None
    assert watch.state == "offline"
    assert watch.wait(60) == []


def test_who_said_goodbye_and_greets_again_is_back() -> None:
    watch = Watch("b")
    watch.hear()
    watch.bye()
    watch.wait(5)

    assert watch.greet(7, HERE) is None
    assert watch.state == "online"
    assert watch.hear() != []


def test_the_successor_of_who_said_goodbye_is_online_at_once() -> None:
    watch = Watch("b")
    watch.hear()
    watch.bye()

    assert watch.greet(8, THERE) is None
    assert steps(watch.presence.tick(watch.now)) == [("offline", "online")]


def test_a_goodbye_of_an_older_epoch_says_nothing() -> None:
    watch = Watch("b")
    watch.hear()
    watch.hear(epoch=8)

    assert watch.bye(epoch=7) == []
    assert watch.state == "online"


def test_a_stranger_s_goodbye_says_nothing() -> None:
    assert Watch().bye() == []


def test_a_peer_that_never_comes_is_absent_and_was_never_suspect() -> None:
    watch = Watch("b")

    changes = watch.wait(30)

    assert steps(changes) == [("expected", "absent")]
    assert [c for c in changes if isinstance(c, Network)] == [
        Network(is_healthy=False, online=1, total=2, missing=("b",))
    ]
    assert steps(watch.hear()) == [("absent", "online")]


def test_who_is_heard_without_being_expected_is_a_peer_too() -> None:
    watch = Watch()

    assert steps(watch.hear("c", 3), "c") == [("expected", "online")]
    assert [seen.peer for seen in watch.presence.peers()] == ["c"]


def test_a_forgotten_peer_is_followed_no_longer() -> None:
    watch = Watch("b")
    watch.hear()

    watch.presence.forget("b")

    assert watch.wait(60) == []
    assert watch.presence.seen("b") is None


def test_who_was_never_heard_and_is_known_no_longer_is_not_waited_for() -> None:
    watch = Watch("b", "c", "d")
    watch.hear("b")

    watch.presence.retain({"c"})

    assert [seen.peer for seen in watch.presence.peers()] == ["b", "c"]


def test_a_node_is_no_peer_of_its_own() -> None:
    watch = Watch("a", "b")
    watch.presence.heard("a", 1, watch.now)

    assert [seen.peer for seen in watch.presence.peers()] == ["b"]


def test_several_peers_that_go_down_at_once_are_also_told_together() -> None:
    watch = Watch("b", "c", "d")
    for peer in ("b", "c"):
        watch.hear(peer)
    watch.wait(1)
    watch.hear("d")

    found = watch.wait(20)

    assert [change for change in found if isinstance(change, PeersLost)] == [
        PeersLost(("b", "c"), "nothing was heard of them for 10 s")
    ]


def test_the_network_is_healthy_while_more_than_half_of_it_is_there() -> None:
    watch = Watch("b", "c")
    watch.hear("b")
    watch.hear("c")
    assert watch.presence.network == Network(is_healthy=True, online=3, total=3, missing=())

    watch.bye("b")
    found = watch.wait(20)

    assert found[-1] == Network(
        is_healthy=False, online=1, total=2, missing=("c",)
    )  # b stopped in order, and is not missed
    assert watch.hear("c")[-1] == Network(is_healthy=True, online=2, total=2, missing=())


def test_at_the_start_nothing_is_said_of_the_network_until_peers_had_time_to_come() -> None:
    watch = Watch("b", "c", "d")

    assert watch.wait(5) == []
    assert [type(change) for change in watch.hear("b")] == [PeerChange]
    assert Network(is_healthy=True, online=3, total=4, missing=("d",)) in watch.hear("c")


def test_a_node_without_peers_has_no_network() -> None:
    assert Watch().wait(60) == []


def test_a_clock_that_jumps_declares_nobody_dead() -> None:
    watch = Watch("b")
    watch.hear()

    watch.now += 3600  # the process was stopped
    assert watch.presence.tick(watch.now) == []
    watch.now -= 7200
    assert watch.presence.tick(watch.now) == []
    assert watch.hear() == []
    assert steps(watch.wait(2.75)) == []
    assert steps(watch.wait(0.25)) == [("online", "suspect")]


def test_what_is_seen_tells_since_when_and_how_long_it_is_silent() -> None:
    watch = Watch("b")
    watch.wait(1)
    watch.hear()
    watch.wait(2)

    seen = watch.presence.seen("b")

    assert seen is not None
    assert (seen.state, seen.epoch, seen.endpoint) == ("online", 7, HERE)
    assert (seen.since, seen.silence) == (2, 2)


# ------------------------------------------------------------------- two nodes with one identity


def test_the_second_of_two_nodes_with_one_identity_is_refused_with_an_alarm() -> None:
    watch = Watch("b")
    assert watch.greet(7, HERE) is None
    watch.presence.tick(watch.now)

    conflict = watch.greet(8, THERE)

    assert conflict == Conflict("b", 8, THERE, 7, HERE)
    assert watch.presence.tick(watch.now) == [conflict]
    assert watch.state == "online"
    seen = watch.presence.seen("b")
    assert seen is not None
    assert seen.epoch == 7


def test_the_alarm_is_raised_again_only_after_a_minute() -> None:
    watch = Watch("b")
    watch.greet(7, HERE)
    watch.presence.tick(watch.now)
    alarms = 0

    for _ in range(int(2 * AGAIN)):
        watch.greet(7, HERE)
        assert watch.greet(8, THERE) is not None
        alarms += sum(isinstance(change, Conflict) for change in watch.wait(1))

    assert alarms == 2


def test_from_the_same_place_it_is_the_first_one_s_successor() -> None:
    watch = Watch("b")
    watch.greet(7, HERE)
    watch.presence.tick(watch.now)

    assert watch.greet(8, HERE) is None
    assert steps(watch.presence.tick(watch.now)) == [("online", "offline"), ("offline", "online")]


def test_a_place_goes_by_the_name_that_the_peer_itself_has_for_it() -> None:
    watch = Watch("b")
    watch.greet(7, THERE)
    watch.presence.expect("b", HERE, watch.now)  # what this node calls it

    assert watch.greet(8, THERE) is None
    assert watch.greet(9, HERE) is not None


def test_two_that_listen_nowhere_are_not_taken_for_one() -> None:
    watch = Watch()
    watch.greet(7, "")

    assert watch.greet(8, "") is not None


def test_once_the_first_one_is_suspect_the_second_one_may_take_its_place() -> None:
    watch = Watch("b")
    watch.greet(7, HERE)
    watch.wait(3.5)

    assert watch.greet(8, THERE) is None

    assert watch.state == "online"
    seen = watch.presence.seen("b")
    assert seen is not None
    assert seen.epoch == 8


def test_then_the_first_one_is_refused_until_the_second_one_is_gone() -> None:
    watch = Watch("b")
    watch.greet(7, HERE)
    watch.wait(3.5)
    watch.greet(8, THERE)

    assert watch.greet(7, HERE) is not None
    watch.wait(5)
    assert watch.greet(7, HERE) is not None
    watch.wait(10)
    assert watch.greet(7, HERE) is None
    assert watch.state == "online"


@pytest.mark.parametrize(("epoch", "is_itself"), [(1, True), (2, False)])
def test_who_says_to_be_this_node_is_refused(epoch: int, is_itself: bool) -> None:  # noqa: FBT001  # a row
    watch = Watch()

    conflict = watch.greet(epoch, THERE, peer="a")

    assert conflict is not None
    assert conflict.is_itself is is_itself
    assert len(watch.presence.tick(watch.now)) == (0 if is_itself else 1)  # a mistake, no alarm
