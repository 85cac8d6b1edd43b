"""Text of foreign objects for records: bounded, writable anywhere, whatever their code does."""

from __future__ import annotations

import reprlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable


def said(say: Callable[[], str]) -> str:
    """Return what foreign code says, or how it failed to."""
    try:
        return say()
    except BaseException as error:  # noqa: BLE001  # its own fault, and it is told
        return f"(it can't be shown: {type_name(type(error))})"


def shown(message: Any, longest: int) -> str:
    """Return what a message says of itself; texts in it have `longest` characters at most."""
    brief = reprlib.Repr()
    brief.maxstring = brief.maxother = brief.maxlong = longest
    brief.maxdict = brief.maxlist = brief.maxtuple = 20
    return said(lambda: brief.repr(message))


def type_name(kind: type) -> str:
    """Return a type's name with its module, that of a builtin without."""
    name = kind.__qualname__
    return name if kind.__module__ == "builtins" else f"{kind.__module__}.{name}"


def head(text: str, longest: int) -> str:
    """Return a text's beginning, in `longest` characters."""
    text = plain(text)
    return text if len(text) <= longest else f"{text[: longest - 2]} …"


def tail(text: str, longest: int) -> str:
    """Return a text's end, in `longest` characters."""
    text = plain(text)
    return text if len(text) <= longest else f"… {text[2 - longest :]}"


def plain(text: str) -> str:
    """Return a text that JSON and SQLite take: half a surrogate pair is no character."""
    return text.encode("utf-8", "backslashreplace").decode()
