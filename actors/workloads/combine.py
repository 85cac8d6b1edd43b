"""The job program `combine`: merge exports into one training set.

Exports below `min_quality` are left out; the older one is, the less its samples weigh.

Inputs: `samples`, one or more samples files.
Outputs: `samples`, a samples file.
Result: `total_samples`, `games`, `samples_by_source` and `weights_by_source` (by path),
`sources_dropped` (paths), `quality`, `duration_seconds`, `output_path`.
"""

from __future__ import annotations

import sys

from .options import CombineOptions
from .program import main

if __name__ == "__main__":
    sys.exit(main("combine", CombineOptions, "ringleader.actors.workloads.combining"))
