"""From `module:Class` to the actor class, with errors that say what is missing and what is near."""

from __future__ import annotations

import importlib
import pkgutil
from typing import TYPE_CHECKING

import pykka

from .errors import did_you_mean, nearest

if TYPE_CHECKING:
    from types import ModuleType

# Packages that come with an extra, by the name that is imported.
EXTRAS = {"numpy": "selfplay", "open_spiel": "selfplay", "pyspiel": "selfplay"}


class ClassError(Exception):
    """A name leads to no actor class.

    Attributes:
        wrong: what is wrong with it.
        right: what would be right.
    """

    def __init__(self, wrong: str, right: str = "") -> None:
        super().__init__(wrong, right)
        self.wrong = wrong
        self.right = right


def resolve(name: str) -> type[pykka.Actor]:
    """Import the actor class `module:Class`.

    Raises:
        ClassError: there is no such module or class, it needs a package that is not installed, its
            module fails, or it is not an actor class.
    """
    module_name, _, qualname = name.partition(":")
    found: object = _module(module_name)
    for part in qualname.split("."):
        if not hasattr(found, part):
            raise ClassError(f"{module_name} has no class {qualname}", _near(found, part))
        found = getattr(found, part)
    if not isinstance(found, type) or not issubclass(found, pykka.Actor):
        raise ClassError(f"{name} is not an actor class", "expected a subclass of Actor")
    return found


def _module(name: str) -> ModuleType:
    try:
        return importlib.import_module(name)
    except ModuleNotFoundError as error:
        raise _missing(name, error.name or name) from error
    except Exception as error:
        wrong = f"module {name} can't be imported: {type(error).__name__}: {error}"
        raise ClassError(wrong) from error


def _missing(module: str, missing: str) -> ClassError:
    if module == missing or module.startswith(f"{missing}."):
        return ClassError(f"there is no module {missing}", _near_module(missing))
    package = missing.partition(".")[0]
    extra = EXTRAS.get(package)
    remedy = f"'ringleader[{extra}]'" if extra else package
    return ClassError(f"{module} needs {missing}, which is not installed", f"pip install {remedy}")


def _near(found: object, part: str) -> str:
    classes = [name for name, item in vars(found).items() if _is_actor_class(item)]
    return did_you_mean(part, classes) or "there is no actor class in it"


def _is_actor_class(item: object) -> bool:
    return isinstance(item, type) and issubclass(item, pykka.Actor)


def _near_module(name: str) -> str:
    parent, _, last = name.rpartition(".")
    if not parent:
        return "is it installed, or in a directory of PYTHONPATH?"
    package = importlib.import_module(parent)
    siblings = [module.name for module in pkgutil.iter_modules(getattr(package, "__path__", []))]
    near = nearest(last, siblings)
    return f"did you mean {parent}.{near}?" if near else did_you_mean(last, siblings)
