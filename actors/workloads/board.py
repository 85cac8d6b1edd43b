"""Which boards there are: config keys such as `hex5_2p`, without loading the game."""

from __future__ import annotations

import re
from typing import Final, NamedTuple

from .errors import BadJobFileError

MIN_SIDE: Final = 3
MAX_SIDE: Final = 19
"""Hex is played on boards of up to 19 by 19."""

_KEY = re.compile(r"(?P<game>[a-z]+)(?P<side>[0-9]+)_(?P<players>[0-9]+)p")


class Board(NamedTuple):
    """The game that a config key names."""

    side: int
    players: int

    @property
    def cells(self) -> int:
        """How many cells, and so moves, there are."""
        return self.side * self.side

    @property
    def board_type(self) -> str:
        """The config key without its players, as events say it: `hex5`."""
        return f"hex{self.side}"


def parse_config_key(key: str) -> Board:
    """Read a config key.

    Raises:
        BadJobFileError: the embedded workload can't play it; the message says what it can.
    """
    match = _KEY.fullmatch(key)
    if match is None:
        raise BadJobFileError(_refusal(key, "it is not of the form hexN_2p"))
    if match["game"] != "hex":
        raise BadJobFileError(_refusal(key, f"the game {match['game']!r} is not there"))
    if int(match["players"]) != 2:  # noqa: PLR2004  # the rules of Hex
        raise BadJobFileError(_refusal(key, "Hex is a game for two players"))
    side = int(match["side"])
    if not MIN_SIDE <= side <= MAX_SIDE:
        raise BadJobFileError(_refusal(key, f"the side {side} is out of range"))
    return Board(side=side, players=2)


def _refusal(key: str, reason: str) -> str:
    return (
        f"config key {key!r}: {reason}; the embedded workload plays hexN_2p "
        f"with N from {MIN_SIDE} to {MAX_SIDE}, such as hex5_2p"
    )
