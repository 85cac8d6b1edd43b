import tomllib

from hypothesis import given, strategies as st

from ringleader.config.toml import dotted, inline, is_table

scalars = (
    st.booleans()
    | st.integers(-(2**60), 2**60)
    | st.floats(allow_nan=False)
    | st.text(st.characters(exclude_categories=["Cs"]))
)
values = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text("ab.\"'é"), inner),
    max_leaves=6,
)


@given(values)
def test_what_is_written_inline_reads_back_equal(value: object) -> None:
    assert tomllib.loads(f"value = {inline(value)}")["value"] == value


@given(st.lists(st.text(st.characters(exclude_categories=["Cs"])), min_size=1, max_size=3))
def test_a_dotted_key_reads_back_as_its_path(path: list[str]) -> None:
    table: object = tomllib.loads(f"{dotted(path)} = 1")
    for name in path:
        assert is_table(table)
        table = table[name]

    assert table == 1


def test_whole_numbers_have_no_fraction() -> None:
    assert inline(60.0) == "60"
    assert inline((1.5, True, "x")) == '[1.5, true, "x"]'
