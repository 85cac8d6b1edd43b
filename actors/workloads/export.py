"""The job program `export`: turn games into samples to learn from.

Every game is played again by OpenSpiel's rules; broken ones and repetitions are left out.

Inputs: `games`, one or more games files.
Outputs: `samples`, a samples file.
Result: `samples`, `games` (that were used), `games_dropped`, `quality` (share of games used, 0 to
1), `duration_seconds`, `output_path`.
"""

from __future__ import annotations

import sys

from .options import ExportOptions
from .program import main

if __name__ == "__main__":
    sys.exit(main("export", ExportOptions, "ringleader.actors.workloads.exporting"))
