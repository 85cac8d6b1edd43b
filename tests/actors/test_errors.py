from __future__ import annotations

import inspect

import pykka
import pytest

from ringleader.actors import errors
from ringleader.actors.errors import (
    ActorDied,
    BlockingCallError,
    DeadlockError,
    HandlerError,
    MailboxFull,
    NoSuchActor,
    RingleaderError,
)

CLASSES = [
    kind
    for _, kind in inspect.getmembers(errors, inspect.isclass)
    if kind.__module__ == errors.__name__
]


@pytest.mark.parametrize("kind", CLASSES, ids=lambda kind: kind.__name__)
def test_every_error_is_a_ringleader_error_and_says_what_it_means(
    kind: type[Exception],
) -> None:
    assert issubclass(kind, RingleaderError)
    assert kind.__doc__


def test_a_death_is_also_pykkas_dead_actor_and_keeps_the_reason() -> None:
    error = ActorDied("killed")

    assert isinstance(error, pykka.ActorDeadError)
    assert error.reason == "killed"
    assert str(error) == "ended before it answered: 'killed'"


def test_a_full_mailbox_gives_the_message_back() -> None:
    error = MailboxFull("/trainer", "the message", 10, "; try later")

    assert (error.path, error.message, error.capacity) == ("/trainer", "the message", 10)
    assert str(error) == "the mailbox of /trainer is full (10 messages); try later"


def test_errors_are_what_python_calls_such_things() -> None:
    assert issubclass(HandlerError, TypeError)
    assert issubclass(NoSuchActor, LookupError)
    assert issubclass(BlockingCallError, DeadlockError)


def test_nobody_at_a_path_is_said_with_the_path_and_a_hint() -> None:
    error = NoSuchActor("/trianer", "; did you mean '/trainer'?")

    assert error.path == "/trianer"
    assert str(error) == "there is no actor at '/trianer'; did you mean '/trainer'?"
