from typing import Annotated, Any, Literal

import pytest
from msgspec import Meta, Struct

from ringleader.config.schema import Key
from ringleader.config.text import from_text, rescale

Word = Literal["DEBUG", "INFO"]


class Part(Struct, frozen=True):
    x: int = 0


@pytest.mark.parametrize(
    ("hint", "text", "expected"),
    [
        (int, "3", 3),
        (float, "3", 3.0),
        (Annotated[float, Meta(ge=0)], "0.5", 0.5),
        (str, "3", "3"),
        (bool, "1", True),
        (bool, "Yes", True),
        (bool, "OFF", False),
        (Word, "debug", "DEBUG"),
        (float | Literal["infinity"], "infinity", "infinity"),
        (float | Literal["infinity"], "2", 2.0),
        (int | None, "null", None),
        (tuple[str, ...], "a, b", ["a", "b"]),
        (tuple[str, ...], '["a", "b,c"]', ["a", "b,c"]),
        (tuple[str, ...], "", []),
        (dict[str, Any], "{games = 3}", {"games": 3}),
        (float | Part, "{x = 3}", {"x": 3}),
        (float | Part, "3", 3.0),
        (bool | Part, "yes", True),
        (bool | Part | None, "{x = 3}", {"x": 3}),
        (Any, "3", 3),
        (Any, "true", True),
        (Any, "hex8", "hex8"),
        (Any, "1\nother = 2", "1\nother = 2"),
    ],
)
def test_text_means_what_the_key_takes(hint: object, text: str, expected: object) -> None:
    value = from_text(text, Key("x", hint))

    assert value == expected
    assert type(value) is type(expected)


def test_text_that_means_nothing_is_refused() -> None:
    with pytest.raises(ValueError, match="Expected `int`"):
        from_text("many", Key("x", int))


def test_what_is_no_text_stands_as_it_is() -> None:
    assert from_text(3, Key("x", str)) == 3


def test_old_units_are_rescaled() -> None:
    assert rescale("48", 3600) == "172800"
    assert rescale("0.5", 3600) == "1800"
    assert rescale("as it is", 1) == "as it is"


def test_old_words_are_translated() -> None:
    table = {"1": "DEBUG", "true": "DEBUG", "0": None}

    assert rescale("TRUE", table) == "DEBUG"
    assert rescale("0", table) is None
    with pytest.raises(ValueError, match="expected one of 1, true, 0"):
        rescale("perhaps", table)


def test_what_has_a_unit_is_a_number() -> None:
    with pytest.raises(ValueError, match="expected a number"):
        rescale("two days", 3600)
