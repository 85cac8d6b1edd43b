"""From files to facts. Nothing of what is scanned is imported or run."""

from __future__ import annotations

import os
import warnings
from pathlib import Path
from typing import TYPE_CHECKING, Final

from ringleader.actors.errors import RingleaderError
from ringleader.actors.events.errors import did_you_mean, nearest

from .body import Bodies
from .emissions import Emissions
from .flow import Flow
from .handling import Handlers
from .model import Facts, Site
from .reads import Reads
from .receiving import receivers
from .resolve import Project
from .source import Module, is_test, python_files
from .vocabulary import Vocabulary

if TYPE_CHECKING:
    from collections.abc import Iterable

PACKAGE: Final = Path(__file__).parent.parent
"""Ringleader itself: what it publishes and handles is known to every audit."""


class NoSuchPath(RingleaderError):  # noqa: N818  # as a command says it
    """There is nothing to scan at a path."""

    exit_code = 2


def scan(paths: Iterable[Path], *, background: Path | None = PACKAGE) -> Facts:
    """Read all Python files at some paths and below.

    Files of tests are left out, unless they are named themselves: what tests publish says nothing
    about a system. A file that is no Python is told of, and the others are read.

    Args:
        paths: what the audit is about.
        background: what is read beside it: its types, publishers and handlers count, but no
            finding is only about it. None: nothing.

    Raises:
        NoSuchPath: one of the paths does not exist.
    """
    files = _Files()
    if background is not None:  # first: its modules are known by the names they are imported by
        files.add(background, is_subject=False)
    for path in paths:
        files.add(path, is_subject=True)
    project = Project(files.modules.values())
    vocabulary, bodies = Vocabulary(project), Bodies(project)
    handlers = Handlers(bodies, vocabulary)
    takers = [*handlers.found, *receivers(bodies, handlers.messages())]
    messages = {message for taker in takers for message in taker.wish.messages}
    emissions = Emissions(bodies, vocabulary, messages)
    reads = Reads(bodies, vocabulary)
    reads.add(handlers.found)
    return Facts(
        events=vocabulary.events,
        emissions=tuple(emissions.found),
        handlings=tuple(handlers.handlings),
        reads=tuple(reads.found),
        spellings=(*handlers.spellings, *emissions.spellings),
        steps=tuple(Flow(bodies, emissions.made).steps(takers)),
        subject=frozenset(files.subject),
        files=len(files.subject),
        opaque=tuple(emissions.opaque),
        observers=tuple(handlers.observers),
        unreadable=files.unreadable,
        is_about_all=background is not None and files.subject >= files.shown,
    )


class _Files:
    """Reads each file once, however it is reached."""

    def __init__(self) -> None:
        self.modules: dict[str, Module] = {}
        self.shown: set[str] = set()
        self.subject: set[str] = set()
        self.unreadable: dict[Site, str] = {}
        self._here = os.path.realpath(".")

    def add(self, path: Path, *, is_subject: bool) -> None:
        if not path.exists():
            near = nearest(path.name, [p.name for p in path.parent.glob("*")])
            raise NoSuchPath(f"there is no {path}{did_you_mean(near)}")
        for file in python_files(path):
            if file != path and (is_test(file) or "tests" in file.relative_to(path).parts[:-1]):
                continue
            self._read(file, is_subject=is_subject)

    def _read(self, file: Path, *, is_subject: bool) -> None:
        real = os.path.realpath(file)
        shown = os.path.relpath(real, self._here)
        shown = real if shown.startswith("..") else shown
        self.shown.add(shown)
        if is_subject:
            self.subject.add(shown)
        if real in self.modules:
            return
        try:
            with warnings.catch_warnings(action="ignore"):  # a linter's business
                self.modules[real] = Module.parse(file, shown)
        except SyntaxError as error:
            self.unreadable[Site(shown, error.lineno or 0)] = f"it is no Python: {error.msg}"
        except (OSError, ValueError, RecursionError) as error:
            self.unreadable[Site(shown, 0)] = f"it can't be read: {error}"
