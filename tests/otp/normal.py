"""What makes two traces comparable: one order where OTP leaves it open, one way to write them."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Iterable

    from tests.otp.writing import Trace

Event: TypeAlias = list[Any]


def normalize(events: Iterable[Event], templates: Iterable[str]) -> list[Event]:
    """Sort what OTP leaves unordered: children of a template all stop at once.

    Each unbroken run of `exit` events below such a supervisor is put, stably, in the order of the
    child's name.

    Args:
        events: in causal order.
        templates: the paths of the supervisors whose children are of one template.
    """
    ordered = list(events)
    for sup in sorted(templates, key=lambda path: (path.count("/"), path)):
        ordered = _sort_runs(ordered, f"{sup}/")
    return ordered


def _sort_runs(events: list[Event], prefix: str) -> list[Event]:
    out: list[Event] = []
    run: list[Event] = []

    def name(event: Event) -> str:
        below: str = event[1][len(prefix) :]
        return below.partition("/")[0]

    for event in events:
        if event[0] == "exit" and event[1].startswith(prefix):
            run.append(event)
            continue
        out += sorted(run, key=name)
        out.append(event)
        run = []
    return out + sorted(run, key=name)


def line(trace: Trace) -> str:
    """Write a trace as the oracle does, byte for byte."""
    return json.dumps(trace, separators=(",", ":"), ensure_ascii=False)
