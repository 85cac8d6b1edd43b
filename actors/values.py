"""Values that may go to another process: MessagePack, with extensions for what it lacks.

Plain data (None, bool, int, float, str, bytes, list, dict) is MessagePack as it is (a bytearray
arrives as bytes); everything else is an extension whose data is MessagePack again. Classes go by
name, see `class_names`.
"""

from __future__ import annotations

from collections.abc import Mapping
from reprlib import repr as short
from typing import TYPE_CHECKING, Any, Final, Protocol

from .class_names import class_name, find_class
from .errors import BadValue, CannotCross, RingleaderError
from .packing import Extension, UnpackError, pack, unpack
from .value_kinds import BY_CODE, kind_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from .ref import Ref

MAX_BYTES: Final = 64 * 1024 * 1024
"""Bytes of one value, unless the codec is told otherwise."""
MAX_DEPTH: Final = 64
"""Objects within objects; lists and dicts may be nested deeper, up to 511 levels."""


_BUFFER: Final = 1024  # to begin with; msgpack's own 256 KiB would be fresh pages for each object


class Refs(Protocol):
    """Makes data of refs and back."""

    def describe(self, ref: Ref[Any]) -> Any:
        """Return plain data that names who is meant.

        Raises:
            CannotCross: nobody elsewhere could reach that actor.
        """
        ...

    def find(self, data: Any) -> Ref[Any]:
        """Return the ref that `describe` of the other side has described."""
        ...


class NoRefs:
    """Lets no ref cross."""

    def describe(self, ref: Ref[Any]) -> Any:
        """Refuse."""
        raise CannotCross(f"{ref!r} can't cross: it means nothing there")

    def find(self, data: Any) -> Ref[Any]:
        """Refuse."""
        raise BadValue(f"refs are not expected here: {data!r}")


class Codec:
    """Writes and reads values. Safe to use from several threads.

    Args:
        refs: what to do with refs.
        find: the class of a name; raises ImportError, AttributeError or ValueError for a name
            that is not allowed. By default it imports whatever is named, which is right only
            where the other side runs the same program by our order.
        where: where what is read comes from, for people.
        max_bytes: of one value.
        max_depth: of objects within objects.
    """

    def __init__(
        self,
        refs: Refs | None = None,
        *,
        find: Callable[[str], type[Any]] = find_class,
        where: str = "another process",
        max_bytes: int = MAX_BYTES,
        max_depth: int = MAX_DEPTH,
    ) -> None:
        self.refs: Refs = NoRefs() if refs is None else refs
        self.where = where
        self.max_bytes, self.max_depth = max_bytes, max_depth
        self._find = find
        self._found: dict[str, type[Any]] = {}
        self._names: dict[type[Any], str] = {}

    def encode(self, value: Any, what: str) -> bytes:
        """Write a value.

        Args:
            value: anything.
            what: what it is, for the error: `argument 'path' of Worker`.

        Raises:
            CannotCross: it can't be written, or is too large or too deep.
            EventValidationError: it holds an event that can't be written.
        """
        try:
            data = _Writer(self, self.max_depth).write(value)
        except CannotCross as error:
            raise CannotCross(f"{what}: {error}") from None
        except RingleaderError:
            raise  # an event that is wrong says so
        except (RecursionError, ValueError, OverflowError, TypeError) as error:
            raise CannotCross(f"{what}: {short(value)} can't cross: {error}") from error
        if len(data) > self.max_bytes:
            raise CannotCross(
                f"{what} has {len(data)} bytes; at most {self.max_bytes} can cross: send a path"
            )
        return data

    def decode(self, data: bytes) -> Any:
        """Read what `encode` wrote.

        Raises:
            BadValue: it is no such thing, or names a class that is not there or not allowed.
            EventValidationError: it holds an event that is wrong.
        """
        if len(data) > self.max_bytes:
            raise BadValue(f"a value of {len(data)} bytes; at most {self.max_bytes} are allowed")
        try:
            return _Reader(self, self.max_depth).read(data)
        except RingleaderError:
            raise
        except (ValueError, TypeError, LookupError, AttributeError, ImportError) as error:
            raise BadValue(f"a value from {self.where} can't be read: {error}") from error
        except (RecursionError, UnpackError, ArithmeticError) as error:
            raise BadValue(f"a value from {self.where} can't be read: {error!r}") from error

    def crosses(self, value: Any) -> bool:
        """Tell whether a value can cross."""
        try:
            self.encode(value, "")
        except RingleaderError:
            return False
        return True

    def find(self, name: str) -> type[Any]:
        """Return the class of a name, remembered after the first time."""
        found = self._found.get(name)
        if found is None:
            found = self._found[name] = self._find(name)
        return found

    def name(self, kind: Any) -> str:
        """Return the name of a class, looked up once.

        Raises:
            CannotCross: it can't be found by it.
        """
        name = self._names.get(kind)
        if name is None:
            name = self._names[kind] = class_name(kind)
        return name


class _Writer:
    """Writes one value."""

    __slots__ = ("codec", "depth")

    def __init__(self, codec: Codec, depth: int) -> None:
        self.codec, self.depth = codec, depth

    def write(self, value: Any) -> bytes:
        return pack(
            value,
            default=self._extend,
            strict_types=True,
            unicode_errors="surrogatepass",
            buf_size=_BUFFER,
        )

    def _extend(self, value: Any) -> Any:
        """Write what MessagePack lacks."""
        if not self.depth:
            raise CannotCross(f"nested deeper than {self.codec.max_depth} objects")
        kind = kind_of(value)
        if kind is None:
            raise CannotCross(f"{short(value)} can't cross to another process{_hint(value)}")
        self.depth -= 1
        data = self.write(kind.take(value, self.codec))
        self.depth += 1
        return Extension(kind.code, data)


class _Reader:
    """Reads one value."""

    __slots__ = ("codec", "depth")

    def __init__(self, codec: Codec, depth: int) -> None:
        self.codec, self.depth = codec, depth

    def read(self, data: bytes) -> Any:
        return unpack(
            data, ext_hook=self._extended, strict_map_key=False, unicode_errors="surrogatepass"
        )

    def _extended(self, code: int, data: bytes) -> Any:
        kind = BY_CODE.get(code)
        if kind is None:
            raise BadValue(f"extension {code} is unknown")
        if not self.depth:
            raise BadValue(f"nested deeper than {self.codec.max_depth} objects")
        self.depth -= 1
        value = kind.make(self.read(data), self.codec)
        self.depth += 1
        return value


def _hint(value: Any) -> str:
    kind: type[Any] = type(value)  # pyright: ignore[reportUnknownVariableType]  # of Any
    for plain in (int, float, str, bytes, list, dict, set):
        if isinstance(value, plain):
            return f": it is a {kind.__module__}.{kind.__qualname__}; send {plain.__name__}(...)"
    if isinstance(value, Mapping):
        return "; send dict(...)"
    if isinstance(value, type):
        return "; send its name"
    if callable(value):
        return "; send data, and let the other side choose the function"
    return f" (a {kind.__module__}.{kind.__qualname__}); plain data, dataclasses and structs can"
