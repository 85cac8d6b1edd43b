"""What tests of process actors have in common."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pykka

from ringleader.supervisors.spec import ChildSpec
from tests.supervisors.process_actors import OwnError

if TYPE_CHECKING:
    from ringleader.system import System

PATIENCE = 30.0
"""Seconds after which a test has failed; none of them waits that long."""


class Echo(pykka.ThreadingActor):
    """Anybody in this process; an unchanged Pykka actor."""

    def on_receive(self, message: Any) -> Any:
        if message == "boom":
            raise OwnError(1, hint="here")
        if isinstance(message, tuple) and message and message[0] == "ask":
            return message[1].ask("pid")  # pyright: ignore[reportUnknownVariableType, reportUnknownMemberType]  # of Any
        return ("echo", message)


def start(system: System, actor_class: type[Any], *args: Any, name: str = "p", **spec: Any) -> Any:
    return system.start_child(ChildSpec(name, actor_class, args, **spec), timeout=PATIENCE)
