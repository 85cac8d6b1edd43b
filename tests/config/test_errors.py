import pytest

from ringleader.actors.errors import RingleaderError
from ringleader.config.errors import ConfigError, Problem, did_you_mean, nearest


def test_a_problem_reads_as_place_key_wrong_and_right() -> None:
    problem = Problem("a.toml:3", "node.seed", "got -1", "expected an integer of at least 0")

    assert str(problem) == "a.toml:3: node.seed: got -1; expected an integer of at least 0"


def test_a_problem_without_key_or_remedy_is_shorter() -> None:
    assert str(Problem("a.toml", "", "can't be read")) == "a.toml: can't be read"


def test_one_problem_is_the_whole_message() -> None:
    assert str(ConfigError([Problem("x", "", "sets nothing")])) == "x: sets nothing"


def test_several_problems_stand_one_on_a_line() -> None:
    error = ConfigError([Problem("x", "", "sets nothing"), Problem("y", "", "sets nothing")])

    assert str(error).splitlines() == [
        "2 problems in the configuration:",
        "  x: sets nothing",
        "  y: sets nothing",
    ]


def test_a_bad_configuration_is_one_of_our_errors_and_exits_with_1() -> None:
    assert issubclass(ConfigError, RingleaderError)
    assert ConfigError([]).exit_code == 1


@pytest.mark.parametrize(
    ("name", "expected"), [("intensty", "intensity"), ("zzz", None), ("period", "period")]
)
def test_the_nearest_name_is_the_most_alike_one(name: str, expected: str | None) -> None:
    assert nearest(name, ["period", "intensity"]) == expected


def test_where_no_name_is_near_all_are_listed() -> None:
    assert did_you_mean("zzz", ["b", "a"]) == "known: a, b"
    assert did_you_mean("zzz", []) == ""
