"""Stage 4: train. Count how often each sum was rolled."""

import collections
import math
import time

import job

work, started = job.read(), time.monotonic()
samples = job.load(work["inputs"]["samples"])[0]
if not samples:
    job.fail("bad-input", f"{work['inputs']['samples']}: no samples")
model = {str(total): count for total, count in sorted(collections.Counter(samples).items())}
loss = -sum(n * math.log(n / len(samples)) for n in model.values()) / len(samples)
output = work["outputs"]["model"]
job.save(output, model)
job.say("progress", done=1, total=1, unit="epochs", metrics={"epoch": 1, "train_loss": loss})
job.say(
    "result",
    model_path=output,
    model_id=f"dice-{work['iteration']}-{len(samples)}",
    epochs=1,
    final_loss=loss,
    train_loss=loss,
    val_loss=loss,
    policy_accuracy=max(model.values()) / len(samples),
    duration_seconds=time.monotonic() - started,
)
