"""Actors that live in processes of their own, for tests: a child process imports this module."""

from __future__ import annotations

import ctypes
import logging
import os
import signal
import subprocess
import sys
import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ringleader.actors.base import Actor
from ringleader.actors.events.base import Dedup, Event, EventType
from ringleader.actors.events.training import TrainingCompleted
from ringleader.actors.handlers import handles
from ringleader.actors.lifecycle import LATER, Exit, Ignore, Terminated

if TYPE_CHECKING:
    from pathlib import Path
    from types import TracebackType

    from ringleader.actors.ref import Ref

logger = logging.getLogger("tests.process_actors")


class Sold(Event, frozen=True, kw_only=True):
    """An event type of one's own."""

    EVENT = EventType.custom("SOLD_ELSEWHERE", dedup=Dedup.id())

    what: str


@dataclass(frozen=True)
class Add:
    number: int


@dataclass(frozen=True)
class AskOther:
    other: Ref[Any]
    message: Any
    timeout: float | None = 5.0


@dataclass(frozen=True)
class TellOther:
    other: Ref[Any]
    message: Any


class OwnError(Exception):
    """Its constructor does not take what it gives to its base."""

    def __init__(self, code: int, *, hint: str) -> None:
        super().__init__(f"code {code}: {hint}")
        self.code, self.hint = code, hint


class Worker(Actor):
    """Does what words tell it."""

    dispatcher = "process"

    def __init__(self, name: str = "worker", *, factor: int = 1) -> None:
        super().__init__()
        self.name, self.factor, self.total = name, factor, 0

    @handles(Add)
    def add(self, message: Add) -> int:
        self.total += message.number * self.factor
        return self.total

    @handles(AskOther)
    def ask_other(self, message: AskOther) -> Any:
        return message.other.ask(message.message, timeout=message.timeout)

    @handles(TellOther)
    def tell_other(self, message: TellOther) -> None:
        message.other.tell(message.message)

    @handles(list)
    def ask_each(self, others: list[Ref[Any]]) -> list[Any]:
        """Ask everybody at the same time, each from a thread of its own."""
        answers: list[Any] = []
        threads = [
            self.context.spawn("asks", lambda ref=ref: answers.append(ref.ask("x", timeout=5)))  # type: ignore[misc]  # bound now
            for ref in others
        ]
        for thread in threads:
            thread.join()
        return answers

    @handles(str)
    def obey(self, word: str) -> Any:
        return getattr(self, f"do_{word}")()

    def describe(self, unit: str, *, loud: bool = False) -> str:
        text = f"{self.name} has {self.total} {unit}"
        return text.upper() if loud else text

    def do_pid(self) -> int:
        return os.getpid()

    def do_thread(self) -> bool:
        return threading.current_thread() is threading.main_thread()

    def do_who(self) -> tuple[str, Ref[Any], str]:
        return self.path, self.actor_ref, self.context.node_id

    def do_raise(self) -> None:
        raise OwnError(7, hint="try again")

    def do_function(self) -> Any:
        return lambda: 1

    def do_exit(self) -> None:
        raise Exit(("done", 1))

    def do_sys_exit(self) -> None:
        sys.exit(4)

    def do_interrupt(self) -> None:
        raise KeyboardInterrupt

    def do_os_exit(self) -> None:
        os._exit(3)

    def do_kill(self) -> None:
        os.kill(os.getpid(), signal.SIGKILL)

    def do_segfault(self) -> None:
        ctypes.string_at(0)

    def do_loop(self) -> None:
        while True:
            pass

    def do_balloon(self) -> None:
        held: list[bytearray] = []
        while True:
            held.append(bytearray(b"x") * (16 * 1024 * 1024))

    def do_log(self) -> None:
        logger.warning("careful: %d", 5)
        try:
            int("in the log")
        except ValueError:
            logger.exception("it failed")

    def do_print(self) -> None:
        print("said aloud")  # noqa: T201  # that is the test
        os.write(2, b"muttered\n")

    def do_grandchild(self) -> int:
        return subprocess.Popen(["sleep", "600"]).pid  # noqa: S607  # any will do

    def do_stop(self) -> None:
        self.stop()

    def do_self(self) -> Any:
        return self.actor_ref.ask("pid")


class Idempotent(Worker):
    """Dies at the first try of `fragile`, in a way that leaves a mark."""

    def __init__(self, mark: Path) -> None:
        super().__init__()
        self.mark = mark

    @handles(bytes, idempotent=True)
    def fragile(self, message: bytes) -> None:
        if not self.mark.exists():
            self.mark.write_bytes(message)
            os._exit(1)
        self.total += 1


