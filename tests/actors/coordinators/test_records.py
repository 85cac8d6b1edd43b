from __future__ import annotations

import pytest

from ringleader.actors.coordinators.layer2.records import (
    State,
    changes,
    is_rolled_back,
    rollback_target,
)
from ringleader.actors.journal import ModelRecord


def model(number: int, state: State) -> ModelRecord:
    return ModelRecord(
        model_id=f"m{number}",
        config_key="hex5_2p",
        iteration=number,
        path=f"m{number}.npz",
        state=state,
        created_at=0.0,
    )


def states(changed: list[ModelRecord]) -> dict[str, str]:
    return {record.model_id: record.state for record in changed}


def test_a_promotion_archives_the_old_best() -> None:
    models = [model(1, "production"), model(2, "evaluating")]

    assert states(changes(models, "m2", set())) == {"m1": "archived", "m2": "production"}


def test_a_refused_model_is_staged() -> None:
    models = [model(1, "production"), model(2, "evaluating")]

    assert states(changes(models, "m1", {"m2"})) == {"m2": "staging"}


def test_what_is_as_it_should_be_does_not_change() -> None:
    models = [model(1, "archived"), model(2, "production"), model(3, "evaluating")]

    assert changes(models, "m2", set()) == []


def test_a_rolled_back_model_stays_so() -> None:
    models = [model(1, "production"), model(2, "rolled_back")]

    assert changes(models, "m1", {"m2"}) == []


def test_the_newest_archived_model_takes_the_place_of_a_withdrawn_one() -> None:
    models = [model(1, "archived"), model(2, "archived"), model(3, "production")]
    target = rollback_target(models, "m3")

    assert target is not None
    assert target.model_id == "m2"


def test_without_an_archived_model_there_is_no_way_back() -> None:
    assert rollback_target([model(1, "production"), model(2, "staging")], "m1") is None


@pytest.mark.parametrize(
    ("severity", "rolled_back"),
    [("mild", False), ("moderate", False), ("severe", True), ("critical", True)],
)
def test_only_severe_regressions_roll_back(severity: str, *, rolled_back: bool) -> None:
    assert is_rolled_back(severity) is rolled_back
