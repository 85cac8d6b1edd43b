"""The job program `evaluate`: play a gauntlet and rate a model by it.

The model plays random moves, plain Monte Carlo tree search (the heuristic) and, where the job file
gives them, the current best model and the first generation's. Colours alternate, the first plies
are sampled, then everybody plays what it searched most. Random play and the heuristic have fixed
ratings, the anchors of the scale (400 and 1200); other opponents count as anchors when their rating
is given.

Inputs: `model`, who is evaluated; `best` and `first` (optional).
Outputs: none.
Result: `model_path`, `model_id`, `games_played`, `win_rate` (over all games), `opponents` (by name:
`wins`, `losses`, `games`, `win_rate`), `elo`, `elo_delta` (against the best: by ratings, or by the
games against it when its rating is not given; none without a best), `duration_seconds`.
"""

from __future__ import annotations

import sys

from .options import EvaluateOptions
from .program import main

if __name__ == "__main__":
    sys.exit(main("evaluate", EvaluateOptions, "ringleader.actors.workloads.gauntlet"))
