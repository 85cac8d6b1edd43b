"""An event that could not be handled is a dead letter, and is tried again at who failed only.

The notifier says in `subscriptions` what it listens to, because that is decided when it is made.
Its failure is logged with a traceback, and its supervisor restarts it.
"""

from __future__ import annotations

from queue import SimpleQueue
from typing import TYPE_CHECKING, Any

from ringleader import Actor, ChildSpec, Event, EventCategory, System
from ringleader.events import ModelPromoted

if TYPE_CHECKING:
    from collections.abc import Mapping


class Mail:
    """A mail server that is down at first."""

    def __init__(self) -> None:
        self.is_up = False
        self.sent: SimpleQueue[str] = SimpleQueue()

    def send(self, text: str) -> None:
        """Send a mail.

        Raises:
            ConnectionError: the server is down.
        """
        if not self.is_up:
            raise ConnectionError("the mail server does not answer")
        self.sent.put(text)


class Notifier(Actor):
    """Mails what happens in the categories that it is made for."""

    def __init__(self, mail: Mail, categories: tuple[EventCategory, ...]) -> None:
        super().__init__()
        self._mail, self._categories = mail, categories

    def subscriptions(self) -> Mapping[Any, Any]:
        """Take events of these categories."""
        return dict.fromkeys(self._categories, self.notify)

    def notify(self, event: Event) -> None:
        """Mail one event."""
        self._mail.send(event.EVENT.name)


def main() -> None:
    """Publish while the mail server is down, and try again when it is up."""
    mail, counted, failures = Mail(), SimpleQueue[Event](), SimpleQueue[Any]()
    with System() as system:
        system.start_child(ChildSpec("notifier", Notifier, (mail, (EventCategory.MODEL,))))
        system.subscribe(ModelPromoted, counted.put)
        system.subscribe("HANDLER_FAILED", failures.put)

        promoted = ModelPromoted(config_key="hex8_2p", model_path="m.npz")
        print(system.publish(promoted).get(timeout=5).deliveries, "deliveries")
        print("failed:", failures.get(timeout=5).error)
        counted.get(timeout=5)
        for letter in system.dlq.pending(type="MODEL_PROMOTED"):
            print("dead letter:", letter.path, letter.reason, letter.status)

        mail.is_up = True
        tried = system.dlq.retry_all(type="MODEL_PROMOTED", timeout=5)
        print("recovered:", len(tried.recovered), "mailed:", mail.sent.get(timeout=5))
        print("the other subscriber has heard it once:", counted.empty())


if __name__ == "__main__":
    main()
