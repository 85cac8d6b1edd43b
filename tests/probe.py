"""Waiting in tests on real threads: for a condition, with a deadline."""

from __future__ import annotations

import time
from asyncio import get_running_loop
from threading import Event
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

INTERVAL = 0.001


def holds(condition: Callable[[], object], timeout: float = 5.0) -> bool:
    """Look again and again; tell whether the condition came true within `timeout` seconds."""
    deadline = time.monotonic() + timeout
    never = Event()
    while not condition():
        if time.monotonic() > deadline:
            return False
        never.wait(INTERVAL)
    return True


def probe(condition: Callable[[], object], timeout: float = 5.0) -> None:
    """Wait until the condition is true; fail after `timeout` seconds."""
    assert holds(condition, timeout), f"not true within {timeout} s: {condition}"


async def once_around() -> None:
    """Let the event loop run what is ready now; no time passes."""
    loop = get_running_loop()
    done = loop.create_future()
    loop.call_soon(done.set_result, None)
    await done
