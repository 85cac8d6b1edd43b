"""What is sent to a process is written down, and refs know who is gone."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from pykka import ActorDeadError

from ringleader.actors.base import Actor
from ringleader.actors.context import Context
from ringleader.actors.errors import BadValue, CannotCross
from ringleader.actors.message import Ask, plain
from ringleader.actors.process_cell import KnownRefs, Nobody, ProcessCell
from ringleader.actors.ref import Ref
from ringleader.actors.remote import RemoteRef, RemoteReply, blank_actor, names_of
from ringleader.actors.sealed import Sealed

if TYPE_CHECKING:
    from collections.abc import Iterator


class OwnRef(Ref[Any]):
    def hello(self) -> str:
        return f"hello {self.path}"


class Anybody(Actor):
    def __init__(self) -> None:
        super().__init__()
        self.count, self.run, self._own = 0, print, 1


class WithOwnRef(Actor):
    dispatcher = "process"
    ref_class = OwnRef


@pytest.fixture
def context() -> Iterator[Context]:
    context = Context()
    yield context
    assert context.close(5)


def test_messages_are_sealed_where_they_are_sent_and_count_as_themselves(context: Context) -> None:
    cell = ProcessCell("/p", Anybody, context)
    cell.ref.tell([1])
    reply = cell.ref.ask([2], block=False)
    told, asked = cell.mailbox.q
    assert isinstance(told, Sealed)
    assert isinstance(asked, Ask)
    assert isinstance(asked.message, Sealed)
    assert [plain(told), plain(asked)] == [[1], [2]]
    assert cell.codec.decode(asked.message.data) == [2]
    with pytest.raises(CannotCross, match="the message to /p"):
        cell.ref.tell(print)
    assert len(cell.mailbox) == 2
    cell.close()
    with pytest.raises(ActorDeadError):
        reply.get(timeout=5)


def test_a_class_keeps_its_own_kind_of_ref(context: Context) -> None:
    cell = ProcessCell("/p", WithOwnRef, context)
    assert isinstance(cell.ref, OwnRef)
    assert cell.ref.hello() == "hello /p"
    with pytest.raises(CannotCross):
        cell.ref.tell(print)
    cell.close()


def test_a_ref_that_comes_back_is_the_one_that_went_while_its_actor_is_there() -> None:
    refs, ref = KnownRefs(), Anybody.start()
    path, urn, name, is_anonymous = refs.describe(ref)
    assert (path, name) == (ref.path, f"{__name__}:Anybody")
    assert refs.find([path, urn, name, is_anonymous]) is ref
    with pytest.raises(BadValue):
        refs.find([path, 5, name, False])


def test_a_ref_of_nobody_is_dead() -> None:
    ref: Any = KnownRefs().find(["/gone", "urn:1", "m:Gone", False])
    assert type(ref).__name__ == RemoteRef.__name__
    assert str(ref) == "Gone (/gone)"
    assert not ref.is_alive()
    for send in (ref.tell, ref.ask):
        with pytest.raises(ActorDeadError):
            send(1)
    with pytest.raises(ActorDeadError):
        ref.watch().get(timeout=5)
    with pytest.raises(ActorDeadError):
        ref.stop(timeout=5)
    with pytest.raises(ActorDeadError):
        ref.proxy()
    with pytest.raises(CannotCross, match="its actor is gone"):
        KnownRefs().describe(ref)
    reply: RemoteReply[Any] = RemoteReply(Nobody())
    Nobody().forget(reply)
    assert not reply.done


def test_a_blank_actor_has_the_attributes_that_the_real_one_has() -> None:
    ref = Anybody.start()
    names = names_of(ref.cell.instance)
    assert names == {"count": False, "run": True}
    blank = blank_actor(Anybody, names)
    assert isinstance(blank, Anybody)
    assert callable(blank.run)
    assert not callable(blank.count)
