"""Why an event is refused: in words that name its type, its field, and what would be right."""

from __future__ import annotations

from collections.abc import Mapping
from re import compile as pattern
from typing import TYPE_CHECKING, Any

import msgspec

from .errors import EventValidationError, did_you_mean, nearest
from .faults import Faults
from .shown import shown

if TYPE_CHECKING:
    from collections.abc import Callable

    from .base import Event
    from .codec import PayloadLimits
    from .fields import FieldPlan

_EXPLANATION = pattern(r"(?P<problem>.*?)(?: - at (?P<key>`key` in )?`\$\.?(?P<path>.*)`)?")
_LONGEST_NAME = 80
_MISSING = pattern(r"Object missing required field `(?P<field>\w+)`")


class Refusals:
    """Makes the errors of one event type; all of it runs only when something is wrong.

    Args:
        event_class: the type.
        plan: its fields.
        limits: how large its events may be.
        encode: writes one value as MessagePack.
    """

    def __init__(
        self,
        event_class: type[Event],
        plan: FieldPlan,
        limits: PayloadLimits,
        encode: Callable[[Any], bytes],
    ) -> None:
        self._event_class = event_class
        self._name = event_class.EVENT.name
        self._plan = plan
        self._limits = limits
        self._encode = encode
        self._faults = Faults(encode, limits.max_depth - 1)

    def wrong(self, field: str | None, problem: str) -> EventValidationError:
        """Say what is wrong with a field, or with the payload as a whole."""
        return EventValidationError(self._name, field, problem)

    def no_mapping(self, payload: object) -> EventValidationError:
        """Say that a payload is none."""
        return self.wrong(None, f"its payload must be a mapping of fields; it is {shown(payload)}")

    def unknown_field(self, name: object) -> EventValidationError:
        """Say that the type has no such field, and which ones it has."""
        if not isinstance(name, str):
            return self.wrong(None, f"the names of fields are text; one is {shown(name)}")
        near = did_you_mean(nearest(name, self._plan.names))
        known = "" if near else f"; it has {', '.join(self._event_class.__struct_fields__)}"
        field = name if name.isidentifier() and len(name) <= _LONGEST_NAME else shown(name)
        return self.wrong(field, f"there is no such field{near}{known}")

    def too_large(self, data: bytes, event: Event | None = None) -> EventValidationError:
        """Say how large a payload is, and which field makes it so."""
        field, size = None, f"its payload has {len(data)} bytes"
        if event is not None:
            sizes = {name: len(self._encode(value)) for name, value in _fields(event).items()}
            field = max(sizes, key=lambda name: sizes[name])
            size += f", {sizes[field]} of them here"
        return self.wrong(
            field, f"{size}; at most {self._limits.max_bytes} are allowed: send a path"
        )

    def explained(
        self, error: Exception, given: Event | Mapping[str, Any] | None = None
    ) -> EventValidationError:
        """Say why an event could not be written, read, or made read-only.

        Args:
            error: what was raised.
            given: what could not be written or read, as far as it is known.
        """
        if isinstance(error, msgspec.ValidationError):
            return self._mismatch(str(error), given)
        if given is not None:
            fault = self._faults.first(_fields(given))
            if fault is not None:
                return self.wrong(*fault)
        if isinstance(error, RecursionError):
            levels = self._limits.max_depth
            return self.wrong(None, f"its payload is nested deeper than {levels} levels")
        return self.wrong(None, str(error))

    def check_numbers(self, event: Event) -> None:
        """Refuse an event that holds a number which is not finite.

        Raises:
            EventValidationError: it does; it names the field.
        """
        fault = self._faults.first(_fields(event))
        if fault is not None:
            raise self.wrong(*fault)

    def _mismatch(
        self, error: str, given: Event | Mapping[str, Any] | None
    ) -> EventValidationError:
        """Turn the words of the decoder into ours."""
        if missing := _MISSING.match(error):
            return self.wrong(missing["field"], "is required and missing")
        match = _EXPLANATION.fullmatch(error)
        if match is None or match["path"] is None:
            return self.wrong(None, error)
        path = match["path"]
        field = path.split(".")[0].split("[")[0]
        problem = match["problem"][:1].lower() + match["problem"][1:]
        if match["key"]:
            problem = f"its keys: {problem}"
        if given is not None:
            problem += f" ({shown(_fields(given).get(field))})"
        if scale := self._plan.scales.get(field):
            problem += f"; it is one of {', '.join(scale)}"
        return self.wrong(path, problem)


def _fields(given: Event | Mapping[str, Any]) -> Mapping[str, Any]:
    if isinstance(given, Mapping):
        return given
    return {name: getattr(given, name) for name in given.__struct_fields__}
