"""Compares the production supervisor with the real OTP, scenario by scenario.

python -m tests.otp.compare --seeds 1000 --count 5000 [--shuffle SEED | --threads]

Exit status: 0 where all are equal, 1 after the first difference, 69 where Erlang is not installed.
"""

from __future__ import annotations

import argparse
import sys
from collections import Counter
from typing import TYPE_CHECKING

from tests.otp.comparing import compare
from tests.otp.generator import random_scenarios
from tests.otp.oracle import escript, traced, version
from tests.otp.replay import add_options, playing

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.otp.writing import Scenario

PROGRESS = 1000
"""Scenarios between two lines of progress."""
NO_ERLANG = "escript is not installed: apt-get install -y --no-install-recommends erlang-base"
UNAVAILABLE = 69


def seeded(first: int, count: int) -> Iterator[Scenario]:
    """Give the scenario of each of `count` seeds."""
    for seed in range(first, first + count):
        yield from random_scenarios(seed, 1)


def main(arguments: list[str] | None = None) -> int:
    """Compare; print progress, a summary, and the first difference."""
    parser = argparse.ArgumentParser("python -m tests.otp.compare", description=__doc__)
    parser.add_argument("--seeds", type=int, required=True, metavar="FIRST")
    parser.add_argument("--count", type=int, default=PROGRESS, metavar="N")
    add_options(parser)
    options = parser.parse_args(arguments)
    if escript() is None:
        sys.stderr.write(f"{NO_ERLANG}\n")
        return UNAVAILABLE
    _say(f"{version()}, seeds {options.seeds} to {options.seeds + options.count - 1}")
    rules: Counter[str] = Counter()
    equal = 0
    with playing(options.shuffle, threads=options.threads) as play:
        for scenario, theirs in traced(seeded(options.seeds, options.count)):
            verdict = compare(scenario, theirs, play)
            if verdict.difference:
                _say(f"after {equal} equal ones: {verdict}")
                return 1
            rules.update(verdict.rules)
            equal += 1
            if equal % PROGRESS == 0:
                _say(f"{equal} equal")
    used = ", ".join(f"rule {rule}: {number}" for rule, number in sorted(rules.items()))
    _say(f"{equal} equal, 0 different; by a deviation: {used or 'none'}")
    return 0


def _say(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
