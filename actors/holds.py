"""Who must not run, above what supervisors decide: holds by operators, and quarantine."""

from __future__ import annotations

from dataclasses import dataclass
from threading import Lock
from typing import Literal, Protocol, TypeAlias

HoldKind: TypeAlias = Literal["hold", "quarantine"]


@dataclass(frozen=True, slots=True)
class Hold:
    """Keeps the child at a path down, whatever the rules of its supervisor say.

    Attributes:
        path: whom.
        kind: `hold`: an operator stopped it, and only an operator starts it; `quarantine`: it
            failed too often, and is released by hand or when the time has come.
        by: who decided: an operator's name, or the supervisor's path.
        why: in words.
        since: when, seconds UTC.
        until: when it is released by itself, seconds UTC; None: by hand only.
        times: how often in a row its own failures put it in quarantine: pauses grow with it.
    """

    path: str
    kind: HoldKind
    by: str
    why: str
    since: float
    until: float | None = None
    times: int = 0


class Holds(Protocol):
    """Keeps holds, beyond the end of the node if it can. Used from any thread."""

    def get(self, path: str) -> Hold | None:
        """Return the hold on a path, if there is one."""
        ...

    def put(self, hold: Hold) -> None:
        """Keep a hold, in place of an earlier one on the same path."""
        ...

    def remove(self, path: str) -> Hold | None:
        """Forget the hold on a path; return what it was."""
        ...

    def all(self) -> list[Hold]:
        """Return all holds, by path."""
        ...


class MemoryHolds:
    """Keeps holds for as long as the process lives."""

    def __init__(self) -> None:
        self._holds: dict[str, Hold] = {}
        self._lock = Lock()

    def get(self, path: str) -> Hold | None:
        """Return the hold on a path, if there is one."""
        return self._holds.get(path)

    def put(self, hold: Hold) -> None:
        """Keep a hold, in place of an earlier one on the same path."""
        with self._lock:
            self._holds[hold.path] = hold

    def remove(self, path: str) -> Hold | None:
        """Forget the hold on a path; return what it was."""
        with self._lock:
            return self._holds.pop(path, None)

    def all(self) -> list[Hold]:
        """Return all holds, by path."""
        with self._lock:
            return [self._holds[path] for path in sorted(self._holds)]
