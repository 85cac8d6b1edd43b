"""A process that tests kill: `consume PATH NAME idempotent|plain` or `publish PATH FIRST`."""

from __future__ import annotations

import sys
from pathlib import Path

from ringleader.events_client import Client
from tests.event_bench import TYPES, Happened


def consume(client: Client, name: str, kind: str) -> None:
    """Print each event; handle it when a line comes: `done`, or `stop`."""
    with client.consumer(name, Happened, idempotent=kind == "idempotent") as consumer:
        sys.stdout.write("ready\n")
        sys.stdout.flush()
        for delivery in consumer:
            assert isinstance(delivery.event, Happened)
            sys.stdout.write(f"{delivery.event.number}\n")
            sys.stdout.flush()
            if sys.stdin.readline().strip() == "stop":
                return
            delivery.done()


def publish(client: Client, first: int) -> None:
    """Publish without end; print each number once its receipt is there."""
    number = first
    while True:
        client.publish(Happened(number=number))
        sys.stdout.write(f"{number}\n")
        sys.stdout.flush()
        number += 1


def main() -> None:
    """Do what the arguments say."""
    what, path, *rest = sys.argv[1:]
    with Client(Path(path), event_types=TYPES, source="child", timeout=10.0) as client:
        if what == "consume":
            consume(client, *rest)
        else:
            publish(client, int(rest[0]))


if __name__ == "__main__":
    main()