class Starter(Actor):
    """Starts as it is told to."""

    dispatcher = "process"

    def __init__(self, how: Any = "") -> None:
        super().__init__()
        self.how = how
        if how == "init":
            raise ValueError("not built")

    def on_start(self) -> Any:
        match self.how:
            case "raise":
                raise ValueError("not started")
            case "ignore":
                raise Ignore
            case "exit":
                os._exit(9)
            case "function":
                return lambda: 1
            case _:
                return {"extra": self.how}


class Stopper(Actor):
    """Writes down how it ends."""

    dispatcher = "process"

    def __init__(self, log: Path, how: str = "") -> None:
        super().__init__()
        self.log, self.how = log, how

    def on_start(self) -> None:
        self.defer(lambda: self.write("closed"))

    def write(self, line: str) -> None:
        with self.log.open("a") as file:
            file.write(f"{line}\n")

    def on_stop(self) -> None:
        self.write("stopped")
        if self.how == "raise":
            raise ValueError("not well stopped")
        if self.how == "hang":
            threading.Event().wait()

    def on_failure(
        self,
        exception_type: type[BaseException] | None,  # noqa: ARG002  # of Pykka
        exception_value: BaseException | None,
        traceback: TracebackType | None,  # noqa: ARG002  # of Pykka
    ) -> None:
        self.write(f"failed: {exception_value}")

    def on_receive(self, message: Any) -> Any:
        if message == "boom":
            raise ValueError("boom")
        return None


class Later(Actor):
    """Answers from another thread."""

    dispatcher = "process"

    def on_receive(self, message: Any) -> Any:
        reply, self._cell.reply_to = self._cell.reply_to, None
        self.context.spawn("answers", lambda: reply.set(f"late {message}"))
        return LATER


class Async(Actor):
    """Runs on an event loop of its process's own."""

    dispatcher = "process"

    async def on_start(self) -> None:  # type: ignore[override]  # Pykka knows no async
        await self.sleep(0.001)
        self.count = 0

    @handles(str)
    async def count_up(self, message: str) -> tuple[str, int]:
        await self.sleep(0.001)
        self.count += 1
        if message == "boom":
            raise ValueError(message)
        return message, self.count

    @handles(AskOther)
    async def ask_other(self, message: AskOther) -> Any:
        return await message.other.ask(message.message, block=False)


class Timed(Actor):
    """Tells what its timers told it."""

    dispatcher = "process"

    def on_start(self) -> None:
        self.heard: list[str] = []
        self.once = self.timers.once(0.01, "once", key="once")
        self.timers.periodic(0.01, "tick", key="tick")
        self.never = self.timers.once(600, "never")

    @handles(str)
    def hear(self, message: str) -> Any:
        if message == "stop":
            stopped = self.timers.cancel("tick")
            return stopped, self.once.is_active, self.never.is_active, len(self.timers)
        if message != "what":
            self.heard.append(message)
        return self.heard


class Listener(Actor):
    """Publishes and hears events."""

    dispatcher = "process"

    def __init__(self) -> None:
        super().__init__()
        self.heard: list[Any] = []

    @handles(TrainingCompleted)
    def on_training(self, event: TrainingCompleted) -> None:
        self.publish(Sold(what=event.config_key), subject="training")

    @handles(str)
    def obey(self, word: str) -> Any:
        match word:
            case "sell":
                return self.publish(Sold(what="a hat")).id
            case "wrong":
                return self.publish(TrainingCompleted(config_key=5, model_path="m")).id  # type: ignore[arg-type]  # on purpose
            case _:
                return None


class Watcher(Actor):
    """Hears of ends."""

    dispatcher = "process"

    def __init__(self) -> None:
        super().__init__()
        self.ended: list[Any] = []

    def on_receive(self, message: Any) -> Any:  # noqa: PLR0911  # a word, an answer
        match message:
            case ("watch", ref):
                self.watch(ref)
            case ("stop", ref):
                return ref.stop(timeout=5)
            case ("future", ref):
                return ref.watch().get(timeout=5)
            case ("alive", ref):
                return ref.is_alive()
            case ("proxy", ref):
                proxy: Any = ref.proxy()
                proxy.total = 40
                total: Any = proxy.total  # type checkers think that it is what was set
                return total.get(timeout=5), proxy.describe("coins").get(timeout=5)
            case ("same", ref, other):
                return ref is other
            case Terminated(ref, reason):
                self.ended.append((ref, reason))
            case _:
                return self.ended
        return None


class Ready(Actor):
    """Says that it is ready when it is told to; and how it is."""

    dispatcher = "process"

    def on_receive(self, message: Any) -> Any:
        if message == "ready":
            self.ready()
        return None

    def health(self) -> str:
        return "degraded: the disk is slow"


def local_class() -> type[Actor]:
    class Local(Actor):
        dispatcher = "process"

    return Local
