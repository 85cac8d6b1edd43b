import tomllib
from pathlib import Path

import pytest
from hypothesis import given, strategies as st

from ringleader.config.document import parse, read
from ringleader.config.errors import ConfigError
from ringleader.config.toml import dotted, inline

names = st.text("abc-_.é", min_size=1, max_size=4)
scalars = st.integers() | st.booleans() | st.text("a\"'#[=\n", max_size=6)
tables = st.dictionaries(
    names, st.dictionaries(names, scalars | st.lists(scalars, max_size=3), max_size=3), max_size=4
)


@given(tables)
def test_every_key_is_found_on_its_line(content: dict[str, dict[str, object]]) -> None:
    lines: list[str] = []
    expected: dict[tuple[str, ...], int] = {}
    for name, table in content.items():
        lines += ["# a comment", f"[{dotted([name])}]"]
        expected[name,] = len(lines)
        for key, value in table.items():
            lines.append(f"{dotted([key])} = {inline(value)}")
            expected[name, key] = len(lines)

    document = parse("\n".join(lines), "x.toml")

    assert document.values == content
    assert document.lines == expected


def test_statements_may_span_lines() -> None:
    text = 'a = [\n  "[b]",\n  "c = 1",\n]\nd = """\n[e]\nf = 2\n"""\ng.h = {i = 1}\n[[j]]\nk = 1'

    document = parse(text, "x.toml")

    assert document.lines == {
        ("a",): 1,
        ("d",): 5,
        ("g",): 9,
        ("g", "h"): 9,
        ("g", "h", "i"): 9,
        ("j",): 10,
        ("j", "0"): 10,
        ("j", "0", "k"): 11,
    }


def test_the_place_of_an_unknown_key_is_that_of_the_table_around_it() -> None:
    document = parse("[a]\nb = 1", "x.toml")

    assert document.where(("a", "b")) == "x.toml:2"
    assert document.where(("a", "c")) == "x.toml:1"
    assert document.where(("z",)) == "x.toml"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a = 1\nb = = 2", "x.toml:2:5: not TOML: Invalid value"),
        ("a = 1\na = 2", "x.toml:2:6: not TOML: Cannot overwrite a value"),
        ("\na = ", "x.toml:2:5: not TOML: Invalid value"),
    ],
)
def test_bad_toml_is_answered_with_line_column_and_reason(text: str, message: str) -> None:
    with pytest.raises(ConfigError) as caught:
        parse(text, "x.toml")

    assert str(caught.value) == message
    assert isinstance(caught.value.__cause__, tomllib.TOMLDecodeError)


def test_a_file_that_is_missing_says_so(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"no\.toml: can't be read: No such file or directory"):
        read(tmp_path / "no.toml")


def test_a_file_that_is_not_utf8_says_so(tmp_path: Path) -> None:
    path = tmp_path / "latin.toml"
    path.write_bytes("a = 'é'".encode("latin-1"))

    with pytest.raises(ConfigError, match=r"latin\.toml: byte 5 is not UTF-8"):
        read(path)


def test_a_directory_is_no_file(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="can't be read: Is a directory"):
        read(tmp_path)


def test_the_tables_of_an_array_go_by_their_number() -> None:
    document = parse("[[a]]\nb = 1\n[[a]]\nb = 2\n[c]\n[[c.d]]\ne = 3", "x.toml")

    assert document.where(("a",)) == "x.toml:1"
    assert document.where(("a", "1", "b")) == "x.toml:4"
    assert document.where(("c", "d", "0", "e")) == "x.toml:7"
