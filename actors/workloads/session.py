"""One run of a job: what it reads and writes, what it tells its owner, its checkpoints."""

from __future__ import annotations

import hashlib
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Generic

import msgspec

from .board import Board, parse_config_key
from .errors import BadJobFileError, Interrupted
from .files import write_whole
from .jobfile import O
from .protocol import (
    Checkpoint,
    JobFile,
    Line,
    Log,
    LogLevel,
    Metric,
    Progress,
    encode_line,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

_PROGRESS_SECONDS: Final = 0.25
"""Progress is told at most so often: owners live on heartbeats, not on every step."""


def say(line: Line) -> None:
    """Print one line of the protocol.

    Raises:
        BrokenPipeError: the owner is gone.
    """
    sys.stdout.buffer.write(encode_line(line))
    sys.stdout.buffer.flush()


class Session(Generic[O]):
    """A job under way.

    Attributes:
        job: the job file.
        options: its options, complete.
        board: what its config key names.
        interrupted_by: the signal that asked the job to end, set by the signal's handler.
    """

    def __init__(self, job: JobFile, options: O) -> None:
        """Take up a job.

        Raises:
            BadJobFileError: the config key is not one that can be played.
        """
        self.job = job
        self.options = options
        self.board: Board = parse_config_key(job.config_key)
        self.interrupted_by: int | None = None
        self.started = time.monotonic()
        self._work_dir = Path(job.work_dir)
        self._fingerprint = fingerprint(job)
        self._saved_at = self.started
        self._told_at = float("-inf")

    def input(self, name: str) -> Path:
        """Return the path of an input.

        Raises:
            BadJobFileError: the job file does not give it, or gives several.
        """
        path = self.optional_input(name)
        if path is None:
            raise BadJobFileError(f"job {self.job.job_id!r}: inputs.{name} is missing")
        return path

    def optional_input(self, name: str) -> Path | None:
        """Return the path of an input, None when the job file does not give it."""
        given = self.job.inputs.get(name)
        if given is None or isinstance(given, str):
            return Path(given) if given else None
        raise BadJobFileError(f"job {self.job.job_id!r}: inputs.{name} must be one path")

    def input_list(self, name: str) -> list[Path]:
        """Return the paths of an input that may be many files; one path is a list of one.

        Raises:
            BadJobFileError: the job file gives none.
        """
        given = self.job.inputs.get(name) or ()
        paths = [given] if isinstance(given, str) else list(given)
        if not paths:
            raise BadJobFileError(f"job {self.job.job_id!r}: inputs.{name} names no file")
        return [Path(path) for path in paths]

    def output(self, name: str) -> Path:
        """Return the path of an output.

        Raises:
            BadJobFileError: the job file does not give it.
        """
        given = self.job.outputs.get(name)
        if not given:
            raise BadJobFileError(f"job {self.job.job_id!r}: outputs.{name} is missing")
        return Path(given)

    def progress(
        self,
        done: int,
        total: int,
        unit: str,
        metrics: Mapping[str, Metric] | None = None,
        *,
        always: bool = False,
    ) -> None:
        """Tell how far the job is.

        Calls in quick succession are left out, except the last (`done` = `total`) and those that
        are to be told `always`.
        """
        now = time.monotonic()
        if not always and done < total and now - self._told_at < _PROGRESS_SECONDS:
            return
        self._told_at = now
        say(Progress(done=done, total=total, unit=unit, metrics=dict(metrics or {})))

    def log(self, message: str, level: LogLevel = "info") -> None:
        """Say something to whoever reads the owner's log."""
        say(Log(message=message, level=level))

    @property
    def seconds(self) -> float:
        """How long this run of the job has taken (s); a resumed one counts from its restart."""
        return time.monotonic() - self.started

    def restore(self) -> bytes | None:
        """Return what the last checkpoint of this very job holds, None without one.

        A checkpoint of another job, or a damaged one, is left alone and told as a warning: the job
        then starts over.
        """
        path = self._path("checkpoint")
        try:
            header, _, content = path.read_bytes().partition(b"\n")
        except FileNotFoundError:
            return None
        expected = self._header(content)
        if header != expected:
            self.log(f"{path} is not of this job or is damaged; starting over", "warning")
            return None
        return content

    def tick(self, done: int, content: Callable[[], bytes]) -> None:
        """Write a checkpoint if it is time to, and end the job if a signal asks for it.

        Call it often: at least once a second of work. `content` is called only when it is needed.

        Raises:
            Interrupted: a signal came; the checkpoint is written.
        """
        interrupted = self.interrupted_by
        age = time.monotonic() - self._saved_at
        if interrupted is None and age < self.options.checkpoint_seconds:
            return
        state = content()
        write_whole(self._path("checkpoint"), self._header(state) + b"\n" + state)
        self._saved_at = time.monotonic()
        say(Checkpoint(done=done))
        if interrupted is not None:
            raise Interrupted(interrupted)

    def finished(self) -> dict[str, Any] | None:
        """Return the result of an earlier run of this very job whose outputs are still there."""
        try:
            saved = msgspec.json.decode(self._path("result.json").read_bytes(), type=_Finished)
        except (FileNotFoundError, msgspec.DecodeError):
            return None
        there = all(Path(path).exists() for path in self.job.outputs.values())
        return saved.result if there and saved.fingerprint == self._fingerprint else None

    def finish(self, result: Mapping[str, Any]) -> None:
        """Keep the result, so that a restart after the end does nothing twice."""
        saved = _Finished(fingerprint=self._fingerprint, result=dict(result))
        write_whole(self._path("result.json"), msgspec.json.encode(saved))

    def _path(self, suffix: str) -> Path:
        return self._work_dir / f"{self.job.kind}.{suffix}"

    def _header(self, content: bytes) -> bytes:
        return f"{self._fingerprint} {hashlib.sha256(content).hexdigest()}".encode()


class _Finished(msgspec.Struct, frozen=True):
    fingerprint: str
    result: dict[str, Any]


def fingerprint(job: JobFile) -> str:
    """Return what tells jobs apart: equal job files have equal ones."""
    return hashlib.sha256(msgspec.json.encode(job, order="deterministic")).hexdigest()
