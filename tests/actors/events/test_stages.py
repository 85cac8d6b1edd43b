from __future__ import annotations

import pytest

from ringleader.actors.errors import RingleaderError
from ringleader.actors.events import (
    ITERATION_ENDS,
    STAGE_EVENTS,
    STAGES,
    EloUpdated,
    ModelPromoted,
    NodeRecovered,
    PromotionFailed,
    PromotionRejected,
    SelfplayComplete,
    UnknownStageError,
    stage_events,
    stages_of,
)


@pytest.mark.parametrize("stage", STAGES)
def test_a_stage_is_seen_in_events_of_the_catalogue_and_they_know_it(stage: str) -> None:
    found = stage_events(stage)
    assert [kind.EVENT.name for kind in found] == [*STAGE_EVENTS[stage]] != []
    assert all(stage in stages_of(kind) for kind in found)


def test_each_stage_but_the_last_is_seen_in_one_event() -> None:
    assert STAGE_EVENTS.keys() == STAGES.keys()
    assert [s for s, events in STAGE_EVENTS.items() if len(events) > 1] == ["iteration_complete"]


def test_an_iteration_ends_with_a_promotion_or_its_refusal() -> None:
    assert stage_events("iteration_complete") == (ModelPromoted, PromotionRejected, PromotionFailed)
    for name, kind in zip(ITERATION_ENDS, stage_events("iteration_complete"), strict=True):
        assert kind.EVENT.name == name
        assert "iteration" in kind.__struct_fields__
        assert kind.EVENT.durable


def test_an_event_may_be_the_view_of_several_stages() -> None:
    selfplay = ("selfplay_complete", "canonical_selfplay_complete", "gpu_selfplay_complete")
    assert stages_of(SelfplayComplete) == stages_of("SELFPLAY_COMPLETE") == selfplay
    promoted = ("promotion_complete", "tier_gating_complete", "iteration_complete")
    assert stages_of(ModelPromoted) == promoted


def test_most_events_are_no_stage() -> None:
    assert stages_of(NodeRecovered) == stages_of("NO_EVENT_AT_ALL") == ()


def test_the_name_of_a_stage_may_be_in_either_case() -> None:
    assert stage_events("ELO_CALIBRATION_COMPLETE") == (EloUpdated,)


def test_an_unknown_stage_is_answered_with_the_nearest() -> None:
    with pytest.raises(UnknownStageError, match="did you mean training_complete") as caught:
        stage_events("trainning_complete")
    assert caught.value.name == "trainning_complete"
    assert caught.value.suggestions[0] == "training_complete"
    assert isinstance(caught.value, LookupError)
    assert isinstance(caught.value, RingleaderError)


def test_a_stage_like_no_other_is_answered_with_all() -> None:
    with pytest.raises(UnknownStageError, match=r"there are selfplay_complete, .*model_sync_co"):
        stage_events("xyzzy")
