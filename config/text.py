"""Values written as text, in the environment and on the command line, and what they mean."""

from __future__ import annotations

import tomllib
from typing import Any

import msgspec

from .schema import Key, accepts, is_array, literals, table_of, values_of
from .toml import inline, is_table

_BOOLS = {"yes": True, "on": True, "true": True, "1": True} | {
    "no": False,
    "off": False,
    "false": False,
    "0": False,
}


def from_text(value: object, key: Key) -> object:
    """Return what a text means for a key of this type; other values stand as they are.

    Numbers as they are written; words and booleans (`1`, `yes`, `on`) in any case; arrays and
    tables in TOML or, for arrays of strings, separated by commas. Where anything is allowed: TOML
    if it is TOML, or else the text itself.

    Raises:
        ValueError: the text can't mean any value of this type.
    """
    if not isinstance(value, str):
        return value
    words = {word.casefold(): word for word in literals(key.hint)}
    if value.casefold() in words:
        return words[value.casefold()]
    if _is_toml(value, key.hint):
        return _toml(value)
    if accepts(key.hint, bool):
        return _BOOLS.get(value.casefold(), value)
    if is_array(key.hint):
        return _array(value)
    return msgspec.convert(value, key.hint, strict=False)


def rescale(text: str, conversion: object) -> str | None:
    """Translate an old variable's text: a factor for its unit, or a table for its words.

    Returns:
        The text in today's unit or words, None when it asks for nothing.

    Raises:
        ValueError: the text is no number, or not in the table.
    """
    if is_table(conversion):
        table = msgspec.convert(conversion, dict[str, str | None])
        if text.casefold() not in table:
            raise ValueError("expected one of " + ", ".join(table))
        return table[text.casefold()]
    factor = msgspec.convert(conversion, float)
    if factor == 1:
        return text
    try:
        return inline(float(text) * factor)
    except ValueError:
        raise ValueError("expected a number") from None


def _is_toml(text: str, hint: object) -> bool:
    is_table_of_struct = table_of(hint) is not None and text.lstrip().startswith("{")
    return is_table_of_struct or hint is Any or values_of(hint) is not None


def _array(text: str) -> object:
    if text.lstrip().startswith("["):
        return _toml(text)
    return [part.strip() for part in text.split(",") if part.strip()]


def _toml(text: str) -> object:
    try:
        parsed = tomllib.loads(f"value = {text}")
    except tomllib.TOMLDecodeError:
        return text
    return parsed["value"] if len(parsed) == 1 else text
