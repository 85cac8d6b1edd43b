"""A script that publishes to the node on this host: `python publish.py DATA_DIR`.

Without a node the event waits in the spool of the data directory, and the next node takes it in.
"""

from __future__ import annotations

import sys
import tempfile

from ringleader import Client, Spooled
from ringleader.events import EventValidationError


def main(data_dir: str) -> None:
    """Publish an event, and say what became of it; then try one that is wrong."""
    with Client(data_dir, source="nightly-import") as client:
        became = client.publish("NEW_GAMES_AVAILABLE", {"config_key": "hex8_2p", "count": 500})
        if isinstance(became, Spooled):
            print("no node takes it now; the next one will")
        else:
            print(f"{became.routing}: {became.deliveries} deliveries")
        try:
            client.publish("NEW_GAMES_AVAILABLE", {"config_key": "hex8_2p", "count": "many"})
        except EventValidationError as error:
            print("refused:", error)


if __name__ == "__main__":
    if len(sys.argv) > 1:
        main(sys.argv[1])
    else:
        with tempfile.TemporaryDirectory() as empty:
            main(empty)
