"""What the addresses of all supervisors offer: looking at children, and operating them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal, TypeVar, overload

import pykka

from ringleader.actors.future import Reply
from ringleader.actors.ref import Ref

from . import answers
from .answers import ChildCounts, ChildInfo
from .calls import (
    Call,
    CountChildren,
    HoldChild,
    ReleaseChild,
    RenewChild,
    WhichChildren,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Generator

    from ringleader.actors.holds import HoldKind

    from .management import Row
    from .spec import Term

A = TypeVar("A", bound=pykka.Actor)
T = TypeVar("T")


class Answer(Reply[T]):
    """A reply that is read when it is asked for; `get` raises the error that it stands for."""

    def __init__(self, reply: Reply[Term], read: Callable[[Term], T]) -> None:
        super().__init__(reply.target)
        self._reply, self._read = reply, read

    def get(self, *, timeout: float | None = None) -> T:
        """Return the answer, or raise the error; `pykka.Timeout` after `timeout` seconds."""
        return self._read(self._reply.get(timeout=timeout))

    @property
    def done(self) -> bool:
        """Whether there is an answer."""
        return self._reply.done

    def __await__(self) -> Generator[Any, None, T]:
        """Wait without blocking the event loop."""
        return self._read((yield from self._reply.__await__()))


class FamilyRef(Ref[A]):
    """What the addresses of all supervisors offer.

    Each call waits its turn behind what the supervisor was told before; it may be told while a
    child starts or stops, and answers after that. With `block=False` a call returns its
    future; else it waits, for `timeout` seconds at most (`pykka.Timeout`; the supervisor does it
    all the same). Where the supervisor ends first, a call raises `ActorDied`.
    """

    @overload
    def which_children(
        self, *, block: Literal[True] = True, timeout: float | None = None
    ) -> list[ChildInfo]: ...
    @overload
    def which_children(
        self, *, block: Literal[False], timeout: float | None = None
    ) -> Answer[list[ChildInfo]]: ...
    def which_children(self, *, block: bool = True, timeout: float | None = None) -> Any:
        """Return all children, latest started first, as OTP does."""
        return self._send(WhichChildren(), self._infos, block=block, timeout=timeout)

    @overload
    def count_children(
        self, *, block: Literal[True] = True, timeout: float | None = None
    ) -> ChildCounts: ...
    @overload
    def count_children(
        self, *, block: Literal[False], timeout: float | None = None
    ) -> Answer[ChildCounts]: ...
    def count_children(self, *, block: bool = True, timeout: float | None = None) -> Any:
        """Return OTP's four counts."""
        return self._send(
            CountChildren(), lambda counts: ChildCounts(**counts), block=block, timeout=timeout
        )

    @overload
    def hold_child(
        self,
        name: str,
        *,
        by: str,
        why: str = "",
        block: Literal[True] = True,
        timeout: float | None = None,
    ) -> None: ...
    @overload
    def hold_child(
        self,
        name: str,
        *,
        by: str,
        why: str = "",
        block: Literal[False],
        timeout: float | None = None,
    ) -> Answer[None]: ...
    def hold_child(
        self,
        name: str,
        *,
        by: str,
        why: str = "",
        block: bool = True,
        timeout: float | None = None,
    ) -> Any:
        """Stop a child and keep it down, whatever the rules of supervision say.

        Only `release_child` starts it again: no restart of its group, of its supervisor or of
        the node does. A temporary child is stopped, and is gone. OTP has no such call.

        Args:
            name: the last part of its path.
            by: who wants it.
            why: in words, for those who come later.
            block: whether to wait; else the future is returned.
            timeout: seconds to wait.

        Raises:
            ChildNotFound: there is no such child.
        """
        call = HoldChild(name, "hold", by, why)
        return self._send(
            call, lambda x: answers.done(x, name, self._names()), block=block, timeout=timeout
        )

    @overload
    def quarantine_child(
        self,
        name: str,
        *,
        by: str,
        why: str = "",
        release_after: float | None = None,
        block: Literal[True] = True,
        timeout: float | None = None,
    ) -> None: ...
    @overload
    def quarantine_child(
        self,
        name: str,
        *,
        by: str,
        why: str = "",
        release_after: float | None = None,
        block: Literal[False],
        timeout: float | None = None,
    ) -> Answer[None]: ...
    def quarantine_child(
        self,
        name: str,
        *,
        by: str,
        why: str = "",
        release_after: float | None = None,
        block: bool = True,
        timeout: float | None = None,
    ) -> Any:
        """Stop a child and park it, as a supervisor does with one that failed too often.

        As `hold_child`, but for a time: after `release_after` seconds it is started by itself;
        with None it is not.

        Raises:
            ChildHeld: an operator holds it, and a quarantine must not undo that.
            ChildNotFound: there is no such child.
        """
        call = HoldChild(name, "quarantine", by, why, release_after)
        return self._send(
            call, lambda x: answers.done(x, name, self._names()), block=block, timeout=timeout
        )

    @overload
    def release_child(
        self,
        name: str,
        *,
        only: HoldKind | None = None,
        block: Literal[True] = True,
        timeout: float | None = None,
    ) -> Ref[Any]: ...
    @overload
    def release_child(
        self,
        name: str,
        *,
        only: HoldKind | None = None,
        block: Literal[False],
        timeout: float | None = None,
    ) -> Answer[Ref[Any]]: ...
    def release_child(
        self,
        name: str,
        *,
        only: HoldKind | None = None,
        block: bool = True,
        timeout: float | None = None,
    ) -> Any:
        """Take a hold or a quarantine off a child and start it; start one that is just down.

        A restart that waits is done now. If the start fails the child is down, and not held.

        Args:
            name: the last part of its path.
            only: `quarantine`: refuse where an operator holds it; `hold`: the other way round.
            block: whether to wait; else the future is returned.
            timeout: seconds to wait.

        Raises:
            ChildHeld: the hold is of another kind than `only`.
            ChildRunning: it runs.
            StartFailed: its constructor or `on_start` failed.
            ChildWaits: it will start when a sibling that it depends on is there.
            ChildNotFound: there is no such child.
        """
        return self._send(
            ReleaseChild(name, only),
            lambda x: answers.restarted(x, name, self._names()),
            block=block,
            timeout=timeout,
        )

    @overload
    def renew_child(
        self, name: str, *, block: Literal[True] = True, timeout: float | None = None
    ) -> Ref[Any]: ...
    @overload
    def renew_child(
        self, name: str, *, block: Literal[False], timeout: float | None = None
    ) -> Answer[Ref[Any]]: ...
    def renew_child(self, name: str, *, block: bool = True, timeout: float | None = None) -> Any:
        """Stop a child and start it again, which counts as no failure.

        Raises:
            ChildHeld: it is kept down; `release_child` starts it.
            StartFailed: its constructor or `on_start` failed; it is down.
            ChildNotFound: there is no such child.
        """
        return self._send(
            RenewChild(name),
            lambda x: answers.restarted(x, name, self._names()),
            block=block,
            timeout=timeout,
        )

    def _send(
        self, call: Call, read: Callable[[Term], T], *, block: bool, timeout: float | None
    ) -> T | Answer[T]:
        answer = Answer(self._ask(call), read)
        return answer.get(timeout=timeout) if block else answer

    def _infos(self, rows: list[Row]) -> list[ChildInfo]:
        refs = {name: cell.ref for name, cell in list(self.cell.children.items())}
        return [answers.info(row, refs) for row in rows]

    def _names(self) -> list[str]:
        return list(self.cell.children)
