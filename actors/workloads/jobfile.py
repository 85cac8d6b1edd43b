"""Reading a job file and the options in it, with errors that say what would be right."""

from __future__ import annotations

from difflib import get_close_matches
from typing import TYPE_CHECKING, TypeVar

import msgspec

from .errors import BadJobFileError
from .options import JobOptions
from .protocol import JobFile, JobKind, read_job

if TYPE_CHECKING:
    from pathlib import Path

O = TypeVar("O", bound=JobOptions)  # noqa: E741  # a type variable, not a number


def load_job(path: Path, kind: JobKind) -> JobFile:
    """Read the job file of a program that does `kind`.

    Raises:
        BadJobFileError: it can't be read, is no job file, or is another program's.
    """
    try:
        job = read_job(path.read_bytes())
    except OSError as error:
        raise BadJobFileError(f"job file {path}: {error.strerror or error}") from error
    except msgspec.ValidationError as error:
        raise BadJobFileError(f"job file {path}: {error}") from error
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise BadJobFileError(f"job file {path} is not JSON: {error}") from error
    if job.kind != kind:
        raise BadJobFileError(
            f"job file {path} is of kind {job.kind!r}, but this program does {kind!r}"
        )
    return job


def load_options(job: JobFile, options: type[O]) -> O:
    """Read the job's options.

    Raises:
        BadJobFileError: one is unknown, of the wrong type or out of range.
    """
    known = options.__struct_fields__
    for name in job.options:
        if name not in known:
            close = get_close_matches(name, known, n=1)
            hint = f"did you mean {close[0]!r}?" if close else f"known are {', '.join(known)}"
            raise BadJobFileError(f"options of job {job.job_id!r}: unknown {name!r}; {hint}")
    try:
        return msgspec.convert(job.options, options)
    except msgspec.ValidationError as error:
        raise BadJobFileError(f"options of job {job.job_id!r}: {error}") from error
