"""Who may ask: addresses that are this machine's own, names for them, and the token."""

from __future__ import annotations

import hmac
from importlib.util import find_spec
from ipaddress import ip_address
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

from ringleader.config import Problem

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from ringleader.config import Loaded

NEEDS: Final[Mapping[str, str]] = {
    "prometheus_client": "prometheus-client",
    "starlette": "starlette",
    "uvicorn": "uvicorn",
}
"""What is imported to serve it, and how each is called as a package."""

REMEDY: Final = "pip install 'ringleader[status]'"
_SCHEME: Final = "bearer"


def problems(loaded: Loaded, is_there: Callable[[str], bool] | None = None) -> list[Problem]:
    """Return why the status can't be served as the settings say; nothing while it is off."""
    options = loaded.settings.status
    if not options.enabled:
        return []
    is_there = is_there or _is_installed
    found = [
        Problem("", package, "is not installed, and status.enabled needs it", REMEDY)
        for module, package in NEEDS.items()
        if not is_there(module)
    ]
    if not options.token and not is_loopback(options.host):
        found.append(
            Problem(
                loaded.where(("status", "host")),
                "status.host",
                f"{options.host} can be reached from other machines, and there is no token",
                "set status.token (RINGLEADER_STATUS__TOKEN=...), which who asks then sends, "
                'or status.host = "127.0.0.1"',
            )
        )
    return found


def is_loopback(host: str) -> bool:
    """Tell whether an address is this machine's own; of names, `localhost` alone is."""
    if host.lower() == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False


def is_own_name(host: str) -> bool:
    """Tell whether a request's `Host` names this machine itself.

    A web page can make any other name mean 127.0.0.1, and have a browser here ask for it.
    """
    try:
        name = urlsplit(f"//{host}").hostname
    except ValueError:
        return False
    return name is not None and is_loopback(name)


def is_bearer(header: str, token: str) -> bool:
    """Tell whether an `Authorization` header has the token; takes as long whatever is wrong."""
    scheme, _, given = header.partition(" ")
    is_right = hmac.compare_digest(given.strip().encode(), token.encode())
    return is_right and scheme.lower() == _SCHEME


def _is_installed(module: str) -> bool:
    return find_spec(module) is not None
