"""What all job programs do around their work: command line, signals, orphanhood, exit code.

It runs before NumPy and OpenSpiel are imported, so that a missing package is an answer and not a
traceback, and so that a signal during the import is answered too.
"""

from __future__ import annotations

import argparse
import importlib
import os
import signal
import stat
import sys
import threading
import traceback
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, NoReturn

from .errors import BadJobFileError, Interrupted, MissingExtraError, WorkloadError
from .jobfile import O, load_job, load_options
from .protocol import EXIT_ORPHANED, Failure, JobKind, Log, Result
from .session import Session, say

if TYPE_CHECKING:
    from collections.abc import Sequence
    from types import FrameType

_ONE_THREAD: Final = ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS")
"""Jobs run side by side, one a core: matrix products that spread over all cores only get in each
other's way, and their sums would depend on the number of cores."""

_STDIN: Final = 0
_OWN_PACKAGE: Final = "ringleader"


def main(
    kind: JobKind, options: type[O], worker: str, arguments: Sequence[str] | None = None
) -> int:
    """Do one job and return the exit code.

    Args:
        kind: what this program does.
        options: its settings.
        worker: the module whose function `work(session)` does it and returns the result's fields.
        arguments: the command line, that of the process by default.
    """
    try:
        job = load_job(_job_path(kind, arguments), kind)
        session = Session(job, load_options(job, options))
        _answer_signals(session)
        _watch_owner()
        result = session.finished()
        if result is None:
            result = _load(worker)(session)
            session.finish(result)
        say(Result(result))
    except BrokenPipeError:
        _die_orphaned()
    except Interrupted as interrupted:
        return 128 + interrupted.signum
    except WorkloadError as error:
        return _fail(error)
    except OSError as error:  # a full disk, a directory that can't be written to
        return _fail(WorkloadError(str(error)))
    except Exception as error:  # noqa: BLE001  # the edge of the process: told, traced, exit code 1
        traceback.print_exc()
        return _fail(WorkloadError(f"{type(error).__name__}: {error}"))
    return 0


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        raise BadJobFileError(f"{self.prog}: {message}")


def _job_path(kind: JobKind, arguments: Sequence[str] | None) -> Path:
    parser = _Parser(
        prog=f"python -m ringleader.actors.workloads.{kind}",
        description=f"Do one {kind} job and report it as JSON lines on stdout.",
        allow_abbrev=False,
    )
    parser.add_argument("--job", type=Path, required=True, metavar="FILE", help="the job file")
    path: Path = parser.parse_args(arguments).job
    return path


def _load(worker: str) -> Any:
    for name in _ONE_THREAD:
        os.environ.setdefault(name, "1")
    try:
        return importlib.import_module(worker).work
    except ImportError as error:
        if (error.name or "").startswith(_OWN_PACKAGE):
            raise  # nothing that an extra would mend
        raise MissingExtraError(error.name) from error


def _answer_signals(session: Session[O]) -> None:
    """Let SIGTERM and Ctrl-C end the job at its next checkpoint."""

    def note(signum: int, _frame: FrameType | None) -> None:
        session.interrupted_by = signum

    signal.signal(signal.SIGTERM, note)
    signal.signal(signal.SIGINT, note)


def _watch_owner() -> None:
    """End the process at once when the owner's end of stdin closes.

    Only a pipe or a socket has an owner. A terminal, a file and `/dev/null` say nothing about one,
    so a program started by hand or by cron runs to its end.
    """
    try:
        mode = os.fstat(_STDIN).st_mode
    except OSError:  # stdin is closed: nobody ever held it
        return
    if stat.S_ISFIFO(mode) or stat.S_ISSOCK(mode):
        threading.Thread(target=_wait_for_end, name="owner-watch", daemon=True).start()


def _wait_for_end() -> None:
    try:
        while os.read(_STDIN, 4096):
            pass  # nothing that the owner writes means anything
    except OSError as error:
        say(Log(f"stdin can't be read: {error}", level="warning"))
        return
    _die_orphaned()


def _die_orphaned() -> NoReturn:
    os._exit(EXIT_ORPHANED)  # at once: nobody is left to read what an orderly end would write


def _fail(error: WorkloadError) -> int:
    print(error, file=sys.stderr)  # noqa: T201  # for people who start it by hand
    try:
        say(Failure(kind=error.kind, message=str(error)))
    except BrokenPipeError:
        _die_orphaned()
    return error.exit_code
