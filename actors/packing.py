"""MessagePack, with types: the library has none."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgpack  # type: ignore[import-untyped]  # it ships no types

if TYPE_CHECKING:
    from collections.abc import Callable

_library: Any = msgpack
pack: Callable[..., bytes] = _library.packb
unpack: Callable[..., Any] = _library.unpackb
Extension: Callable[[int, bytes], Any] = _library.ExtType
UnpackError: type[Exception] = _library.UnpackException
