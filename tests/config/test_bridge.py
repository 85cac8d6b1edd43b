"""A node's place, its peers and the bridge are checked, and what is wrong is said with a remedy."""

from __future__ import annotations

import tomllib
from typing import TYPE_CHECKING

import pytest

from ringleader.config.bridge import advertised, needs_key
from ringleader.config.errors import ConfigError
from ringleader.config.load import load
from ringleader.config.settings import NodeOptions
from ringleader.config.show import rows
from ringleader.transport.bridge_options import BridgeOptions, PeerEntry

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    Write = Callable[[str], Path]

KEY = "k" * 40
NODE = f"""
[node]
id = "a"
bind = "tcp://0.0.0.0:7400"
advertise = "tcp://10.0.0.1:7400"

[[peers]]
id = "a"
endpoint = "tcp://10.0.0.1:7400"
public_key = "{KEY}"

[[peers]]
id = "b"
endpoint = "tcp://10.0.0.2:7400"
public_key = "{KEY}"

[[peers]]
id = "c"
endpoint = "ipc:///run/c"

[bridge]
suspect = 5
never = ["NODE_SUSPECT"]
actors = ["/pipeline/evaluator", "/top/"]
sockets.io_threads = 2
"""


def problems(directory: Path, **more: str) -> list[str]:
    with pytest.raises(ConfigError) as caught:
        load(directory=directory, environment=more)
    return [str(problem) for problem in caught.value.problems]


def test_a_node_file_says_where_a_node_is_and_whom_it_talks_to(write: Write) -> None:
    settings = load(directory=write(NODE), environment={}).settings

    assert settings.node.bind == "tcp://0.0.0.0:7400"
    assert advertised(settings.node) == "tcp://10.0.0.1:7400"
    assert [peer.id for peer in settings.peers] == ["a", "b", "c"]
    assert settings.peers[2] == PeerEntry(id="c", endpoint="ipc:///run/c")
    assert (settings.bridge.suspect, settings.bridge.down) == (5, 10)
    assert settings.bridge.never == ("NODE_SUSPECT",)
    assert settings.bridge.sockets.io_threads == 2
    assert settings.bridge.sockets.largest == BridgeOptions().sockets.largest


def test_by_default_a_node_listens_nowhere_and_knows_nobody(tmp_path: Path) -> None:
    settings = load(directory=tmp_path, environment={}).settings

    assert (settings.node.bind, advertised(settings.node), settings.peers) == ("", "", ())
    assert (settings.bridge.heartbeat, settings.bridge.suspect, settings.bridge.down) == (1, 3, 10)


def test_peers_can_come_from_the_environment_and_a_later_layer_replaces_all(write: Write) -> None:
    environment = {"RINGLEADER_PEERS": '[{id = "d", endpoint = "ipc:///d"}]'}

    loaded = load(directory=write(NODE), environment=environment)

    assert loaded.settings.peers == (PeerEntry(id="d", endpoint="ipc:///d"),)
    assert loaded.where(("peers", "0", "id")) == "RINGLEADER_PEERS"


def test_the_old_timeout_of_peers_still_counts(tmp_path: Path) -> None:
    environment = {"RINGRIFT_P2P_PEER_TIMEOUT": "90"}

    assert load(directory=tmp_path, environment=environment).settings.bridge.down == 90


