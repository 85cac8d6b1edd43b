"""What must be there before a node starts: programs of the stages, and the packages they need."""

from __future__ import annotations

import shutil
import sys
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Final

from ringleader.actors.options import PYTHON, StageOptions, StagesOptions
from ringleader.actors.workloads.board import parse_config_key
from ringleader.actors.workloads.errors import BadJobFileError
from ringleader.config import Problem

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from ringleader.config import Loaded

EMBEDDED: Final = "ringleader.actors.workloads."
NEEDS: Final[Mapping[str, str]] = {"numpy": "numpy", "pyspiel": "open_spiel"}
"""What the embedded programs import, and how each is called as a package."""

REMEDY: Final = "pip install 'ringleader[selfplay]'"


def missing_programs(
    loaded: Loaded, which: Callable[[str], str | None] = shutil.which
) -> list[Problem]:
    """Return a problem for each stage whose program is not there.

    Of an interpreter's arguments only a script is looked for, where the job would look for it: a
    relative path begins in the working directory.
    """
    problems: list[Problem] = []
    for name, stage in _stages(loaded.settings.stages):
        fault = _fault(stage, which)
        if fault is not None:
            key = ("stages", name, "command")
            problems.append(Problem(loaded.where(key), ".".join(key), *fault))
    return problems


def _fault(stage: StageOptions, which: Callable[[str], str | None]) -> tuple[str, str] | None:
    program, *arguments = stage.argv(sys.executable)
    if which(program) is None:
        return f"there is no program {program!r}", "give its path, or a name that PATH finds"
    script = arguments[0] if arguments else ""
    if script.endswith(".py") and not Path(script).is_file():
        there = "" if Path(script).is_absolute() else f" in {Path.cwd()}"
        return f"there is no file {script!r}{there}", "a relative path begins where you are"
    return None


def missing_extras(loaded: Loaded, is_there: Callable[[str], bool] | None = None) -> list[Problem]:
    """Return a problem for each package that the embedded programs need and that is missing.

    A stage that runs under another interpreter has packages of its own, which only it knows.
    """
    is_there = is_there or _is_installed
    embedded = [name for name, stage in _stages(loaded.settings.stages) if _is_embedded(stage)]
    if not embedded:
        return []
    stages = ", ".join(embedded)
    return [
        Problem("", package, f"is not installed, and the stages {stages} need it", REMEDY)
        for module, package in NEEDS.items()
        if not is_there(module)
    ]


def unplayable_keys(loaded: Loaded) -> list[Problem]:
    """Return a problem for each config key that the embedded programs can't play."""
    if not any(_is_embedded(stage) for _, stage in _stages(loaded.settings.stages)):
        return []
    key = ("workload", "config_keys")
    problems: list[Problem] = []
    for config_key in loaded.settings.workload.config_keys:
        try:
            parse_config_key(config_key)
        except BadJobFileError as error:
            remedy = "or give the stages commands of your own"
            problems.append(Problem(loaded.where(key), ".".join(key), str(error), remedy))
    return problems


def _is_embedded(stage: StageOptions) -> bool:
    program, *arguments = stage.command
    return program == PYTHON and any(part.startswith(EMBEDDED) for part in arguments)


def _stages(stages: StagesOptions) -> Iterator[tuple[str, StageOptions]]:
    for name in stages.__struct_fields__:
        yield name, getattr(stages, name)


def _is_installed(module: str) -> bool:
    return find_spec(module) is not None
