"""Reasons in words, whatever they are: what users raise may not even have a text."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .lifecycle import Reason


def text_of(reason: Reason) -> str:
    """Return `str(reason)`, or what is known where that raises."""
    try:
        return str(reason)
    except Exception as error:  # noqa: BLE001  # a broken __str__ is not the news
        return f"<{type(reason).__qualname__} without text: {type(error).__qualname__}>"


def describe(reason: Reason) -> str:
    """Say a reason in a few words: `ValueError: no such game`, or `killed`."""
    text = text_of(reason)
    if not isinstance(reason, BaseException):
        return text
    return f"{type(reason).__name__}: {text}" if text else type(reason).__name__
