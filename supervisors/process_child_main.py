"""What runs in a process actor's process: `python -m ringleader.supervisors.process_child_main`.

Imports are kept few here: they are most of what a start costs.
"""

from __future__ import annotations

import atexit
import faulthandler
import logging
import os
import socket
import sys
from contextlib import suppress
from functools import partial
from importlib import import_module
from typing import TYPE_CHECKING, Any, Final

from ringleader.actors.base import build, needs_loop
from ringleader.actors.class_names import MAIN_COPY, find_class
from ringleader.actors.context import Context
from ringleader.actors.dispatch import spawn
from ringleader.actors.errors import BadValue, RingleaderError

from .process_child_cell import AS_TOLD, ChildCell
from .process_child_link import ChildLink
from .process_child_thread import MainThread
from .process_frames import Status, Word
from .process_stacks import stacks_here

if TYPE_CHECKING:
    from types import ModuleType

    from ringleader.actors.cell import Cell
    from ringleader.actors.dispatch import Dispatcher
    from ringleader.actors.events.base import Envelope, Event
    from ringleader.actors.publication import Publication


LONGEST: Final = 100_000
"""Characters of a log record's message that are sent."""


class Forwarder(logging.Handler):
    """Sends log records to the parent, which logs them under the same name."""

    def __init__(self, link: ChildLink) -> None:
        super().__init__()
        self._link = link
        self._formatter = logging.Formatter()

    def emit(self, record: logging.LogRecord) -> None:
        """Send a record; its message is put together here, its traceback is text there."""
        try:
            trace = record.exc_text or ""
            if record.exc_info and not trace:
                trace = self._formatter.formatException(record.exc_info)
            self._link.send(
                Word.LOG,
                {
                    "name": record.name,
                    "levelno": record.levelno,
                    "levelname": record.levelname,
                    "msg": record.getMessage()[:LONGEST],
                    "created": record.created,
                    "pathname": record.pathname,
                    "filename": record.filename,
                    "module": record.module,
                    "lineno": record.lineno,
                    "funcName": record.funcName,
                    "threadName": record.threadName,
                    "process": record.process,
                    "exc_text": trace or None,
                    "stack_info": record.stack_info,
                },
            )
        except Exception:  # noqa: BLE001  # logging's own rule: never the caller's problem
            self.handleError(record)


class EventsOfParent:
    """Takes what the actor publishes to the parent, where the registry is."""

    def __init__(self, link: ChildLink) -> None:
        self._link = link

    def publish(
        self, event: Event, *, source: str, subject: str | None, cause: Envelope | None
    ) -> Publication:
        """Have it published; what is wrong with it is raised here."""
        del cause  # the parent knows which event is in hand
        event_id, time = self._link.request("publish", event, subject)
        from ringleader.actors.events.base import Envelope  # noqa: PLC0415  # for who publishes

        from .process_published import PublishedInParent  # noqa: PLC0415  # as above

        envelope = Envelope(id=event_id, source=source, type=event.EVENT.value, time=time)
        return PublishedInParent(event, b"", envelope, link=self._link)

    def attach(self, cell: Cell) -> None:
        """Do nothing: the parent has subscribed."""

    def detach(self, cell: Cell) -> None:
        """Do nothing."""


