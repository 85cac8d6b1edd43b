"""What an endpoint says to other nodes: whether they can connect to it, and from where."""

from __future__ import annotations

from typing import Final

from .socket_endpoint import Endpoint, EndpointError

_ANY_HOST: Final = frozenset({"*", "0.0.0.0", "::"})  # noqa: S104  # refused, not bound


def parsed(text: str) -> Endpoint | None:
    """Return an endpoint; None if the text is none."""
    try:
        return Endpoint.parse(text)
    except EndpointError:
        return None


def is_local(text: str) -> bool:
    """Say whether an endpoint can be reached from its own host only."""
    endpoint = parsed(text)
    return endpoint is not None and endpoint.is_local


def is_everywhere(text: str) -> bool:
    """Say whether an endpoint stands for all addresses of its host."""
    endpoint = parsed(text)
    return endpoint is not None and endpoint.host in _ANY_HOST


def unreachable(text: str) -> str:
    """Say why nobody can connect to an endpoint; empty if somebody can."""
    try:
        endpoint = Endpoint.parse(text)
    except EndpointError as error:
        return str(error)
    if endpoint.host in _ANY_HOST:
        return f"{endpoint.host} stands for all addresses of a host, and names none"
    if endpoint.kind == "tcp" and endpoint.port == 0:
        return "it leaves the port open"
    return ""