def test_peers_are_shown_as_toml_takes_them(write: Write) -> None:
    loaded = load(directory=write('[[peers]]\nid = "b"\nendpoint = "ipc:///b"'), environment={})

    [row] = [row for row in rows(loaded) if row.key == "peers"]

    assert row.value == [{"id": "b", "endpoint": "ipc:///b"}]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('[node]\nbind = "127.0.0.1:7400"', "node.bind: '127.0.0.1:7400' is no endpoint: it must"),
        ('[node]\nbind = "tcp://x:65535"', "is no endpoint: the port must be from 0 to 65534"),
        (
            '[node]\nbind = "tcp://*:7400"',
            "node.bind: other nodes can't connect to tcp://*:7400; s",
        ),
        ('[node]\nadvertise = "tcp://b:1"', "node.advertise: there is nothing to advertise; set"),
        (
            '[node]\nbind = "tcp://*:1"\nadvertise = "tcp://*:1"',
            'node.advertise: "tcp://*:1": * stands for all addresses',
        ),
        (
            '[node]\nbind = "ipc:///a"\nadvertise = "tcp://b:1"',
            "node.advertise: is not of the kind of node.bind",
        ),
        ('[[peers]]\nid = "b"', "peers.0.endpoint: is missing; expected a string"),
        ('[[peers]]\nid = "b c"\nendpoint = "ipc:///b"', 'peers.0.id: got "b c"; expected a str'),
        ('[[peers]]\nid = "b"\nendpiont = "ipc:///b"', "did you mean peers.0.endpoint?"),
        ('[[peers]]\nid = "b"\nendpoint = "b:1"', "peers.0.endpoint: 'b:1' is no endpoint: it mu"),
        ('[[peers]]\nid = "b"\nendpoint = "tcp://b:0"', "it leaves the port open"),
        (
            '[[peers]]\nid = "b"\nendpoint = "ipc:///b"\npublic_key = "x"',
            'peers.0.public_key: "x" is no public key; `ringleader keys show` on that node prints',
        ),
        (
            '[[peers]]\nid = "b"\nendpoint = "ipc:///b"\n[[peers]]\nid = "b"\nendpoint = "ipc:///c"',
            "peers.1.id: b is there twice; give each node one entry",
        ),
        (
            '[[peers]]\nid = "b"\nendpoint = "ipc:///b"\n[[peers]]\nid = "c"\nendpoint = "ipc:///b"',
            "peers.1.endpoint: b is there already; give each node an endpoint of its own",
        ),
        (
            '[node]\nid = "a"\nbind = "ipc:///a"\n[[peers]]\nid = "a"\nendpoint = "ipc:///b"',
            "a is this node itself, which is not at ipc:///b; give one of the two another node.id",
        ),
        (
            '[node]\nid = "a"\n[[peers]]\nid = "a"\nendpoint = "tcp://10.0.0.2:1"',
            "set node.bind to tcp://10.0.0.2:1, or give one of the two another node.id",
        ),
        ("[bridge]\nsuspect = 2", "bridge.suspect: got 2, with a heartbeat every 1 s; expected mo"),
        ("[bridge]\ndown = 3", "bridge.down: got 3, and a peer is suspect after 3 s; expected mor"),
        ("[bridge]\nsockets.interval = 2", "bridge.sockets.interval: got 2, with a heartbeat ever"),
        ("[bridge]\nrepair.entry_bytes = 9", "bridge.repair.entry_bytes: got 9, and an event may"),
        ("[bridge]\nsockets.largest = 9000", "bridge.sockets.largest: got 9000, and what goes in"),
        ('[bridge]\nalso = ["TASK_SPAWN"]', "bridge.also: 'TASK_SPAWN' is not an event type"),
        ('[bridge]\nnever = ["TRAINING_COMPLETE"]', "another name here; use TRAINING_COMPLETED"),
        (
            '[bridge]\nalso = ["HOST_ONLINE"]\nnever = ["HOST_ONLINE"]',
            "HOST_ONLINE is in bridge.also, too; take it out of one of them",
        ),
        ('[bridge]\nactors = ["top"]', 'bridge.actors: "top" is no path of an actor; expected a p'),
    ],
)
def test_what_is_wrong_is_said_with_a_remedy(text: str, said: str, write: Write) -> None:
    found = problems(write(text))

    assert any(said in problem for problem in found), found


def test_a_problem_with_a_peer_is_told_with_its_line(write: Write) -> None:
    peers = '[[peers]]\nid = "b"\nendpoint = "ipc:///b"\n[[peers]]\nid = "c"\nendpoint = 7'

    [problem] = problems(write(peers))

    assert "ringleader.toml:6: peers.1.endpoint: got 7; expected a string" in problem


def test_the_example_of_the_text_above_is_toml() -> None:
    assert len(tomllib.loads(NODE)["peers"]) == 3


@pytest.mark.parametrize(
    ("endpoint", "is_needed"),
    [("", False), ("ipc:///a", False), ("tcp://127.0.0.1:1", False), ("tcp://b:1", True)],
)
def test_what_leaves_the_host_needs_a_key(
    endpoint: str,
    is_needed: bool,  # noqa: FBT001  # a row
) -> None:
    assert needs_key(endpoint) is is_needed
    assert advertised(NodeOptions(bind=endpoint)) == endpoint
