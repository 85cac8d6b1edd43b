"""What a job's owner and its program say to each other: the job file, and lines on stdout.

`COMMAND --job FILE` runs one job. Any program that reads the file and prints these lines, one JSON
object each, can stand in for the embedded ones:

- `{"event": "progress", "done": 40, "total": 300, "unit": "games", "metrics": {"samples": 512}}`
- `{"event": "checkpoint", "done": 40}`: a restart would go on from here
- `{"event": "log", "level": "info", "message": "…"}`
- `{"event": "error", "kind": "missing-extra" | "bad-input" | "failed", "message": "…"}`
- `{"event": "result", …}`: the last line; the other fields are the stage's own

Success is a result line and exit code 0. The program leaves a checkpoint in `work_dir` at least
every 3 seconds and goes on from there when it is started again with the same file; it writes
outputs by atomic rename only. Its stdin is a pipe that the owner holds: end of file means that the
owner died, and the program exits at once. On SIGTERM it writes a checkpoint and exits with 143.
"""

from __future__ import annotations

from typing import Annotated, Any, Final, Literal, cast, get_args

import msgspec

JobKind = Literal["selfplay", "export", "combine", "train", "evaluate"]
"""The stages of one iteration, in order."""

JOB_KINDS: Final[tuple[JobKind, ...]] = get_args(JobKind)

ErrorKind = Literal["missing-extra", "bad-input", "failed"]
"""Why a job failed: a package is missing, it was told something impossible, or anything else."""

LogLevel = Literal["debug", "info", "warning", "error"]

EXIT_FAILED: Final = 1
"""It did not work; trying again may help."""
EXIT_BAD_JOB: Final = 64
"""The job file is wrong (`EX_USAGE`); trying again does not help."""
EXIT_MISSING_EXTRA: Final = 69
"""A package is missing (`EX_UNAVAILABLE`)."""
EXIT_ORPHANED: Final = 75
"""The owner is gone (`EX_TEMPFAIL`); nobody reads this code, but a process table may show it."""
EXIT_TERMINATED: Final = 143
"""SIGTERM, answered with a checkpoint (128 + 15)."""

MAX_LINE_BYTES: Final = 1 << 20
"""A longer line is no line of this protocol."""

Metric = float | int | str | None
"""A number or word that describes progress; a float that is no number arrives as None."""


class JobFile(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One job, as its owner writes it to the file that the program is given."""

    job_id: str
    kind: JobKind
    config_key: str
    """What is learned, such as `hex5_2p`."""
    iteration: Annotated[int, msgspec.Meta(ge=0)] = 1
    """Counted from 1."""
    seed: Annotated[int, msgspec.Meta(ge=0)] = 0
    """Everything random in the job follows from it and the iteration."""
    work_dir: str
    """Where checkpoints go; made when missing, kept until the owner removes it."""
    inputs: dict[str, str | tuple[str, ...]] = {}
    """Paths of files to read, by what they are."""
    outputs: dict[str, str] = {}
    """Paths of files to write, by what they are."""
    options: dict[str, Any] = {}
    """The stage's settings; missing ones have their defaults."""


class Progress(msgspec.Struct, frozen=True, tag_field="event", tag="progress"):
    """So much of so much is done."""

    done: int
    total: int
    unit: str = "steps"
    metrics: dict[str, Metric] = {}


class Checkpoint(msgspec.Struct, frozen=True, tag_field="event", tag="checkpoint"):
    """A restart would go on from `done`."""

    done: int


class Log(msgspec.Struct, frozen=True, tag_field="event", tag="log"):
    """Something a person may want to read."""

    message: str
    level: LogLevel = "info"


class Failure(msgspec.Struct, frozen=True, tag_field="event", tag="error"):
    """Why the job is about to end without a result."""

    kind: ErrorKind
    message: str


class Result(msgspec.Struct, frozen=True):
    """The job's outcome: the fields of the result line without `event`."""

    values: dict[str, Any]


Line = Progress | Checkpoint | Log | Failure | Result
_Tagged = Progress | Checkpoint | Log | Failure
_TAGS: Final = ("progress", "checkpoint", "log", "error")


def read_job(text: bytes) -> JobFile:
    """Decode a job file.

    Raises:
        msgspec.ValidationError: a field is missing, unknown or of the wrong type; the message says
        which. msgspec.DecodeError: it is not JSON.
    """
    return msgspec.json.decode(text, type=JobFile)


def write_job(job: JobFile) -> bytes:
    """Encode a job file so that `read_job` gives it back."""
    return msgspec.json.format(msgspec.json.encode(job), indent=2) + b"\n"


def encode_line(line: Line) -> bytes:
    """Encode one line, its line feed included."""
    if isinstance(line, Result):
        return msgspec.json.encode({"event": "result", **line.values}) + b"\n"
    return msgspec.json.encode(line) + b"\n"


def parse_line(text: bytes) -> Line:
    """Read one line that a program printed.

    Whatever is no line of the protocol becomes a `Log`: programs that their users wrote print all
    sorts of things, and none of them should end the job. A line that meant to be one (a known event
    with wrong fields) is a warning that says what is wrong with it.
    """
    if len(text) > MAX_LINE_BYTES:
        return Log(f"a line of {len(text)} bytes was left out", level="warning")
    try:
        raw: object = msgspec.json.decode(text)
    except msgspec.DecodeError:
        return Log(text.decode(errors="replace").rstrip())
    fields = cast("dict[str, Any]", raw) if isinstance(raw, dict) else {}
    event = fields.get("event")
    if event == "result":
        return Result({name: value for name, value in fields.items() if name != "event"})
    if event not in _TAGS:
        return Log(text.decode(errors="replace").rstrip())
    try:
        return cast("Line", msgspec.convert(fields, type=_Tagged))
    except msgspec.ValidationError as error:
        return Log(f"a line with event {event!r} can't be read: {error}", level="warning")
