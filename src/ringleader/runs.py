"""The runs in a data directory: each has a directory of its own, so that none destroys another."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

import msgspec

from ringleader.actors.errors import RingleaderError

if TYPE_CHECKING:
    from pathlib import Path

_NAME = re.compile(r"\d{4,}")
_FILE = "run.json"


class RunError(RingleaderError):
    """A run's own file can't be read.

    Attributes:
        exit_code: of a command that meets it.
    """

    exit_code: ClassVar[int] = 1


class Arguments(msgspec.Struct, frozen=True, kw_only=True):
    """What the command line said when a run began; to go on with it means to go on with this.

    Attributes:
        config: absolute path of the configuration file, if one was named.
        profile: the profile that was laid over it; None if none was chosen by an argument.
        overrides: `section.key=value`, each.
        iterations: how many, if it said so.
        seed: of all that is drawn at random; never 0.
    """

    config: str | None = None
    profile: str | None = None
    overrides: tuple[str, ...] = ()
    iterations: int | None = None
    seed: int


class RunRecord(msgspec.Struct, frozen=True, kw_only=True):
    """What a run's own file says.

    Attributes:
        arguments: of the command that began it.
        began: seconds UTC.
        finished: seconds UTC; None while it has work left.
    """

    arguments: Arguments
    began: float
    finished: float | None = None


@dataclass(frozen=True, slots=True)
class Run:
    """One run and its directory.

    Attributes:
        number: counted from 1.
        path: its directory.
    """

    number: int
    path: Path
    record: RunRecord

    @property
    def journal(self) -> Path:
        """Its stage journal."""
        return self.path / "journal.sqlite"

    def finish(self, now: float) -> Run:
        """Note that it has no work left; return it anew."""
        return self._with(msgspec.structs.replace(self.record, finished=now))

    def reopen(self) -> Run:
        """Note that it goes on; return it anew."""
        return self._with(msgspec.structs.replace(self.record, finished=None))

    def _with(self, record: RunRecord) -> Run:
        _write(self.path / _FILE, record)
        return Run(self.number, self.path, record)


def begin(runs: Path, arguments: Arguments, now: float) -> Run:
    """Begin a run: the next number, a new directory."""
    number = max((number for number, _ in _found(runs)), default=0) + 1
    path = runs / f"{number:04}"
    path.mkdir(parents=True)
    record = RunRecord(arguments=arguments, began=now)
    _write(path / _FILE, record)
    return Run(number, path, record)


def latest(runs: Path) -> Run | None:
    """Return the run that began last; None if there is none.

    Raises:
        RunError: its file is no such file.
    """
    for number, path in sorted(_found(runs), reverse=True):
        try:
            text = (path / _FILE).read_bytes()
        except FileNotFoundError:
            continue  # the node ended before it had written it: nothing was done
        try:
            return Run(number, path, msgspec.json.decode(text, type=RunRecord))
        except msgspec.DecodeError as error:
            raise RunError(f"{path / _FILE} is damaged: {error}; remove {path}") from error
    return None


def _found(runs: Path) -> list[tuple[int, Path]]:
    if not runs.is_dir():
        return []
    return [(int(path.name), path) for path in runs.iterdir() if _NAME.fullmatch(path.name)]


def _write(path: Path, record: RunRecord) -> None:
    new = path.with_suffix(".new")
    with new.open("wb") as file:
        file.write(msgspec.json.format(msgspec.json.encode(record), indent=2) + b"\n")
        file.flush()
        os.fsync(file.fileno())
    new.replace(path)
