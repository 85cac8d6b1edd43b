"""Begins to serve the status, if the settings say so; what that needs is imported only then."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ringleader.config import ConfigError

from .access import problems

if TYPE_CHECKING:
    from collections.abc import Callable

    from ringleader.actors.context import Context
    from ringleader.actors.event_log import EventLog
    from ringleader.config import Loaded

    from .server import StatusServer


def open_status(
    loaded: Loaded, answer: Callable[[Any], Any], context: Context, log: EventLog | None = None
) -> StatusServer | None:
    """Take the port for a node's status, and be ready to start; None if it is off.

    Whoever opens it closes it.

    Args:
        loaded: the settings.
        answer: a node's answer to a question, at once.
        context: of the system.
        log: of events, if there is one.

    Raises:
        ConfigError: a package is missing, or other machines could ask without a token.
        StatusTaken: the port is taken.
    """
    if not loaded.settings.status.enabled:
        return None
    if wrong := problems(loaded):
        raise ConfigError(wrong)
    from .server import StatusServer  # noqa: PLC0415  # time that only who serves it spends

    server = StatusServer(loaded.settings.status, answer, context, log)
    server.open()
    return server
