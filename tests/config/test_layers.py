from typing import Annotated, Any, Literal

from hypothesis import given, strategies as st
from msgspec import Meta, Struct

from ringleader.config.layers import Leaf, Leaves, Origin, check, known, nested, overlay
from ringleader.config.schema import KeyPath


class Inner(Struct, frozen=True):
    size: Annotated[int, Meta(ge=1, description="how much (bytes)")] = 1
    names: tuple[str, ...] = ()


class Part(Struct, frozen=True):
    kind: Literal["a", "b"]
    size: int | None = None
    of: tuple["float | Part", ...] = ()


class Sample(Struct, frozen=True):
    title: str = ""
    inner: Inner = Inner()
    other: Inner = Inner()
    entries: dict[str, Inner] = {}
    free: dict[str, Any] = {}
    whole: Annotated[float | Part, Meta(extra={"whole": True})] = 0
    either: bool | Inner = False


def place(path: KeyPath) -> Origin:
    return Origin("file", f"x:{len(path)}")


PATHS: tuple[KeyPath, ...] = (("a",), ("b", "c"), ("b", "d"), ("e", "f", "g"), ("e", "f", "h"))
layers = st.dictionaries(
    st.sampled_from(PATHS), st.integers().map(lambda value: Leaf(value, Origin("file")))
)


@given(layers, layers, layers)
def test_laying_over_is_associative(one: Leaves, two: Leaves, three: Leaves) -> None:
    left = overlay(overlay(one, two), three)
    right = overlay(one, overlay(two, three))

    assert left == right
    assert list(left) == list(right)


@given(layers, layers)
def test_the_upper_layer_wins_and_nothing_else_changes(below: Leaves, above: Leaves) -> None:
    merged = overlay(below, above)

    assert set(merged) == set(below) | set(above)
    assert all(merged[path] == above.get(path, below.get(path)) for path in merged)


@given(layers)
def test_an_empty_layer_changes_nothing(layer: Leaves) -> None:
    assert overlay(layer, {}) == overlay({}, layer) == dict(layer)


def test_a_value_replaces_a_table_and_a_table_a_value_in_free_tables() -> None:
    origin = Origin("file")
    table: Leaves = {("free", "x", "y"): Leaf(1, origin)}
    value: Leaves = {("free", "x"): Leaf(2, origin)}

    assert nested(overlay(table, value)) == {"free": {"x": 2}}
    assert nested(overlay(value, table)) == {"free": {"x": {"y": 1}}}


def test_values_become_leaves_with_their_origin() -> None:
    values = {"inner": {"size": 3, "names": ["a"]}, "free": {"x": {"y": 1}}}

    leaves, problems = check(Sample, values, place)

    assert not problems
    assert {path: leaf.value for path, leaf in leaves.items()} == {
        ("inner", "size"): 3,
        ("inner", "names"): ("a",),
        ("free", "x", "y"): 1,
    }
    assert leaves["inner", "size"].origin == Origin("file", "x:2")


def test_every_problem_of_a_layer_is_reported() -> None:
    values = {
        "inner": {"size": 0, "names": "a"},
        "titel": "",
        "other": 3,
        "entries": {"a": {}, "b": {"sizes": 1}},
        "size": 1,
    }

    _, problems = check(Sample, values, place)

    assert [str(problem) for problem in problems] == [
        "x:2: inner.size: got 0; expected an integer of at least 1 (bytes)",
        'x:2: inner.names: got "a"; expected an array of strings',
        "x:1: titel: unknown key; did you mean title?",
        "x:1: other: got 3; expected a table",
        "x:2: entries.a: an empty table says nothing; set one of its keys",
        "x:3: entries.b.sizes: unknown key; did you mean entries.b.size?",
        "x:1: size: unknown key; did you mean inner.size or other.size?",
    ]


def test_an_unknown_key_without_a_near_one_lists_what_there_is() -> None:
    _, problems = check(Sample, {"inner": {"zzz": 1}}, place)

    assert problems[0].right == "known here: size, names"


def test_types_are_strict() -> None:
    _, problems = check(Sample, {"inner": {"size": "3"}, "title": 3}, place)

    assert [problem.wrong for problem in problems] == ['got "3"', "got 3"]


def test_a_table_that_counts_as_a_whole_is_one_leaf_and_replaces_all_of_another() -> None:
    none: list[object] = []
    table = {"kind": "a", "size": 1, "of": [2.0, {"kind": "b"}, {"kind": "a", "of": none}]}

    below, problems = check(Sample, {"whole": table}, place)
    above, _ = check(Sample, {"whole": {"kind": "b"}}, place)

    assert not problems
    assert {path: leaf.value for path, leaf in below.items()} == {("whole",): table}
    assert nested(overlay(below, above)) == {"whole": {"kind": "b"}}
    number, _ = check(Sample, {"whole": 3}, place)
    assert number["whole",].value == 3


def test_what_is_wrong_in_a_whole_is_named_by_its_path() -> None:
    empty: dict[str, object] = {}
    table = {"size": "1", "knd": 1, "of": [{"kind": "b"}, {"kind": "c"}, "3", {"of": [empty]}]}

    leaves, problems = check(Sample, {"whole": table}, place)

    assert not leaves
    assert [str(problem) for problem in problems] == [
        'x:2: whole.kind: is missing; expected "a" or "b"',
        'x:2: whole.size: got "1"; expected an integer',
        "x:2: whole.knd: unknown key; did you mean whole.kind?",
        'x:4: whole.of.1.kind: got "c"; expected "a" or "b"',
        'x:3: whole.of.2: got "3"; expected a number or a table',
        'x:4: whole.of.3.kind: is missing; expected "a" or "b"',
        'x:6: whole.of.3.of.0.kind: is missing; expected "a" or "b"',
    ]


def test_a_table_beside_other_values_is_a_section() -> None:
    leaves, problems = check(Sample, {"either": {"size": 3, "x": 1}}, place)

    assert {path: leaf.value for path, leaf in leaves.items()} == {("either", "size"): 3}
    assert [problem.right for problem in problems] == ["known here: size, names"]
    assert check(Sample, {"either": True}, place)[0]["either",].value is True
    assert check(Sample, {"either": 7}, place)[1][0].right == "expected true or false or a table"


def test_a_prefix_says_where_the_values_belong() -> None:
    leaves, problems = check(Inner, {"size": 2, "x": 1}, place, prefix=("a", "b"))

    assert set(leaves) == {("a", "b", "size")}
    assert problems[0].key == "a.b.x"


def test_known_keys_are_those_with_fixed_names_in_order() -> None:
    assert [".".join(path) for path, _ in known(Sample)] == [
        "title",
        "inner.size",
        "inner.names",
        "other.size",
        "other.names",
        "entries",
        "free",
        "whole",
        "either",
    ]


def test_an_origin_reads_as_layer_and_place() -> None:
    assert str(Origin("file", "x.toml:3")) == "file (x.toml:3)"
    assert str(Origin("default")) == "default"
