"""The work of `combine`: many exports become one training set, fresh ones counting more."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from .errors import BadInputError
from .samples import Samples, Source, read_samples, write_samples

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from .options import CombineOptions
    from .session import Session

_SECONDS_PER_HOUR = 3600.0


class Export(NamedTuple):
    """One source of samples and the file it is in."""

    path: Path
    samples: Samples
    source: Source


def work(session: Session[CombineOptions]) -> dict[str, Any]:
    """Merge the job's exports; see `combine` for what goes in and comes out."""
    options = session.options
    output = session.output("samples")
    exports = _read(session)
    kept = [export for export in exports if is_kept(export, options)]
    if not kept:
        raise BadInputError(
            f"none of {len(exports)} exports holds samples of quality {options.min_quality} or more"
        )
    weights = freshness([export.source for export in kept], options)
    combined = merged(kept, weights)
    sources = [export.source for export in kept]
    summary = Source(
        side=session.board.side,
        iteration=max(source.iteration for source in sources),
        created=max(source.created for source in sources),
        quality=float(np.average([source.quality for source in sources], weights=weights)),
    )
    write_samples(output, combined, summary)
    return {
        "total_samples": len(combined),
        "games": int(combined.games.max()) + 1,
        "samples_by_source": {str(export.path): len(export.samples) for export in kept},
        "weights_by_source": dict(zip([str(e.path) for e in kept], weights, strict=True)),
        "sources_dropped": [str(e.path) for e in exports if not is_kept(e, options)],
        "quality": summary.quality,
        "duration_seconds": session.seconds,
        "output_path": str(output),
    }


def is_kept(export: Export, options: CombineOptions) -> bool:
    """Tell whether an export is good enough to learn from."""
    return len(export.samples) > 0 and export.source.quality >= options.min_quality


def freshness(sources: Sequence[Source], options: CombineOptions) -> list[float]:
    """Return each source's weight: 1 for the newest, half for each half-life it is older.

    Age is counted from the newest source, not from now, and in whole hours: so equal inputs give
    equal weights, and a short run does not depend on how many seconds its stages took.
    """
    newest = max(source.created for source in sources)
    latest = max(source.iteration for source in sources)
    weights: list[float] = []
    for source in sources:
        hours = (newest - source.created) // _SECONDS_PER_HOUR
        halvings = hours / options.half_life_hours
        if options.half_life_iterations:
            halvings += (latest - source.iteration) / options.half_life_iterations
        weights.append(0.5**halvings)
    return weights


def merged(exports: Sequence[Export], weights: Sequence[float]) -> Samples:
    """Return all samples, weighted by source; the mean weight is 1.

    Games are numbered anew, so that games of different exports are different games.
    """
    parts: list[Samples] = []
    games = 0
    for export, weight in zip(exports, weights, strict=True):
        samples = export.samples
        weighted = samples.weights * np.float32(weight)
        parts.append(replace(samples, weights=weighted, games=samples.games + np.int32(games)))
        games += int(samples.games.max()) + 1
    whole = Samples.joined(parts)
    return replace(whole, weights=whole.weights / whole.weights.mean())


def _read(session: Session[CombineOptions]) -> list[Export]:
    """Read all sources, each file once.

    There is nothing to keep in a checkpoint: reading the sources is all the work, and a checkpoint
    would be as large as they are. The ticks are there for signals.
    """
    paths = list(dict.fromkeys(session.input_list("samples")))
    exports: list[Export] = []
    for number, path in enumerate(paths):
        session.progress(number, len(paths), "sources")
        session.tick(0, bytes)
        exports.append(Export(path, *read_samples(path, session.board.side)))
    session.progress(len(paths), len(paths), "sources")
    return exports
