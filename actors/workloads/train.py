"""The job program `train`: train a network on samples.

Inputs: `samples`, a training set; `model`, to train on from there (optional: a fresh network).
Outputs: `model`, a model file.
Result: `model_path`, `model_id` (follows from the weights), `epochs` (done), `final_loss`,
`train_loss`, `val_loss`, `best_val_loss` (both none without games held out), `policy_accuracy`,
`early_stopped`, `samples`, `duration_seconds`. Losses are policy cross-entropy (nats) plus squared
error of the value.
"""

from __future__ import annotations

import sys

from .options import TrainOptions
from .program import main

if __name__ == "__main__":
    sys.exit(main("train", TrainOptions, "ringleader.actors.workloads.training"))
