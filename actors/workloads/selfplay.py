"""The job program `selfplay`: play games against oneself.

Inputs: `model`, the current best (optional: without it plain Monte Carlo tree search plays).
Outputs: `games`, a games file.
Result: `games`, `samples` (positions), `duration_seconds`, `output_path`, `model_id`, `engine`
(`network` or `rollouts`), `first_player_wins` (share), `average_length` (plies).
"""

from __future__ import annotations

import sys

from .options import SelfplayOptions
from .program import main

if __name__ == "__main__":
    sys.exit(main("selfplay", SelfplayOptions, "ringleader.actors.workloads.playing"))
