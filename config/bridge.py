"""What is wrong with the settings of the bridge: endpoints, peers, times, names of event types."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from ringleader.actors.events.catalogue import Catalogue
from ringleader.actors.events.errors import UnknownEventTypeError
from ringleader.transport.endpoints import is_everywhere, is_local, parsed, unreachable

from .errors import Problem
from .toml import dotted, inline

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ringleader.transport.bridge_options import BridgeOptions, PeerEntry

    from .faults import Fault, Where
    from .settings import NodeOptions, Settings

_KEY: Final = re.compile(r"[!-~]{40}")
_ACTOR: Final = re.compile(r"/|(/[^/\s]+)+/?")
_AROUND: Final = 65_536
"""What is around an event in a frame, at most (bytes)."""
_HEARTBEATS: Final = 2
"""Heartbeats that `suspect` is longer than: one may be late, and one be lost."""


def check_bridge(settings: Settings, where: Where) -> list[Problem]:
    """Return all that is wrong with the bridge's settings, as far as they alone can tell.

    Args:
        settings: all of them.
        where: names the place of a key, for errors.
    """
    faults = [
        *_faults_of_node(settings.node),
        *_faults_of_peers(settings.peers, settings.node),
        *_faults_of_times(settings.bridge),
        *_faults_of_sizes(settings),
        *_faults_of_types(settings),
        *_faults_of_actors(settings),
    ]
    return [Problem(where(path), dotted(path), wrong, right) for path, wrong, right in faults]


def advertised(node: NodeOptions) -> str:
    """Return what other nodes are told to connect to, as far as the settings say; may be empty."""
    return node.advertise or node.bind


def _faults_of_node(node: NodeOptions) -> Iterator[Fault]:
    bind, advertise = ("node", "bind"), ("node", "advertise")
    if node.bind and parsed(node.bind) is None:
        yield bind, unreachable(node.bind), ""
    elif is_everywhere(node.bind) and not node.advertise:
        wrong = f"other nodes can't connect to {node.bind}"
        yield bind, wrong, "set node.advertise to tcp://host:port, as they reach this host"
    if node.advertise and not node.bind:
        yield advertise, "there is nothing to advertise", "set node.bind, too"
    elif node.advertise and (wrong := unreachable(node.advertise)):
        yield advertise, *_said(node.advertise, wrong)
    elif node.advertise and _kind(node.advertise) != _kind(node.bind):
        yield advertise, "is not of the kind of node.bind", "use tcp:// or ipc:// for both"


def _kind(text: str) -> str:
    return text.partition(":")[0]


def _said(text: str, wrong: str) -> tuple[str, str]:
    """Return what is wrong with an endpoint, which may be named in it, and what would be right."""
    if parsed(text) is None:
        return wrong, ""
    return f"{inline(text)}: {wrong}", "expected tcp://host:port, as others reach that host"


def _faults_of_peers(peers: tuple[PeerEntry, ...], node: NodeOptions) -> Iterator[Fault]:
    names: dict[str, int] = {}
    places: dict[str, str] = {}
    for number, peer in enumerate(peers):
        key = ("peers", str(number))
        if peer.id in names:
            right = "give each node one entry, and each entry its node's own node.id"
            yield (*key, "id"), f"{peer.id} is there twice", right
        elif peer.endpoint in places:
            wrong = f"{places[peer.endpoint]} is there already"
            yield (*key, "endpoint"), wrong, "give each node an endpoint of its own"
        elif peer.id == node.id:
            yield from _faults_of_self(peer, node, key)
        names[peer.id], places[peer.endpoint] = number, peer.id
        if wrong := unreachable(peer.endpoint):
            yield (*key, "endpoint"), *_said(peer.endpoint, wrong)
        if peer.public_key and _KEY.fullmatch(peer.public_key) is None:
            wrong = f"{inline(peer.public_key)} is no public key"
            yield (*key, "public_key"), wrong, "`ringleader keys show` on that node prints it"


def _faults_of_self(peer: PeerEntry, node: NodeOptions, key: tuple[str, ...]) -> Iterator[Fault]:
    if peer.endpoint != advertised(node):
        wrong = f"{peer.id} is this node itself, which is not at {peer.endpoint}"
        right = (
            "give one of the two another node.id"
            if advertised(node)
            else f"set node.bind to {peer.endpoint}, or give one of the two another node.id"
        )
        yield (*key, "id"), wrong, right


def _faults_of_times(bridge: BridgeOptions) -> Iterator[Fault]:
    if bridge.suspect <= _HEARTBEATS * bridge.heartbeat:
        wrong = f"got {bridge.suspect:g}, with a heartbeat every {bridge.heartbeat:g} s"
        right = f"expected more than {_HEARTBEATS * bridge.heartbeat:g}: one may be late or lost"
        yield ("bridge", "suspect"), wrong, right
    if bridge.down <= bridge.suspect:
        wrong = f"got {bridge.down:g}, and a peer is suspect after {bridge.suspect:g} s"
        yield ("bridge", "down"), wrong, f"expected more than {bridge.suspect:g}"


def _faults_of_sizes(settings: Settings) -> Iterator[Fault]:
    bridge, events = settings.bridge, settings.events
    least = events.max_event_bytes + _AROUND
    if bridge.repair.entry_bytes < least:
        wrong = f"got {bridge.repair.entry_bytes}, and an event may have {events.max_event_bytes}"
        yield ("bridge", "repair", "entry_bytes"), wrong, f"expected at least {least}"
    largest = max(bridge.repair.entry_bytes, bridge.repair.batch_bytes, bridge.remote.max_bytes)
    if bridge.sockets.largest < largest + _AROUND:
        wrong = f"got {bridge.sockets.largest}, and what goes into a frame may have {largest}"
        right = (
            f"expected at least {largest + _AROUND}; or lower bridge.repair.entry_bytes, "
            "bridge.repair.batch_bytes and bridge.remote.max_bytes"
        )
        yield ("bridge", "sockets", "largest"), wrong, right
    if bridge.sockets.interval > bridge.heartbeat:
        wrong = f"got {bridge.sockets.interval:g}, with a heartbeat every {bridge.heartbeat:g} s"
        yield ("bridge", "sockets", "interval"), wrong, f"expected at most {bridge.heartbeat:g}"


def _faults_of_types(settings: Settings) -> Iterator[Fault]:
    catalogue = Catalogue()
    for word in ("also", "never"):
        for name in getattr(settings.bridge, word):
            try:
                known = catalogue.find(name).EVENT.name
            except UnknownEventTypeError as error:
                yield ("bridge", word), str(error), ""
            else:
                if known != name:
                    yield ("bridge", word), f"{name} goes by another name here", f"use {known}"
    for name in sorted(set(settings.bridge.also) & set(settings.bridge.never)):
        yield ("bridge", "never"), f"{name} is in bridge.also, too", "take it out of one of them"


def _faults_of_actors(settings: Settings) -> Iterator[Fault]:
    for path in settings.bridge.actors:
        if _ACTOR.fullmatch(path) is None:
            right = "expected a path such as /pipeline/evaluator, or /pipeline/ for all below"
            yield ("bridge", "actors"), f"{inline(path)} is no path of an actor", right


def needs_key(endpoint: str) -> bool:
    """Say whether what is said there leaves this host, and must be encrypted."""
    return bool(endpoint) and not is_local(endpoint)
