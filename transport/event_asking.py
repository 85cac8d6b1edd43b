"""What holders of consumers ask of the event log in its file, and fetches that wait."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

from ringleader.actors import consumer_rules as rules
from ringleader.actors.errors import RingleaderError
from ringleader.actors.event_log import Fetched
from ringleader.actors.open_fetches import OpenFetch

from .event_consumers import Consumers
from .event_handout import Handed, Handout

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from ringleader.actors.clock import Clock
    from ringleader.actors.event_log import ConsumerInfo, ConsumerSpec, Settled, Then

    from .event_consumers import Aside
    from .group_writer import GroupWriter
    from .sqlite import Tables

logger = logging.getLogger("ringleader.events")


class ConsumerSide:
    """The part of the event log that consumers use.

    Args:
        writer: commits.
        clock: tells the time of leases.
        aside: keeps a dead letter.
    """

    def __init__(self, writer: GroupWriter, clock: Clock, aside: Aside) -> None:
        self._writer, self._clock, self._aside = writer, clock, aside
        self._handout = Handout(self._consumers)
        writer.on_end(self._handout.open.close)

    def attach(self, spec: ConsumerSpec, owner: str, then: Then[ConsumerInfo]) -> None:
        """Become the holder of a consumer, which is made if it is new."""
        self._submit(
            lambda consumers: consumers.attach(spec, owner),
            then,
            about=spec.name,
            ends=lambda _: self._handout.open.attached(spec.name, owner),
        )

    def fetch(
        self, name: str, owner: str, limit: int, then: Then[Fetched], *, wait: bool = False
    ) -> None:
        """Hand out the next events; with `wait`, when there are some."""
        types: tuple[str, ...] | None = None

        def fetch(consumers: Consumers) -> Fetched:
            nonlocal types
            found = consumers.fetch(name, owner, limit)
            if wait and not found.records:
                types = consumers.types_of(name)
            return found

        def fetched(result: Fetched | RingleaderError) -> None:
            if wait and isinstance(result, Fetched) and not result.records:
                self._handout.open.add(name, OpenFetch(owner, limit, types, then))
            else:
                then(result)

        self._submit(fetch, fetched, about=name, ends=self._end(name, owner))

    def settle(
        self, name: str, owner: str, outcomes: Sequence[Settled], then: Then[int] | None = None
    ) -> None:
        """Note outcomes of events in hand."""
        noted = tuple(outcomes)
        puts_back = any(map(rules.puts_back, noted))
        self._submit(
            lambda consumers: consumers.settle(name, owner, noted),
            then,
            about=name if puts_back else "",
            ends=self._end(name, owner) if puts_back else None,
        )

    def hand_back(self, name: str, owner: str, sequences: Sequence[int]) -> None:
        """Put events in hand back that were not begun."""
        back = tuple(sequences)
        self._submit(
            lambda consumers: consumers.hand_back(name, owner, back),
            about=name,
            ends=self._end(name, owner),
        )

    def detach(self, name: str, owner: str, then: Then[bool] | None = None) -> None:
        """Let go of a consumer."""
        self._submit(
            lambda consumers: consumers.detach(name, owner),
            then,
            about=name,
            ends=self._end(name, owner),
        )

    def forget(self, name: str, then: Then[bool]) -> None:
        """Delete a consumer with its cursor."""
        self._submit(
            lambda consumers: consumers.forget(name),
            then,
            about=name,
            ends=lambda _: self._handout.open.forgotten(name),
        )

    def rewind(self, name: str, after: int, then: Then[ConsumerInfo]) -> None:
        """Set a consumer's cursor."""
        self._submit(
            lambda consumers: consumers.rewind(name, after),
            then,
            about=name,
            ends=lambda _: self._handout.open.answer(name),
        )

    def reclaim(self, now: float) -> None:
        """Detach the consumers whose leases have run out."""
        self._submit(lambda consumers: consumers.reclaim(), now=now, ends=self._handout.open.taken)

    # ---------------------------------------------------------------- inside

    def _submit(
        self,
        operation: Callable[[Consumers], Any],
        then: Then[Any] | None = None,
        *,
        now: float | None = None,
        about: str = "",
        ends: Callable[[Any], object] | None = None,
    ) -> None:
        """Have something done to consumers.

        Args:
            operation: to be done.
            then: hears of its result.
            now: seconds UTC.
            about: the consumer whose fetch it may end, or have wait.
            ends: answers fetches that can't wait any more when it is done; hears of it first.
        """

        def operate(tables: Tables) -> Any:
            if about:
                self._handout.touch(tables, about)
            when = self._clock.time() if now is None else now
            return operation(Consumers(tables, when, self._aside))

        def told(result: Any) -> None:
            if ends is not None and not isinstance(result, RingleaderError):
                ends(result)
            (then or _log_failure)(result)

        self._writer.submit(operate, told)

    def _end(self, name: str, owner: str) -> Callable[[Any], None]:
        return lambda _: self._handout.open.end(name, owner)

    def _consumers(self, tables: Tables) -> Consumers:
        return Consumers(tables, self._clock.time(), self._aside)

    def _serve(self, names: list[str]) -> None:
        """Hand out what there is to fetches that wait, in a transaction behind the events' own."""

        def served(result: Handed | RingleaderError) -> None:
            if isinstance(result, Handed):
                self._handout.served(names)
                self._served(result)
            elif len(names) == 1:
                self._handout.served(names)
                self._handout.open.answer(names[0], result)
            else:
                for name in names:  # one of them has failed, or each does
                    self._serve([name])

        self._writer.submit(lambda tables: self._handout.serve(tables, names), served)

    def _served(self, handed: Handed) -> None:
        self._handout.answer(handed.found)
        if handed.left:
            self._handout.leave(handed.left)
            self._serve(handed.left)


def _log_failure(result: object) -> None:
    """Say that something failed whose result nobody waits for."""
    if isinstance(result, Exception):
        logger.error("the event log could not do what it was asked: %s", result)
