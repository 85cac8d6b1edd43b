"""Fields that many event types share."""

import re

from .base import Event

_CONFIG_KEY = re.compile(r"(?P<board>.+)_(?P<players>[1-9][0-9]*)p")


def split_config_key(config_key: str) -> tuple[str, int]:
    """Take a configuration's key apart: `hex8_2p` is board type `hex8` and 2 players.

    Raises:
        ValueError: the key does not read `<board>_<N>p`.
    """
    match = _CONFIG_KEY.fullmatch(config_key)
    if match is None:
        raise ValueError(f"config_key {config_key!r} does not read <board>_<N>p, as hex8_2p does")
    return match["board"], int(match["players"])


class ConfigEvent(Event, frozen=True, kw_only=True):
    """An event about one training configuration."""

    config_key: str

    @property
    def board_type(self) -> str:
        """The board of the configuration; `ValueError` if the key does not name one."""
        return split_config_key(self.config_key)[0]

    @property
    def num_players(self) -> int:
        """The players of the configuration; `ValueError` if the key does not say."""
        return split_config_key(self.config_key)[1]


class WorkItemEvent(Event, frozen=True, kw_only=True):
    """An event in the life of an item of the work queue."""

    work_id: str
    work_type: str
    config_key: str | None = None
    priority: int = 0
    attempts: int = 0
    claimed_by: str | None = None
    iteration: int | None = None
