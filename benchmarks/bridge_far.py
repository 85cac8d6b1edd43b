"""The process at the other end, that handles events: `python -m benchmarks.bridge_far WAY ...`."""

from __future__ import annotations

import sys
from importlib import import_module

from .bridge_tally import Tally

WAYS = ("ours", "raw", "jetstream")
"""A way is the module `bridge_WAY`, of which no more than what is used is imported."""


def main(way: str, *arguments: str) -> None:
    """Receive on a way until stdin ends."""
    if way not in WAYS:
        raise ValueError(f"there is no way {way!r}; there are {', '.join(WAYS)}")
    import_module(f"benchmarks.bridge_{way}").receive(Tally(), *arguments)


if __name__ == "__main__":
    main(*sys.argv[1:])
