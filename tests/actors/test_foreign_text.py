"""Text of foreign objects for records."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from ringleader.actors.foreign_text import head, plain, said, shown, tail, type_name

if TYPE_CHECKING:
    from collections.abc import Callable


class Foul:
    """Can't be shown."""

    def __repr__(self) -> str:
        raise SystemExit("no")


def test_what_can_not_be_shown_says_why() -> None:
    assert said(lambda: "fine") == "fine"
    assert shown({1: Foul()}, 100) == "(it can't be shown: SystemExit)"


def test_long_texts_in_a_message_are_shortened() -> None:
    text = shown(["x" * 1_000], 50)

    assert "..." in text
    assert len(text) < 60


@pytest.mark.parametrize(("cut", "expected"), [(head, "abc …"), (tail, "… fgh")])
def test_a_text_keeps_the_end_that_counts(cut: Callable[[str, int], str], expected: str) -> None:
    assert cut("abcdefgh", 5) == expected
    assert cut("abcde", 5) == "abcde"


def test_half_a_surrogate_pair_is_written_out() -> None:
    assert plain("a\ud800") == "a\\ud800"


def test_a_type_has_its_module_unless_it_is_builtin() -> None:
    assert type_name(int) == "int"
    assert type_name(Foul) == f"{__name__}.Foul"
