"""Where nodes are reached, and who can reach them there."""

from __future__ import annotations

import pytest

from ringleader.transport.socket_endpoint import Endpoint, EndpointError


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("127.0.0.1:7700", "must begin with"),
        ("udp://a:1", "must begin with"),
        ("tcp://7700", "host or port is missing"),
        ("tcp://a:65535", "from 0 to 65534"),
        ("tcp://a:x", "from 0 to 65534"),
        ("tcp://::1:7700", "in brackets"),
        ("tcp://a b:1", "is no host"),
        ("ipc://relative", "must be absolute"),
        ("ipc:///" + "x" * 100, "longer than 96 bytes"),
    ],
)
def test_what_is_no_endpoint_is_refused_in_words(text: str, reason: str) -> None:
    with pytest.raises(EndpointError, match=reason):
        Endpoint.parse(text)


def test_endpoints_know_the_place_beside_them_and_who_reaches_them() -> None:
    texts = [
        "tcp://[::1]:7700",
        "tcp://127.0.0.1:*",
        "tcp://a:1",
        "ipc:///r/b",
        "tcp://localhost:1",
    ]
    places = [Endpoint.parse(text) for text in texts]
    assert [str(place) for place in places] == texts
    assert [place.is_local for place in places] == [True, True, False, True, True]
    assert [str(place.requests) for place in places] == [
        "tcp://[::1]:7701",
        "tcp://127.0.0.1:*",
        "tcp://a:2",
        "ipc:///r/b.req",
        "tcp://localhost:2",
    ]
