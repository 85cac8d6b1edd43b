"""Waiting for somebody's end without being an actor."""

from __future__ import annotations

from typing import Any

from ringleader import Actor, ChildSpec, Terminated
from ringleader.testing import TestSystem


class Mortal(Actor):
    """Dies of what it is told."""

    def on_receive(self, message: Any) -> Any:
        raise message


def test_a_future_of_the_end_is_set_when_nobody_will_live_there_any_more() -> None:
    with TestSystem(intensity=10) as system:
        ref = system.start_child(ChildSpec("mortal", Mortal, restart="transient"))
        end = ref.watch()
        ref.tell(ValueError("boom"))
        system.run()
        assert not end.done  # it was restarted

        top: Any = system.root.ref
        top.terminate_child("mortal")
        top.delete_child("mortal")
        assert end.get() == Terminated(ref, "shutdown")


def test_a_future_of_an_end_that_was_is_set_at_once() -> None:
    with TestSystem() as system:
        ref = system.start_child(ChildSpec("mortal", Mortal, restart="temporary"))
        ref.stop()

        assert ref.watch().get() == Terminated(ref, "normal")
