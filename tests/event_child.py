"""A process that tests kill.

`consume PATH NAME idempotent|plain`: handles an event when it is told to.
`work PATH NAME idempotent|plain FILE`: handles all there are, by writing them into a file.
`publish PATH FIRST`: publishes without end.
"""

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


def work(client: Client, name: str, kind: str, notes: str) -> None:
    """Write each event down, and print it."""
    with (
        client.consumer(name, Happened, idempotent=kind == "idempotent") as consumer,
        Path(notes).open("a") as file,
    ):
        sys.stdout.write("ready\n")
        sys.stdout.flush()
        for delivery in consumer:
            with delivery as event:
                assert isinstance(event, Happened)
                file.write(f"{event.number}\n")
                file.flush()
                sys.stdout.write(f"{event.number}\n")
                sys.stdout.flush()


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
        match what:
            case "consume":
                consume(client, *rest)
            case "work":
                work(client, *rest)
            case _:
                publish(client, int(rest[0]))


if __name__ == "__main__":
    main()
