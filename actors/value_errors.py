"""Exceptions as values: what crosses to another process, and what is made of it there."""

from __future__ import annotations

import traceback
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from .errors import CannotCross, RemoteError
from .reasons import text_of

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

TRACEBACK_LIMIT: Final = 20_000
"""Characters of a traceback that cross; its end is what matters."""
FRAMES: Final = "remote_frames"
"""The attribute of an exception that came from elsewhere: its frames there, innermost first."""
_NOT_SAME: Final = (TypeError, ValueError, AttributeError, LookupError, ArithmeticError)


class ErrorState(NamedTuple):
    """What crosses of an exception.

    Attributes:
        type_name: of its class.
        args: as the exception has them; None if they can't cross.
        text: `str(error)`.
        attributes: those that can cross.
        trace: its traceback as text, with those of its causes; empty without one.
        frames: `function:line`, innermost first.
    """

    type_name: str
    args: tuple[Any, ...] | None
    text: str
    attributes: dict[str, Any]
    trace: str
    frames: tuple[str, ...]


def state_of(error: BaseException, crosses: Callable[[Any], bool]) -> ErrorState:
    """Take from an exception what `crosses` says can cross; every exception has a state."""
    kind = type(error)
    args, hidden = _hidden(error)
    kept = {
        name: value
        for name, value in {**vars(error), **hidden}.items()
        if name not in {"__notes__", FRAMES} and crosses(value)
    }
    notes = getattr(error, "__notes__", None)
    if notes:
        kept["__notes__"] = [str(note) for note in notes]
    return ErrorState(
        type_name=f"{kind.__module__}:{kind.__qualname__}",
        args=args if crosses(args) else None,
        text=text_of(error),
        attributes=kept,
        trace=_trace(error),
        frames=frames_of(error),
    )


def _hidden(error: BaseException) -> tuple[tuple[Any, ...], dict[str, Any]]:
    """Return what the constructor is to be called with, and attributes that `vars` does not show.

    `args` of an OSError lacks its file name, and that of an ImportError its module.
    """
    if type(error).__reduce__ is OSError.__reduce__:
        return error.__reduce__()[1], {}  # type: ignore[return-value]  # a tuple, says C
    if isinstance(error, ImportError):
        return error.args, {"name": error.name, "path": error.path}
    return error.args, {}


def rebuilt(state: ErrorState, find: Callable[[str], type[Any]], where: str) -> BaseException:
    """Make an exception of the same class, or a `RemoteError` if that would not be the same.

    Its traceback there is in a note, `where` it comes from beside it.
    """
    error = _same(state, find)
    if error is None:
        error = RemoteError(state.type_name, state.text)
    notes = state.attributes.get("__notes__", [])
    if isinstance(notes, list):
        for note in notes:  # pyright: ignore[reportUnknownVariableType]  # off the wire
            error.add_note(str(note))  # pyright: ignore[reportUnknownArgumentType]  # as above
    if state.trace:
        error.add_note(f"in {where}:\n{state.trace}")
    if hasattr(error, "__dict__"):
        vars(error)[FRAMES] = tuple(state.frames)
    return error


def _same(state: ErrorState, find: Callable[[str], type[Any]]) -> BaseException | None:
    if state.args is None:
        return None
    try:
        kind = find(state.type_name)
    except (ImportError, AttributeError, CannotCross, ValueError):
        return None
    if not issubclass(kind, BaseException):
        return None
    attributes = {n: value for n, value in state.attributes.items() if n != "__notes__"}
    for make in (_constructed, _refilled):  # as written down, then as left behind
        try:
            error = make(kind, state.args, attributes)
            if type(error) is kind and text_of(error) == state.text:
                return error
        except _NOT_SAME:
            continue
    return None


def _constructed(
    kind: type[BaseException], args: tuple[Any, ...], attributes: Mapping[str, Any]
) -> BaseException:
    error = kind(*args)
    for name, value in attributes.items():
        setattr(error, name, value)
    return error


def _refilled(
    kind: type[BaseException], args: tuple[Any, ...], attributes: Mapping[str, Any]
) -> BaseException:
    """Leave out a constructor that makes `args` of something else."""
    error = kind.__new__(kind, *args)
    error.args = args
    vars(error).update(attributes)
    return error


def frames_of(error: BaseException) -> tuple[str, ...]:
    """Return an exception's frames, innermost first: here, or where it came from."""
    known = getattr(error, FRAMES, None)
    if isinstance(known, tuple):
        return known  # pyright: ignore[reportUnknownVariableType]  # our own attribute
    frames: list[str] = []
    link = error.__traceback__
    while link is not None:
        frames.append(f"{link.tb_frame.f_code.co_qualname}:{link.tb_lineno}")
        link = link.tb_next
    return tuple(reversed(frames))


def _trace(error: BaseException) -> str:
    if error.__traceback__ is None and error.__cause__ is None:
        return ""
    lines = traceback.format_exception(error)
    text = "".join(lines)
    return text if len(text) <= TRACEBACK_LIMIT else f"...\n{text[-TRACEBACK_LIMIT:]}"
