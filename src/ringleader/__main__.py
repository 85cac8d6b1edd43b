"""`ringleader` and `python -m ringleader`."""

from __future__ import annotations

import sys
from typing import NoReturn

from .cli.app import app
from .cli.output import BAD_CONFIG

_USAGE = 2
"""What the command line's library exits with when it does not understand an argument."""


def main() -> NoReturn:
    """Run the command line; bad arguments are bad configuration, and exit as such."""
    try:
        app(prog_name="ringleader")
    except SystemExit as end:
        sys.exit(BAD_CONFIG if end.code == _USAGE else end.code)
    sys.exit()


if __name__ == "__main__":
    main()
