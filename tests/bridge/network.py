"""Hosts as network namespaces of this machine, joined by a switch; links can be cut and mended."""

from __future__ import annotations

import itertools
import os
import shutil
import subprocess
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

NUMBERS = itertools.count(1)
IP = shutil.which("ip") or "ip"


def ip(*arguments: str) -> None:
    """Run `ip`."""
    done = subprocess.run([IP, *arguments], capture_output=True, text=True, check=False)  # noqa: S603  # our own
    if done.returncode:
        raise OSError(f"ip {' '.join(arguments)}: {done.stderr.strip()}")


class Network:
    """A switch with up to 200 hosts; each has the address 10.77.0.N in a namespace of its own."""

    def __init__(self) -> None:
        self._name = f"rl{os.getpid()}-{next(NUMBERS)}"
        self.switch = f"{self._name}-switch"
        self._hosts: dict[int, str] = {}
        ip("netns", "add", self.switch)
        ip("-n", self.switch, "link", "add", "switch", "type", "bridge")
        ip("-n", self.switch, "link", "set", "switch", "up")

    def add(self, number: int) -> str:
        """Make a host; return the name of its namespace."""
        name = f"{self._name}-{number}"
        ip("netns", "add", name)
        self._hosts[number] = name
        port = f"port{number}"
        ip("link", "add", port, "netns", self.switch, "type", "veth", "peer", "eth0", "netns", name)
        ip("-n", self.switch, "link", "set", port, "master", "switch", "up")
        ip("-n", name, "addr", "add", f"{address(number)}/24", "dev", "eth0")
        ip("-n", name, "link", "set", "eth0", "up")
        ip("-n", name, "link", "set", "lo", "up")
        return name

    def cut(self, number: int) -> None:
        """Unplug a host: nobody is told, what was sent is gone."""
        ip("-n", self.switch, "link", "set", f"port{number}", "down")

    def mend(self, number: int) -> None:
        """Plug it in again."""
        ip("-n", self.switch, "link", "set", f"port{number}", "up")

    def silence(self, number: int, other: int) -> None:
        """Let nothing from one host reach another one, which is heard still."""
        ip("-n", self._hosts[number], "route", "add", "blackhole", f"{address(other)}/32")

    def voice(self, number: int, other: int) -> None:
        """End the silence."""
        ip("-n", self._hosts[number], "route", "del", "blackhole", f"{address(other)}/32")

    def command(self, number: int, *command: str) -> list[str]:
        """Return what runs a command on a host."""
        return [IP, "netns", "exec", self._hosts[number], *command]

    def close(self) -> None:
        """Remove everything."""
        for name in [*self._hosts.values(), self.switch]:
            ip("netns", "del", name)
        self._hosts.clear()


def address(number: int) -> str:
    """Return the address of a host."""
    return f"10.77.0.{number}"


def made_network() -> Iterator[Network]:
    """Make a network; skip where that is not allowed, but not in CI."""
    try:
        network = Network()
    except OSError as error:
        if os.environ.get("CI"):
            raise
        pytest.skip(f"no network namespaces here: {error}")
    try:
        yield network
    finally:
        network.close()
