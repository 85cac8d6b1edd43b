"""Classes are found by the names they were given."""

from __future__ import annotations

from collections import OrderedDict
from pathlib import Path
from types import ModuleType

import pytest

from ringleader.actors.class_names import MAIN_COPY, class_name, find_class
from ringleader.actors.errors import CannotCross


class Outer:
    class Inner:
        pass


@pytest.mark.parametrize("kind", [int, OrderedDict, Outer, Outer.Inner, Path, ModuleType])
def test_a_class_is_found_by_its_name(kind: type[object]) -> None:
    if kind is ModuleType:  # its module says that it is a builtin, and it is not
        with pytest.raises(CannotCross, match="at the top level of its module"):
            class_name(kind)
    else:
        assert find_class(class_name(kind)) is kind


def test_names_lead_to_classes_only() -> None:
    with pytest.raises(AttributeError, match="is no class"):
        find_class("os:getpid")
    with pytest.raises(AttributeError):
        find_class("os:nothing")
    with pytest.raises(ImportError):
        find_class("no_such_module_at_all:Thing")


def test_a_copy_of_the_main_module_has_its_name() -> None:
    kind = type("Thing", (), {"__module__": MAIN_COPY})
    with pytest.raises(CannotCross, match=r"^__main__:Thing"):
        class_name(kind)
