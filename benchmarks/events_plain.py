"""What a registry does, as one would write it plainly: for the peers that bring none."""

from __future__ import annotations

import hashlib
import json
from collections import OrderedDict
from time import monotonic
from typing import TYPE_CHECKING, Any, NamedTuple

from .events_facts import CAPACITY, NAME, WINDOW

if TYPE_CHECKING:
    from .events_facts import Fact

Payload = dict[str, Any]


class Message(NamedTuple):
    """An event: its name and its fields."""

    name: str
    payload: Payload


class InvalidError(ValueError):
    """A field is missing, unknown, or of another type."""


REQUIRED: dict[str, dict[str, type | tuple[type, ...]]] = {NAME: {"config_key": str}}
OPTIONAL: dict[str, dict[str, type | tuple[type, ...]]] = {
    NAME: {
        "model_path": str,
        "model_id": str,
        "success": bool,
        "final_loss": (int, float),
        "policy_accuracy": (int, float),
        "training_samples": int,
        "iteration": int,
    }
}


def payload_of(fact: Fact) -> Payload:
    """Write the fields as a publisher does."""
    return {
        "config_key": fact.config_key,
        "model_path": fact.model_path,
        "final_loss": fact.final_loss,
        "policy_accuracy": fact.policy_accuracy,
        "training_samples": fact.training_samples,
        "iteration": fact.iteration,
    }


def validate(message: Message) -> None:
    """Check the fields, one by one.

    Raises:
        InvalidError: a field is missing, unknown, or of another type.
    """
    name, payload = message
    required, optional = REQUIRED[name], OPTIONAL[name]
    for field, kind in required.items():
        if not isinstance(payload.get(field), kind):
            raise InvalidError(f"{name}.{field} must be {kind}")
    for field, value in payload.items():
        if field not in required and not isinstance(value, optional[field]):
            raise InvalidError(f"{name}.{field} must be {optional[field]}")


class Seen:
    """The duplicates of a window: SHA-256 over JSON with its keys in order."""

    def __init__(self) -> None:
        self._seen: OrderedDict[str, float] = OrderedDict()

    def has(self, message: Message) -> bool:
        """Tell whether the same was said less than a window ago; else note it."""
        seen, now = self._seen, monotonic()
        while seen:
            oldest = next(iter(seen))
            if now - seen[oldest] < WINDOW:
                break
            del seen[oldest]
        content = json.dumps([message.name, message.payload], sort_keys=True)
        key = hashlib.sha256(content.encode()).hexdigest()
        if key in seen:
            return True
        seen[key] = now
        if len(seen) > CAPACITY:
            seen.popitem(last=False)
        return False
