"""A TOML document with the line of every key, and errors that say where it is broken."""

from __future__ import annotations

import re
import tomllib
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from .errors import ConfigError, Problem
from .toml import is_array, is_table

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from .schema import KeyPath


@dataclass(frozen=True, slots=True)
class Document:
    """What a file says, and on which line it says it.

    Attributes:
        name: how the file is called in messages.
        values: the parsed document.
        lines: the line, counted from 1, of every table and key.
    """

    name: str
    values: Mapping[str, Any]
    lines: Mapping[KeyPath, int]

    def where(self, path: KeyPath) -> str:
        """Return `file:line` of the key, or of the nearest table around it."""
        for end in range(len(path), 0, -1):
            line = self.lines.get(path[:end])
            if line is not None:
                return f"{self.name}:{line}"
        return self.name


def parse(text: str, name: str) -> Document:
    """Parse a document; `ConfigError` with line and column when it is not TOML."""
    try:
        values = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ConfigError([_broken(str(error), text, name)]) from error
    return Document(name, values, dict(_positions(text)))


def read(path: Path) -> Document:
    """Read and parse a file; `ConfigError` when that can't be done."""
    try:
        text = path.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        wrong = f"byte {error.start} is not UTF-8"
        raise ConfigError([Problem(str(path), "", wrong, "TOML files are UTF-8")]) from error
    except OSError as error:
        reason = error.strerror or str(error)
        raise ConfigError([Problem(str(path), "", f"can't be read: {reason}")]) from error
    return parse(text, str(path))


def _broken(message: str, text: str, name: str) -> Problem:
    found = re.fullmatch(r"(.*) \(at line (\d+), column (\d+)\)", message)
    if found is not None:
        return Problem(f"{name}:{found[2]}:{found[3]}", "", f"not TOML: {found[1]}")
    last = text.split("\n")
    reason = message.removesuffix(" (at end of document)")
    return Problem(f"{name}:{len(last)}:{len(last[-1]) + 1}", "", f"not TOML: {reason}")


def _positions(text: str) -> Iterator[tuple[KeyPath, int]]:
    """Find the lines of all keys of a valid document.

    tomllib keeps no positions. But each statement of a valid document is a valid document itself,
    and it is the shortest run of lines that parses: so tomllib finds the keys here too. Tables of
    an array go by their number, from 0, as in the problems of `layers`.
    """
    table: KeyPath = ()
    arrays: Counter[KeyPath] = Counter()
    lines = text.splitlines()
    number = 0
    while number < len(lines):
        size, statement = _statement(lines, number)
        if lines[number].lstrip().startswith("["):
            table = _header(statement)
            if lines[number].lstrip().startswith("[["):
                arrays[table] += 1
                if arrays[table] == 1:
                    yield table, number + 1
                table = (*table, str(arrays[table] - 1))
            yield table, number + 1
        else:
            for path in _paths(statement):
                yield table + path, number + 1
        number += size


def _statement(lines: list[str], start: int) -> tuple[int, Mapping[str, Any]]:
    for end in range(start + 1, len(lines) + 1):
        try:
            return end - start, tomllib.loads("\n".join(lines[start:end]))
        except tomllib.TOMLDecodeError:
            continue  # an array or a string goes on in the next line
    return len(lines) - start, {}


def _header(statement: object) -> KeyPath:
    if is_array(statement):  # [[name]]
        return _header(statement[0])
    if not is_table(statement) or not statement:
        return ()
    ((name, inner),) = statement.items()
    return (name, *_header(inner))


def _paths(value: object) -> Iterator[KeyPath]:
    if is_table(value):
        for name, item in value.items():
            yield (name,)
            for rest in _paths(item):
                yield (name, *rest)
