from typing import Annotated, Any, Literal

import pytest
from msgspec import Meta, Struct

from ringleader.config.schema import (
    accepts,
    describe,
    is_array,
    items_of,
    keys,
    literals,
    struct_of,
    table_of,
    values_of,
)


class Inner(Struct, frozen=True):
    x: int = 1


class Sample(Struct, frozen=True, kw_only=True):
    window: Annotated[
        float, Meta(ge=0, description="how long (seconds)", extra={"env": "OLD_WINDOW"})
    ] = 60
    hours: Annotated[int, Meta(extra={"env": {"OLD_HOURS": 3600, "OLD_WORD": {"1": "x"}}})] = 1
    inner: Inner = Inner()


def test_keys_come_in_the_order_of_the_struct() -> None:
    assert list(keys(Sample)) == ["window", "hours", "inner"]


def test_a_key_knows_its_meaning_unit_range_and_old_name() -> None:
    key = keys(Sample)["window"]

    assert key.description == "how long (seconds)"
    assert key.unit == "seconds"
    assert key.expected == "a number of at least 0 (seconds)"
    assert key.aliases == {"OLD_WINDOW": 1}


def test_an_old_name_can_have_a_factor_or_a_table_of_words() -> None:
    assert keys(Sample)["hours"].aliases == {"OLD_HOURS": 3600, "OLD_WORD": {"1": "x"}}


@pytest.mark.parametrize(
    ("hint", "words"),
    [
        (int, "an integer"),
        (bool, "true or false"),
        (Annotated[int, Meta(ge=1, le=9)], "an integer of at least 1, at most 9"),
        (Annotated[float, Meta(gt=0)], "a number above 0"),
        (Annotated[str, Meta(pattern="^a$")], "a string matching ^a$"),
        (Annotated[str, Meta(min_length=1)], "a string that is not empty"),
        (Literal["a", "b"], '"a" or "b"'),
        (Literal["c", "a", "b"], 'one of "c", "a", "b"'),
        (str | None, "a string"),
        (Annotated[float, Meta(ge=0)] | Literal["inf"], 'a number of at least 0 or "inf"'),
        (tuple[str, ...], "an array of strings"),
        (tuple[int, ...], "an array, each an integer"),
        (dict[str, Any], "a table"),
        (Inner, "a table"),
    ],
)
def test_types_are_described_in_words(hint: object, words: str) -> None:
    assert describe(hint) == words


def test_sections_and_free_tables_are_told_apart() -> None:
    assert struct_of(Inner) is Inner
    assert struct_of(dict[str, Inner]) is None
    assert values_of(dict[str, Inner]) is Inner
    assert values_of(int) is None


def test_tables_are_found_beside_other_values_and_in_arrays() -> None:
    assert table_of(Inner) is Inner
    assert table_of(Annotated[bool | Inner | None, Meta(description="x")]) is Inner
    assert table_of(float | None) is None
    assert items_of(tuple[Inner, ...]) is Inner
    assert items_of(Inner) is None


def test_a_key_may_count_as_a_whole() -> None:
    class Outer(Struct):
        part: Annotated[Inner | None, Meta(extra={"whole": True})] = None
        inner: Inner | None = None

    assert [key.whole for key in keys(Outer).values()] == [True, False]


def test_alternatives_are_looked_into() -> None:
    hint = Annotated[bool | None, Meta(description="x")]

    assert accepts(hint, bool)
    assert not accepts(hint, int)
    assert is_array(tuple[str, ...] | None)
    assert not is_array(str)
    assert literals(Annotated[float | Literal["a"] | None, Meta(description="x")]) == ("a",)
