"""Scenarios with OTP 25.2.3's traces, for machines without Erlang.

python -m tests.otp.stored writes them anew with the Erlang that is installed.
"""

from __future__ import annotations

import gzip
import json
import sys
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from tests.otp.by_hand import named
from tests.otp.generator import random_scenarios
from tests.otp.oracle import traced

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from tests.otp.writing import Scenario

FOLDER = Path(__file__).parent / "golden"
SEED, COUNT = 1, 2000
CHUNK = 100
FOUND = (121875, 320333)
"""Seeds of fresh scenarios that once showed a difference."""


class Golden(NamedTuple):
    """A scenario and the line that OTP gave."""

    scenario: Scenario
    trace: str


def golden(name: str) -> list[Golden]:
    """Read a set: `named`, `random` or `found`."""
    scenarios, traces = _read(name, "scenarios"), _read(name, "traces")
    return [Golden(json.loads(s), t) for s, t in zip(scenarios, traces, strict=True)]


def chunks() -> dict[str, list[Golden]]:
    """Return all, those by hand first, in chunks with a name."""
    named_chunks = {name: golden(name) for name in ("named", "found")}
    drawn = iter(golden("random"))
    while chunk := list(islice(drawn, CHUNK)):
        named_chunks[f"{chunk[0].scenario['name']}..."] = chunk
    return named_chunks


def found() -> Iterator[Scenario]:
    """Give the scenarios of the seeds in `FOUND`."""
    for seed in FOUND:
        yield from random_scenarios(seed, 1)


def scenario_lines(name: str) -> list[str]:
    """Return a set's scenarios as they were written."""
    return _read(name, "scenarios")


def _read(name: str, kind: str) -> list[str]:
    with gzip.open(FOLDER / f"{name}.{kind}.jsonl.gz", "rt", encoding="utf-8") as file:
        return file.read().splitlines()


def _write(name: str, kind: str, lines: Iterable[str]) -> None:
    text = "".join(f"{line}\n" for line in lines)
    (FOLDER / f"{name}.{kind}.jsonl.gz").write_bytes(gzip.compress(text.encode(), 9, mtime=0))


def main() -> int:
    """Write all sets."""
    sets: dict[str, Iterator[Scenario]] = {
        "named": iter(named()),
        "random": random_scenarios(SEED, COUNT),
        "found": found(),
    }
    for name, scenarios in sets.items():
        pairs = list(traced(scenarios))
        _write(name, "scenarios", (json.dumps(scenario) for scenario, _ in pairs))
        _write(name, "traces", (trace for _, trace in pairs))
        sys.stdout.write(f"{name}: {len(pairs)}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
