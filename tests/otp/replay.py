"""Plays scenarios on the production supervisor.

python -m tests.otp.replay < scenarios.jsonl > traces.jsonl
"""

from __future__ import annotations

import argparse
import json
import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING, TypeAlias

from tests.otp.normal import line
from tests.otp.players import OneByOne, Threads, shuffled
from tests.otp.world import World

if TYPE_CHECKING:
    from collections.abc import Callable, Generator

    from tests.otp.writing import Scenario, Trace

Play: TypeAlias = "Callable[[Scenario], Trace]"

SWITCH_INTERVAL = 5e-6
"""Seconds after which a thread may be interrupted: a thousandth of Python's own, for more races."""


@contextmanager
def playing(shuffle: int | None = None, *, threads: bool = False) -> Generator[Play]:
    """Give what plays scenarios: in order, in an order drawn from a seed, or on real threads."""
    if threads:
        interval = sys.getswitchinterval()
        sys.setswitchinterval(SWITCH_INTERVAL)
        player = Threads()
        try:
            yield lambda scenario: World(player).run(scenario)
        finally:
            player.close()
            sys.setswitchinterval(interval)
    elif shuffle is not None:
        yield lambda scenario: World(shuffled(shuffle, scenario["name"])).run(scenario)
    else:
        yield lambda scenario: World(OneByOne()).run(scenario)


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add the options that say in which order turns are given."""
    order = parser.add_mutually_exclusive_group()
    order.add_argument("--shuffle", type=int, metavar="SEED", help="draw who has the next turn")
    order.add_argument("--threads", action="store_true", help="turns on real threads")


def main(arguments: list[str] | None = None) -> int:
    """Read scenarios, one a line, and write their traces."""
    parser = argparse.ArgumentParser("python -m tests.otp.replay", description=__doc__)
    add_options(parser)
    options = parser.parse_args(arguments)
    with playing(options.shuffle, threads=options.threads) as play:
        for text in sys.stdin:
            if text.strip():
                sys.stdout.write(line(play(json.loads(text))) + "\n")
                sys.stdout.flush()
    return 0


if __name__ == "__main__":
    sys.exit(main())