class Child:
    """The one actor of this process, its link to the parent, and its main thread.

    Args:
        sock: to the parent.
    """

    def __init__(self, sock: socket.socket) -> None:
        self._main_module: tuple[str, str] | None = None
        self._main = MainThread()
        self._link = ChildLink(sock, self._find_class)
        self._cell: ChildCell | None = None

    def run(self) -> None:
        """Serve until the actor's life is over."""
        logging.getLogger().addHandler(Forwarder(self._link))
        spawn("ringleader-link", partial(self._link.receive, self._take))
        self._main.run()

    def _take(self, frame: list[Any]) -> None:
        """Take a frame, in the link's thread."""
        match frame:
            case [Word.TURN, number, is_ask, data, over]:
                self._turn(number, is_ask, data, over)
            case [Word.PREPARE, settings, module]:
                self._main.call(partial(self._prepare, settings, module))
            case [Word.START, settings, actor]:
                self._main.call(partial(self._start, settings, actor))
            case [Word.STOP]:
                self._stop()
            case [Word.STACK]:
                self._link.send(Word.STACKS, stacks_here())
            case _:
                raise BadValue(f"not for a process actor: {frame!r}")

    # ------------------------------------------------------------------- the start

    def _prepare(self, settings: dict[str, Any], module: str) -> None:
        """Import what will be needed; what goes wrong with that will go wrong again."""
        self._set_up(settings)
        with suppress(Exception):
            self._load(module)
        self._link.send(Word.PREPARED)

    def _set_up(self, settings: dict[str, Any]) -> None:
        sys.path[:] = settings["sys_path"]
        os.environ.pop("PYTHONPATH", None)  # it was for the way here
        if settings["python_path"] is not None:
            os.environ["PYTHONPATH"] = settings["python_path"]
        main = settings["main"]
        self._main_module = None if main is None else tuple(main)
        for name, level in settings["levels"].items():
            logging.getLogger(name or None).setLevel(level)

    def _start(self, settings: dict[str, Any], actor: dict[str, Any]) -> None:
        try:
            self._set_up(settings)
            cell = self._make_cell(actor)
            args, kwargs = self._link.codec.decode(actor["arguments"])
        except BaseException as error:  # noqa: BLE001  # an import may raise anything
            self._link.send(Word.NOT_UP, self._link.codec.encode(error, "the failed start"))
            self._main.end()
            return
        self._cell = cell
        actor_class = self._link.codec.find(actor["class"])
        cell.begin(lambda: build(actor_class, cell, args, kwargs), actor["number"])

    def _make_cell(self, actor: dict[str, Any]) -> ChildCell:
        actor_class = self._link.codec.find(actor["class"])
        context = Context(
            node_id=actor["node_id"],
            seed=actor["seed"],
            dispatchers={"main": self._as_dispatcher},
        )
        context.events = EventsOfParent(self._link)
        return ChildCell(
            actor["path"],
            actor_class,
            context,
            dispatcher="async" if needs_loop(actor_class) else "main",
            ref=self._link.codec.decode(actor["ref"]),
            link=self._link,
            on_end=self._main.end,
        )

    def _as_dispatcher(self, _path: str) -> Dispatcher:
        return self._main

    # ------------------------------------------------------------------- messages

    def _turn(self, number: int, is_ask: bool, data: bytes, over: list[int]) -> None:  # noqa: FBT001  # as sent
        cell = self._cell
        if cell is None:
            raise BadValue("a message before the start")
        try:
            message = self._link.codec.decode(data)
        except RingleaderError as error:
            self._link.send(
                Word.DONE, number, Status.ERROR, self._link.codec.encode(error, "an error"), None
            )
            return
        cell.take(number, is_ask, message, over)

    def _stop(self) -> None:
        cell = self._cell
        current = None if cell is None else cell.current
        if cell is not None and current is not None:
            cell.shutdown(current, AS_TOLD)

    # ------------------------------------------------------------------- classes

    def _find_class(self, name: str) -> type[Any]:
        return find_class(name, self._load)

    def _load(self, module: str) -> ModuleType:
        return self._load_main() if module == "__main__" else import_module(module)

    def _load_main(self) -> ModuleType:
        """Return a copy of the parent's main module; `if __name__ == "__main__"` is false in it."""
        known = sys.modules.get(MAIN_COPY)
        if known is not None:
            return known
        if self._main_module is None:
            raise ImportError("the parent's __main__ has no file to import it from")
        import runpy  # noqa: PLC0415  # few need it
        from types import ModuleType as Module  # noqa: PLC0415  # as above

        kind, where = self._main_module
        copy = Module(MAIN_COPY)
        sys.modules[MAIN_COPY] = sys.modules["__main__"] = copy
        run = runpy.run_path if kind == "path" else _run_module
        vars(copy).update(run(where, run_name=MAIN_COPY))
        return copy


def _run_module(name: str, *, run_name: str) -> dict[str, Any]:
    import runpy  # noqa: PLC0415  # few need it

    return runpy.run_module(name, run_name=run_name, alter_sys=False)


def main() -> None:
    """Serve the parent at the other end of the socket whose number is the first argument."""
    faulthandler.enable()
    with socket.socket(fileno=int(sys.argv[1])) as sock:
        sock.set_inheritable(False)  # positional only
        Child(sock).run()
        # What the interpreter would do at its end, but for waiting for threads and taking modules
        # apart: the next life may not begin while this process lives.
        with suppress(Exception):
            atexit._run_exitfuncs()  # noqa: SLF001  # nothing else runs them
        for stream in (sys.stdout, sys.stderr):
            with suppress(OSError, ValueError):
                stream.flush()
        os._exit(0)


if __name__ == "__main__":
    main()
