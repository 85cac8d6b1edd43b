"""What an endpoint says."""

from __future__ import annotations

import pytest

from ringleader.transport.endpoints import is_everywhere, is_local, parsed, unreachable


@pytest.mark.parametrize("text", ["", "tcp://", "tcp://x", "tcp://x:y", "ipc://x", "udp://x:1"])
def test_other_texts_are_no_endpoints(text: str) -> None:
    assert parsed(text) is None
    assert "is no endpoint" in unreachable(text)
    assert not is_local(text)
    assert not is_everywhere(text)


@pytest.mark.parametrize(
    "endpoint",
    ["tcp://127.0.0.1:1", "tcp://127.1.2.3:1", "tcp://localhost:1", "tcp://[::1]:1", "ipc:///x"],
)
def test_some_are_reached_from_their_own_host_only(endpoint: str) -> None:
    assert is_local(endpoint)
    assert not is_everywhere(endpoint)


@pytest.mark.parametrize("endpoint", ["tcp://10.0.0.1:1", "tcp://b:1", "tcp://0.0.0.0:1"])
def test_others_are_not(endpoint: str) -> None:
    assert not is_local(endpoint)


@pytest.mark.parametrize(
    ("endpoint", "why"),
    [
        ("tcp://*:7400", "* stands for all addresses of a host, and names none"),
        ("tcp://0.0.0.0:7400", "0.0.0.0 stands for all addresses of a host, and names none"),
        ("tcp://[::]:7400", ":: stands for all addresses of a host, and names none"),
        ("tcp://x:0", "it leaves the port open"),
        ("tcp://x:*", "it leaves the port open"),
        ("tcp://x:65534", ""),
        ("ipc:///x", ""),
    ],
)
def test_it_is_said_why_nobody_can_connect(endpoint: str, why: str) -> None:
    assert unreachable(endpoint) == why


def test_the_last_port_is_not_enough_for_a_node() -> None:
    assert "the port must be from 0 to 65534" in unreachable("tcp://x:65535")
