"""Errors and reasons of ends on their way between nodes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from ringleader.actors.errors import RemoteError, RingleaderError
from ringleader.actors.foreign_text import head, said
from ringleader.actors.value_errors import ErrorState, rebuilt, state_of

if TYPE_CHECKING:
    from ringleader.actors.lifecycle import Reason
    from ringleader.actors.values import Codec

LONGEST: Final = 2_000
"""Characters of a text that stands for what can't cross."""
_UNREADABLE: Final = object()


def write(reason: Reason, codec: Codec) -> bytes:
    """Write an error, or another reason; what can't cross goes as text. Never fails."""
    try:
        if isinstance(reason, BaseException):
            return codec.encode([True, _parts(reason, codec)], "an error")
        return codec.encode([False, reason], "a reason")
    except Exception:  # noqa: BLE001  # foreign objects may do anything when they are looked at
        return _as_text(reason, codec)


def _parts(error: BaseException, codec: Codec) -> list[Any]:
    """Take an error apart; what it holds is written one by one, since each may be unknown there."""
    name, args, text, attributes, trace, frames = state_of(error, codec.crosses)
    written = None if args is None else codec.encode(args, "its arguments")
    kept = {key: codec.encode(value, key) for key, value in attributes.items()}
    return [name, written, text, kept, trace, list(frames)]


def _as_text(reason: Reason, codec: Codec) -> bytes:
    text = head(said(lambda: repr(reason)), LONGEST)
    if not isinstance(reason, BaseException):
        return codec.encode([False, text], "a reason")
    kind = type(reason)
    name = head(f"{kind.__module__}:{kind.__qualname__}", LONGEST)
    return codec.encode([True, [name, None, text, {}, "", []]], "an error")


def read(data: bytes, codec: Codec) -> Reason:
    """Read what `write` wrote; what can't be read is a reason, too: a `RemoteError` that says so.

    An error is of the same class only if that is known here (`KnownClasses`). Its
    `remote_traceback` is the traceback there, as text.
    """
    try:
        is_error, content = codec.decode(data)
        return _error(codec, *content) if is_error else content
    except Exception as error:  # noqa: BLE001  # whatever classes make of what they are given
        return RemoteError("an error", f"that can't be read: {error}")


def _error(  # noqa: PLR0917  # as it is on the wire
    codec: Codec,
    name: Any,
    args: Any,
    text: Any,
    attributes: Any,
    trace: Any,
    frames: Any,
) -> BaseException:
    kept = {
        str(key): value
        for key, data in attributes.items()
        if key == "__notes__" or not (str(key).startswith("_") or hasattr(BaseException, str(key)))
        if (value := _read(codec, data)) is not _UNREADABLE
    }
    arguments: Any = None if args is None else _read(codec, args)
    clean = ErrorState(
        str(name),
        arguments if type(arguments) is tuple else None,
        str(text),
        kept,
        str(trace),
        tuple(str(frame) for frame in frames),
    )
    try:
        error = rebuilt(clean, codec.find, codec.where)
    except Exception:  # noqa: BLE001  # a constructor may raise what it likes
        error = RemoteError(clean.type_name, clean.text)
    if hasattr(error, "__dict__"):
        vars(error)["remote_traceback"] = clean.trace
    return error


def _read(codec: Codec, data: Any) -> Any:
    """Read a part of an error."""
    try:
        return codec.decode(data)
    except Exception:  # noqa: BLE001  # as in `read`
        return _UNREADABLE


def as_error(reason: Reason, where: str) -> BaseException:
    """Return what to raise for a reason that should be an error."""
    if isinstance(reason, BaseException):
        return reason
    return RingleaderError(f"{where} answered with no error, but {reason!r}")
