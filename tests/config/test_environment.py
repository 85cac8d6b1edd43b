from typing import Annotated, Any, Literal

import pytest
from msgspec import Meta, Struct

from ringleader.config.environment import (
    FromText,
    aliases,
    from_arguments,
    from_environment,
    variable,
)


class Part(Struct, frozen=True, kw_only=True):
    count: Annotated[int, Meta(ge=1, extra={"env": "RINGRIFT_COUNT"})] = 1
    max_age: Annotated[
        float, Meta(ge=0, extra={"env": {"RINGRIFT_MAX_AGE_HOURS": 3600, "RINGRIFT_MAX_AGE": 1}})
    ] = 60
    level: Annotated[
        Literal["DEBUG", "INFO"],
        Meta(extra={"env": {"RINGRIFT_LEVEL": 1, "RINGRIFT_TRACE": {"1": "DEBUG", "0": None}}}),
    ] = "INFO"
    options: dict[str, Any] = {}


class Sample(Struct, frozen=True, kw_only=True):
    profile: str = ""
    part: Part = Part()


def values(result: FromText) -> dict[str, object]:
    assert not result.problems
    return {".".join(path): leaf.value for path, leaf in result.leaves.items()}


def messages(result: FromText) -> list[str]:
    return [str(problem) for problem in result.problems]


def test_two_underscores_stand_for_a_dot() -> None:
    environment = {"RINGLEADER_PART__MAX_AGE": "2.5", "RINGLEADER_PROFILE": "demo", "HOME": "/"}

    assert values(from_environment(Sample, environment)) == {"part.max_age": 2.5, "profile": "demo"}
    assert variable(("part", "max_age")) == "RINGLEADER_PART__MAX_AGE"


def test_a_table_with_free_names_can_be_set_key_by_key() -> None:
    environment = {"RINGLEADER_PART__OPTIONS__GAMES": "300", "RINGLEADER_PART__OPTIONS__BOARD": "x"}

    assert values(from_environment(Sample, environment)) == {
        "part.options.board": "x",
        "part.options.games": 300,
    }


def test_a_table_with_free_names_can_be_set_as_a_whole() -> None:
    environment = {"RINGLEADER_PART__OPTIONS": '{games = 300, name = "3"}'}

    assert values(from_environment(Sample, environment)) == {
        "part.options.games": 300,
        "part.options.name": "3",
    }


def test_old_names_are_aliases() -> None:
    assert values(from_environment(Sample, {"RINGRIFT_COUNT": "3"})) == {"part.count": 3}
    assert aliases(Sample)["RINGRIFT_COUNT"] == ("part", "count")


def test_old_units_and_words_are_translated() -> None:
    environment = {"RINGRIFT_MAX_AGE_HOURS": "48", "RINGRIFT_TRACE": "1"}

    assert values(from_environment(Sample, environment)) == {
        "part.max_age": 172_800,
        "part.level": "DEBUG",
    }


def test_an_old_switch_that_is_off_leaves_the_setting_to_others() -> None:
    environment = {"RINGRIFT_TRACE": "0", "RINGRIFT_LEVEL": "info"}

    assert values(from_environment(Sample, environment)) == {"part.level": "INFO"}


def test_todays_name_wins_over_the_old_one() -> None:
    result = from_environment(Sample, {"RINGRIFT_COUNT": "3", "RINGLEADER_PART__COUNT": "4"})

    assert values(result) == {"part.count": 4}
    assert result.leaves["part", "count"].origin.where == "RINGLEADER_PART__COUNT"


def test_unknown_old_names_are_ignored_and_listed() -> None:
    environment = {
        "RINGRIFT_Z": "1",
        "RINGRIFT_A": "1",
        "COORDINATOR_CROSS_PROCESS_POLL_INTERVAL": "5",
    }

    result = from_environment(Sample, environment)

    assert values(result) == {}
    assert result.ignored == (
        "COORDINATOR_CROSS_PROCESS_POLL_INTERVAL",
        "RINGRIFT_A",
        "RINGRIFT_Z",
    )


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        (
            "RINGLEADER_PART__CONT",
            "1",
            "RINGLEADER_PART__CONT: part.cont: unknown key; did you mean part.count?",
        ),
        (
            "RINGLEADER_PART_COUNT",
            "1",
            "RINGLEADER_PART_COUNT: sets nothing; did you mean RINGLEADER_PART__COUNT?",
        ),
        (
            "RINGLEADER_",
            "1",
            "RINGLEADER_: sets nothing; expected RINGLEADER_SECTION__KEY",
        ),
        (
            "RINGLEADER_PART__COUNT",
            "0",
            'RINGLEADER_PART__COUNT: part.count: got "0"; expected an integer of at least 1',
        ),
        (
            "RINGLEADER_PART",
            "x",
            'RINGLEADER_PART: part: got "x"; expected a table',
        ),
        (
            "RINGRIFT_MAX_AGE_HOURS",
            "two",
            'RINGRIFT_MAX_AGE_HOURS: part.max_age: got "two"; expected a number',
        ),
        (
            "RINGRIFT_TRACE",
            "maybe",
            'RINGRIFT_TRACE: part.level: got "maybe"; expected one of 1, 0',
        ),
    ],
)
def test_what_sets_nothing_is_an_error(name: str, text: str, message: str) -> None:
    assert messages(from_environment(Sample, {name: text})) == [message]


def test_the_variable_that_names_the_file_is_no_setting() -> None:
    assert values(from_environment(Sample, {"RINGLEADER_CONFIG": "x.toml"})) == {}


def test_arguments_set_dotted_keys_and_the_last_one_wins() -> None:
    arguments = ["part.count=3", "part.count=4", 'part.options."a.b"=x=y']

    result = from_arguments(Sample, arguments)

    assert values(result) == {"part.count": 4, "part.options.a.b": "x=y"}
    assert str(result.leaves["part", "count"].origin) == "command line (--set part.count=4)"


def test_all_bad_arguments_are_reported() -> None:
    result = from_arguments(Sample, ["part.count", "=3", "#=3", "part.count=x", "prt.count=1"])

    assert messages(result) == [
        "--set part.count: not a setting; expected section.key=value",
        "--set =3: not a setting; expected section.key=value",
        "--set #=3: not a setting; expected section.key=value",
        '--set part.count=x: part.count: got "x"; expected an integer of at least 1',
        "--set prt.count=1: prt: unknown key; did you mean part?",
    ]
