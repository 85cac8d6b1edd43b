"""A place where a node is reached, `tcp://host:port` or `ipc:///path`, and the one beside it.

A node listens at two places, one for what it publishes and one for what it is asked. Only the first
is named anywhere; the second is the next port, or the path with `.req` behind it.
"""

from __future__ import annotations

import ipaddress
import os
from dataclasses import dataclass
from typing import Final, Literal

from ringleader.actors.errors import RingleaderError

LONGEST_PATH: Final = 100
"""Bytes of the path of a Unix socket that every system takes: Linux has room for 107, macOS 103."""

_REQUESTS: Final = ".req"
_LAST_PORT: Final = 65_535


class EndpointError(RingleaderError, ValueError):
    """An endpoint makes no sense.

    Attributes:
        exit_code: of a command that meets it.
    """

    exit_code = 1

    def __init__(self, text: str, reason: str) -> None:
        super().__init__(
            f"{text!r} is no endpoint: {reason}; one looks like tcp://127.0.0.1:7700, "
            "tcp://[::1]:7700, tcp://host:7700 or ipc:///run/ringleader/bridge"
        )


class Insecure(RingleaderError):  # noqa: N818  # reads as the answer it is
    """What was asked for would be open to others than this machine's own, without keys.

    Attributes:
        exit_code: of a command that meets it.
    """

    exit_code = 1


@dataclass(frozen=True, slots=True)
class Endpoint:
    """A place where a node is reached.

    Attributes:
        kind: `tcp` or `ipc`.
        host: name, address (without brackets) or `*`; empty for `ipc`.
        port: 0 for any free one; 0 for `ipc`, too.
        path: absolute, of a Unix socket; empty for `tcp`.
    """

    kind: Literal["tcp", "ipc"]
    host: str = ""
    port: int = 0
    path: str = ""

    @classmethod
    def parse(cls, text: str) -> Endpoint:
        """Read an endpoint.

        Raises:
            EndpointError: it makes no sense.
        """
        kind, mark, rest = text.partition("://")
        if mark and kind == "tcp":
            return cls._tcp(text, rest)
        if mark and kind == "ipc":
            return cls._ipc(text, rest)
        raise EndpointError(text, "it must begin with tcp:// or ipc://")

    @classmethod
    def _tcp(cls, text: str, rest: str) -> Endpoint:
        host, mark, port = rest.rpartition(":")
        if not (mark and host):
            raise EndpointError(text, "host or port is missing")
        if port != "*" and not (port.isascii() and port.isdecimal() and int(port) < _LAST_PORT):
            raise EndpointError(text, f"the port must be from 0 to {_LAST_PORT - 1}, or *")
        bare = host.removeprefix("[").removesuffix("]")
        if not bare.isascii() or any(letter in bare for letter in " /;@[]"):
            raise EndpointError(text, f"{host!r} is no host")
        if ":" in bare and host == bare:
            raise EndpointError(text, "an IPv6 address stands in brackets")
        return cls("tcp", host=bare, port=0 if port == "*" else int(port))

    @classmethod
    def _ipc(cls, text: str, rest: str) -> Endpoint:
        if not rest.startswith("/"):
            raise EndpointError(text, "the path must be absolute")
        if len(os.fsencode(rest + _REQUESTS)) > LONGEST_PATH:
            longest = LONGEST_PATH - len(_REQUESTS)
            raise EndpointError(text, f"its path is longer than {longest} bytes")
        return cls("ipc", path=rest)

    def __str__(self) -> str:
        if self.kind == "ipc":
            return f"ipc://{self.path}"
        host = f"[{self.host}]" if self.is_ipv6 else self.host
        return f"tcp://{host}:{self.port or '*'}"

    @property
    def requests(self) -> Endpoint:
        """The place where the same node is asked."""
        if self.kind == "ipc":
            return Endpoint("ipc", path=self.path + _REQUESTS)
        return Endpoint("tcp", host=self.host, port=self.port + 1 if self.port else 0)

    @property
    def is_ipv6(self) -> bool:
        """Whether the host is an IPv6 address."""
        return ":" in self.host

    @property
    def is_local(self) -> bool:
        """Whether only this machine reaches it; a name other than `localhost` is not trusted."""
        if self.kind == "ipc" or self.host == "localhost":
            return True
        try:
            return ipaddress.ip_address(self.host).is_loopback
        except ValueError:
            return False
