import tomllib
from pathlib import Path

import msgspec
import pytest

from ringleader.config.layers import Origin, check, known
from ringleader.config.load import load, packaged
from ringleader.config.reference import main, reference, table
from ringleader.config.settings import Settings
from ringleader.config.toml import dotted

ROOT = Path(__file__).parents[2]


def test_the_packaged_reference_is_current() -> None:
    assert packaged("reference.toml") == reference(), "run python -m ringleader.config.reference"


def test_the_reference_alone_is_the_defaults(tmp_path: Path) -> None:
    values = tomllib.loads(packaged("reference.toml"))
    values.pop("profiles")

    assert msgspec.convert(values, Settings) == load(environment={}, directory=tmp_path).settings


def test_the_reference_as_a_file_changes_nothing(tmp_path: Path) -> None:
    (tmp_path / "ringleader.toml").write_text(packaged("reference.toml"), encoding="utf-8")

    for profile in ("", "demo"):
        own = load(environment={}, directory=tmp_path, profile=profile)
        none = load(environment={}, directory=tmp_path / "no", profile=profile)
        assert own.settings == none.settings


def test_the_reference_has_every_key() -> None:
    values = tomllib.loads(packaged("reference.toml"))
    values.pop("profiles")
    leaves, problems = check(Settings, values, lambda _path: Origin("file"))
    tables = {path for path, key in known(Settings) if key.expected == "a table"}

    assert not problems
    assert {path for path, _ in known(Settings)} - tables <= set(leaves)


def test_the_tables_of_the_docs_are_current() -> None:
    text = (ROOT / "docs" / "configuration.md").read_text(encoding="utf-8")
    _, _, rest = text.partition("<!-- generated -->\n")
    generated, _, _ = rest.partition("<!-- end -->")

    assert generated == table(), "run python -m ringleader.config.reference table"


def test_the_docs_name_every_key_and_old_variable() -> None:
    text = table()

    for path, key in known(Settings):
        assert f"`{dotted(path)}`" in text
        assert all(f"`{name}`" in text for name in key.aliases)


def test_the_command_writes_the_reference_or_the_tables(
    capsys: pytest.CaptureFixture[str],
) -> None:
    main([])
    assert capsys.readouterr().out == reference()
    main(["table"])
    assert capsys.readouterr().out == table()
