from __future__ import annotations

import pytest

from ringleader.actors.events import TrainingCompleted, split_config_key


@pytest.mark.parametrize(
    ("key", "parts"),
    [
        ("hex8_2p", ("hex8", 2)),
        ("square19_4p", ("square19", 4)),
        ("my_board_12p", ("my_board", 12)),
    ],
)
def test_a_config_key_names_board_and_players(key: str, parts: tuple[str, int]) -> None:
    assert split_config_key(key) == parts


@pytest.mark.parametrize("key", ["", "hex8", "hex8_p", "hex8_0p", "_2p", "hex8_2"])
def test_another_text_is_no_config_key(key: str) -> None:
    with pytest.raises(ValueError, match="does not read <board>_<N>p"):
        split_config_key(key)


def test_an_event_about_a_configuration_knows_its_board_and_players() -> None:
    event = TrainingCompleted(config_key="hex8_2p")
    assert (event.board_type, event.num_players) == ("hex8", 2)
