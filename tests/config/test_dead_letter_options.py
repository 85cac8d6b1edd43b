"""The settings of dead letters, and the switch of the old system."""

from __future__ import annotations

import pytest

from ringleader.config import load


@pytest.mark.parametrize(
    ("text", "replay"), [("1", False), ("true", False), ("YES", False), ("0", True), ("no", True)]
)
def test_the_old_switch_turns_the_replay_off(text: str, *, replay: bool) -> None:
    loaded = load(environment={"RINGRIFT_DISABLE_DLQ_REPLAY": text})
    assert loaded.settings.dead_letters.replay is replay


def test_todays_name_wins() -> None:
    environment = {
        "RINGRIFT_DISABLE_DLQ_REPLAY": "1",
        "RINGLEADER_DEAD_LETTERS__REPLAY": "true",
    }
    assert load(environment=environment).settings.dead_letters.replay
