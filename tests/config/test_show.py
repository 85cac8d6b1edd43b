from pathlib import Path

from hypothesis import given, settings, strategies as st

from ringleader.config.layers import known
from ringleader.config.load import load
from ringleader.config.settings import Settings
from ringleader.config.show import rows
from ringleader.config.toml import dotted

NOWHERE = Path("/nonexistent")
KEYS = [(dotted(path), path) for path, _ in known(Settings) if path != ("tree",)]


def test_every_key_has_its_row_or_rows_in_the_order_of_the_tree() -> None:
    shown = [row.key for row in rows(load(environment={}, directory=NOWHERE))]

    fixed = [dotted(path) for path, _ in known(Settings)]
    owners = [next(key for key in fixed if f"{row}.".startswith(f"{key}.")) for row in shown]
    assert list(dict.fromkeys(owners)) == fixed
    assert "tree.coordination.supervisor" in shown


@settings(max_examples=25)
@given(st.dictionaries(st.sampled_from(["games", "rate"]), st.integers(0, 9)))
def test_values_in_free_tables_have_rows_of_their_own(options: dict[str, int]) -> None:
    overrides = ["stages.train.command=my_trainer"]
    overrides += [f"stages.train.options.{name}={value}" for name, value in options.items()]

    shown = rows(load(environment={}, directory=NOWHERE, overrides=overrides))

    mine = {row.key: row.value for row in shown if row.key.startswith("stages.train.options")}
    expected: dict[str, object] = {
        f"stages.train.options.{name}": value for name, value in options.items()
    }
    assert mine == (expected or {"stages.train.options": {}})
    tables = {"stages.train.options", "supervision.cascade.categories"}
    assert {key for key, _ in KEYS} - tables <= {row.key for row in shown}


def test_a_row_says_value_source_and_meaning() -> None:
    loaded = load(environment={"RINGRIFT_NODE_ID": "a"}, directory=NOWHERE)

    shown = {row.key: row for row in rows(loaded)}

    row = shown["node.id"]
    assert (row.value, row.source, row.default) == ("a", "environment (RINGRIFT_NODE_ID)", False)
    assert row.meaning.startswith("stable name")
    assert (shown["node.seed"].source, shown["node.seed"].default) == ("default", True)
