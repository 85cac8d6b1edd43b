"""What a client makes of a node's reply: a value, or the error that the node met."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, TypeVar

import msgspec

from ringleader.actors.errors import PublishError, PublishRefused
from ringleader.actors.event_log import ConsumerTaken, EventLogError, NoSuchConsumer

from .frames import FrameError, read_reply
from .node_errors import NodeError, NodeNotReady, OrderRefused
from .questions import name_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ringleader.actors.errors import RingleaderError

    from .questions import Question

T = TypeVar("T")

ERRORS: Final[Mapping[str, type[RingleaderError]]] = {
    kind.__name__: kind
    for kind in (
        ConsumerTaken,
        EventLogError,
        NoSuchConsumer,
        NodeNotReady,
        PublishError,
        PublishRefused,
    )
}
"""Errors that clients meet under their own names; their constructors take a text."""


def value_of(body: bytes, question: Question, kind: type[T]) -> T:
    """Return what a reply holds.

    Raises:
        NodeError: the node had no answer: as what it was there, or as `OrderRefused`.
    """
    try:
        reply = read_reply(body)
    except FrameError as error:
        raise NodeError(str(error)) from error
    if reply.error:
        known = ERRORS.get(reply.kind)
        if known is not None:
            raise known(reply.error)
        if reply.exit_code == OrderRefused.exit_code:
            raise OrderRefused(reply.error)
        raise NodeError(f"the node did not answer {name_of(question)!r}: {reply.error}")
    try:
        return msgspec.msgpack.decode(reply.value, type=kind)
    except msgspec.DecodeError as error:
        raise NodeError(
            f"the node's answer to {name_of(question)!r} is not understood: {error}; "
            "does it run another version of ringleader?"
        ) from error
