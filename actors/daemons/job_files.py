"""A job's directory: job file, result, the program's stderr, checkpoints."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, Final

import msgspec

from ..workloads.files import write_whole
from ..workloads.protocol import JobFile, write_job

if TYPE_CHECKING:
    from .job_messages import JobRequest

STDERR_BYTES: Final = 1 << 20
"""A longer stderr file is begun afresh at the next start."""
_TAIL_BYTES: Final = 4096


class JobFiles:
    """The files of one job below `jobs_dir`, which is made when it is missing."""

    def __init__(self, jobs_dir: Path, request: JobRequest) -> None:
        self.directory = jobs_dir / request.job_id
        self.job = self.directory / "job.json"
        self._result = self.directory / "result.json"
        self._stderr = self.directory / "stderr.log"
        self._request = request

    def prepare(self) -> None:
        """Write the job file; forget what another job of the same id has left.

        Raises:
            OSError: the directory can't be written to.
        """
        work_dir = self.directory / "work"
        work_dir.mkdir(parents=True, exist_ok=True)
        for path in self._request.outputs.values():
            Path(path).parent.mkdir(parents=True, exist_ok=True)
        text = write_job(self._job_file(work_dir))
        if self.job.exists() and self.job.read_bytes() == text:
            return
        self._result.unlink(missing_ok=True)
        write_whole(self.job, text)

    def _job_file(self, work_dir: Path) -> JobFile:
        request = self._request
        return JobFile(
            job_id=request.job_id,
            kind=request.kind,
            config_key=request.config_key,
            iteration=request.iteration,
            seed=request.seed,
            work_dir=str(work_dir),
            inputs=dict(request.inputs),
            outputs=dict(request.outputs),
            options=dict(request.options),
        )

    def result(self) -> dict[str, Any] | None:
        """Return the result of an earlier run whose outputs are still there."""
        try:
            found = msgspec.json.decode(self._result.read_bytes(), type=dict[str, Any])
        except (FileNotFoundError, msgspec.DecodeError):
            return None
        there = all(Path(path).exists() for path in self._request.outputs.values())
        return found if there else None

    def finish(self, result: dict[str, Any]) -> None:
        """Keep the result, so that the job is never run again.

        Raises:
            OSError: the directory can't be written to.
        """
        write_whole(self._result, msgspec.json.encode(result))

    def open_stderr(self) -> BinaryIO:
        """Open the file for the program's stderr; earlier runs' output stays while it is short."""
        size = self._stderr.stat().st_size if self._stderr.exists() else 0
        return self._stderr.open("ab" if size < STDERR_BYTES else "wb")

    def last_words(self) -> str:
        """Return the last line that the program wrote to stderr, or nothing."""
        try:
            with self._stderr.open("rb") as file:
                file.seek(0, os.SEEK_END)
                file.seek(max(0, file.tell() - _TAIL_BYTES))
                lines = file.read().decode(errors="replace").strip().splitlines()
        except FileNotFoundError:
            return ""
        return lines[-1].strip() if lines else ""
