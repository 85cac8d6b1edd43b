"""Stage 3: combine. All exports, one after the other."""

import job

work = job.read()
sources = work["inputs"]["samples"]
parts = job.load(sources)
names = [sources] if isinstance(sources, str) else sources
output = work["outputs"]["samples"]
job.save(output, [sample for part in parts for sample in part])
job.say(
    "result",
    total_samples=sum(len(part) for part in parts),
    samples_by_source={name: len(part) for name, part in zip(names, parts, strict=True)},
    output_path=output,
)
