"""Which of a class's methods are coroutines, and so need an event loop."""

from __future__ import annotations

import inspect
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .base import Actor


def async_handlers(cls: type[Actor]) -> list[str]:
    """Return the names of those that turns call."""
    names = [
        "on_start",
        "on_stop",
        "on_receive",
        "health",
        *(handler.name for handler in cls.handlers.values()),
    ]
    return [name for name in names if inspect.iscoroutinefunction(getattr(cls, name))]


def has_async_methods(cls: type[Actor], above: type[Actor]) -> bool:
    """Tell whether there is one that `call` and proxies could be asked for, below `above`."""
    own = [base for base in cls.__mro__ if base not in above.__mro__]
    return any(
        inspect.iscoroutinefunction(value) and not name.startswith("_")
        for base in own
        for name, value in vars(base).items()
    )
