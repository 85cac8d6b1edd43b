"""Classes as text: `module:qualname`, and back."""

from __future__ import annotations

import sys
from importlib import import_module
from typing import TYPE_CHECKING, Any

from .errors import CannotCross

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import ModuleType

MAIN_COPY = "__ringleader_main__"
"""How a child process calls its copy of the parent's `__main__`, so that `if __name__` is false."""


def class_name(kind: type[Any]) -> str:
    """Return `module:qualname` of a class that can be found by it.

    Raises:
        CannotCross: it can't be found; the message says what would help.
    """
    module, qualname = kind.__module__, kind.__qualname__
    if "<locals>" in qualname:
        raise CannotCross(
            f"{module}:{qualname} can't cross to another process: the class is defined inside a "
            "function; define it at the top level of a module"
        )
    if module == MAIN_COPY:
        module = "__main__"
    if module == "__main__":
        main = sys.modules["__main__"]
        if getattr(main, "__file__", None) is None and getattr(main, "__spec__", None) is None:
            raise CannotCross(
                f"{module}:{qualname} can't cross to another process: what was typed in has no "
                "file to import it from; put the class into a module"
            )
    found: Any = sys.modules.get(module)
    for part in qualname.split("."):
        found = getattr(found, part, None)
    if found is not kind:
        raise CannotCross(
            f"{module}:{qualname} can't cross to another process: the name means "
            f"{found!r} there; give the class a name of its own at the top level of its module"
        )
    return f"{module}:{qualname}"


def find_class(name: str, load: Callable[[str], ModuleType] = import_module) -> type[Any]:
    """Import the class that `class_name` has named.

    Args:
        name: `module:qualname`.
        load: imports a module by name.

    Raises:
        ImportError: its module can't be imported.
        AttributeError: the module has no such class.
    """
    module, _, qualname = name.partition(":")
    found: Any = load(module)
    for part in qualname.split("."):
        found = getattr(found, part)
    if not isinstance(found, type):
        raise AttributeError(f"{name} is no class")  # noqa: TRY004  # as if it were not there
    return found
