from __future__ import annotations

from typing import Any

import pykka
import pytest

from ringleader.actors.base import Actor
from ringleader.supervisors.checks import check_childspecs, problem, specs_problem
from ringleader.supervisors.errors import BadChildSpec
from ringleader.supervisors.problems import explain
from ringleader.supervisors.spec import MISSING, ChildSpec, Flags, Limit
from ringleader.supervisors.supervisor import Supervisor


def spec(**fields: Any) -> ChildSpec:
    given: dict[str, Any] = {"id": "a", "actor_class": Actor}
    return ChildSpec(**given | fields)


def test_a_worker_has_the_defaults_of_otp() -> None:
    child = ChildSpec("a", Actor)

    assert (child.restart, child.type, child.shutdown, child.significant) == (
        "permanent",
        "worker",
        5.0,
        False,
    )


def test_a_supervisor_class_makes_a_supervisor_that_may_take_its_time() -> None:
    child = ChildSpec("a", Supervisor)

    assert (child.type, child.shutdown) == ("supervisor", "infinity")


def test_an_unchanged_pykka_class_is_a_worker() -> None:
    child = ChildSpec("a", pykka.ThreadingActor)

    assert child.type == "worker"
    assert problem(child, "never") is None


def test_a_type_given_decides_how_long_a_stop_may_take() -> None:
    assert ChildSpec("a", Actor, type="supervisor").shutdown == "infinity"
    assert ChildSpec("a", Supervisor, type="worker").shutdown == 5.0


@pytest.mark.parametrize("shutdown", [0, 0.5, 5, "infinity", "brutal_kill"])
def test_a_child_may_have_no_time_to_stop_some_or_all(shutdown: Any) -> None:
    assert problem(spec(shutdown=shutdown), "never") is None


BAD: list[tuple[dict[str, Any], object, str]] = [
    ({"id": MISSING}, "missing_id", "it has no id"),
    ({"id": ""}, ("invalid_id", ""), "not empty"),
    ({"id": "a/b"}, ("invalid_id", "a/b"), "no '/', not 'a/b'"),
    ({"id": 1}, ("invalid_id", 1), "must be a string"),
    ({"actor_class": MISSING}, "missing_start", "it has no actor_class"),
    ({"actor_class": "x"}, ("invalid_mfa", "x"), "a class of actors, not 'x'"),
    ({"actor_class": dict}, ("invalid_mfa", dict), "a class of actors, not <class 'dict'>"),
    ({"args": "ab"}, ("invalid_mfa", (Actor, "ab", {})), "args must be a tuple, not 'ab'"),
    ({"kwargs": 1}, ("invalid_mfa", (Actor, (), 1)), "kwargs must be a mapping, not 1"),
    (
        {"restart": "permanant"},
        ("invalid_restart_type", "permanant"),
        "'transient' or 'temporary', not 'permanant'; did you mean 'permanent'?",
    ),
    ({"type": "boss"}, ("invalid_child_type", "boss"), "'worker' or 'supervisor', not 'boss'"),
    ({"shutdown": -1}, ("invalid_shutdown", -1), "seconds (0 or more)"),
    ({"shutdown": True}, ("invalid_shutdown", True), "not True"),
    (
        {"shutdown": "infinite"},
        ("invalid_shutdown", "infinite"),
        "not 'infinite'; did you mean 'infinity'?",
    ),
    (
        {"significant": True, "restart": "transient"},
        ("bad_combination", {"auto_shutdown": "never", "significant": True}),
        "here it is 'never'",
    ),
]


@pytest.mark.parametrize(("fields", "term", "said"), BAD)
def test_a_bad_spec_is_answered_in_the_terms_of_otp_and_in_words(
    fields: dict[str, Any], term: object, said: str
) -> None:
    wrong = problem(spec(**fields), "never")

    assert wrong == term
    assert said in explain(wrong)


def test_a_significant_child_must_not_be_permanent() -> None:
    wrong = problem(spec(significant=True), "any_significant")

    assert wrong == ("bad_combination", {"restart": "permanent", "significant": True})
    assert "can't be significant" in explain(wrong)
    assert problem(spec(significant=True, restart="transient"), "any_significant") is None


def test_something_else_than_a_spec_is_a_bad_one() -> None:
    not_a_spec: Any = ("a", Actor)

    wrong = problem(not_a_spec, "never")

    assert wrong == ("invalid_child_spec", not_a_spec)
    assert "must be a ChildSpec, not ('a'" in explain(wrong)


def test_specs_checked_alone_may_be_significant() -> None:
    transient = spec(significant=True, restart="transient")

    assert specs_problem([transient]) is None
    assert specs_problem([transient], "never") is not None
    assert specs_problem([spec(significant=True)]) is not None


def test_no_id_may_come_twice() -> None:
    wrong = specs_problem([spec(), spec(id="b"), spec()])

    assert wrong == ("duplicate_child_name", "a")
    assert "two children with the id 'a'" in explain(wrong)


def test_the_first_bad_spec_is_reported() -> None:
    assert specs_problem([spec(), spec(id="b", restart="x"), spec()]) == (
        "invalid_restart_type",
        "x",
    )


def test_flags_have_the_defaults_of_otp() -> None:
    assert Flags() == Flags("one_for_one", 1, 5, "never")
    assert Flags().problem() is None


@pytest.mark.parametrize(
    ("fields", "term", "said"),
    [
        ({"strategy": "one_for_al"}, ("invalid_strategy", "one_for_al"), "mean 'one_for_all'?"),
        ({"intensity": -1}, ("invalid_intensity", -1), "0 or more, not -1"),
        ({"intensity": True}, ("invalid_intensity", True), "whole number"),
        ({"period": 0}, ("invalid_period", 0), "1 or more, not 0"),
        ({"period": 1.5}, ("invalid_period", 1.5), "whole seconds"),
        ({"auto_shutdown": "any"}, ("invalid_auto_shutdown", "any"), "'any_significant'"),
    ],
)
def test_bad_flags_are_answered_in_the_terms_of_otp_and_in_words(
    fields: dict[str, Any], term: object, said: str
) -> None:
    wrong = Flags(**fields).problem()

    assert wrong == term
    assert said in explain(("supervisor_data", wrong))


def test_an_unknown_term_is_shown_as_it_is() -> None:
    assert explain(("what", "ever", 1)) == "('what', 'ever', 1)"


def test_specs_are_checked_without_starting_anything() -> None:
    check_childspecs([spec(), spec(id="b")])
    with pytest.raises(BadChildSpec, match="restart must be 'permanent', 'transient' or"):
        check_childspecs([spec(restart="always")])
    with pytest.raises(BadChildSpec, match="two children with the id 'a'") as caught:
        check_childspecs([spec(), spec()])
    assert caught.value.problem == ("duplicate_child_name", "a")


@pytest.mark.parametrize(
    ("field", "value", "said"),
    [
        ("backoff", 5, "backoff must be one of tenacity's wait strategies, not 5"),
        ("healthy_after", -1, "healthy_after must be seconds, 0 or more"),
        ("limit", 3, "limit must be a Limit"),
        ("limit", Limit(1, 0), "limit must be a Limit"),
        ("on_limit", "quarantin", "did you mean 'quarantine'"),
        ("category", None, "category must be a string"),
        ("depends_on", "db", "depends_on must be a tuple of ids"),
        ("soft_depends_on", (1,), "soft_depends_on must be a tuple of ids"),
        ("ready_timeout", None, "ready_timeout must be seconds"),
        ("start_timeout", -1, "start_timeout must be seconds or None"),
        ("progress_deadline", "1", "progress_deadline must be seconds or None"),
        ("health", True, "health must be a HealthCheck or None"),
        ("isolation", "proces", "did you mean 'process'"),
        ("spares", -1, "spares must be a whole number"),
    ],
)
def test_what_is_beyond_otp_is_checked_too(field: str, value: object, said: str) -> None:
    with pytest.raises(BadChildSpec) as caught:
        check_childspecs([spec(**{field: value})])
    assert said in str(caught.value)
