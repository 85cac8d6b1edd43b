"""Ringleader's side: who publishes and who receives."""

from __future__ import annotations

from time import perf_counter
from typing import TYPE_CHECKING

from ringleader import Actor, ChildSpec, System, handles
from ringleader.events import TrainingCompleted

from .cases import await_event
from .events_facts import SUBSCRIBERS, Batch

if TYPE_CHECKING:
    from .events_facts import Fact
    from .events_finish import Finish


class Subscriber(Actor):
    """Counts what it gets."""

    def __init__(self, finish: Finish) -> None:
        super().__init__()
        self._finish, self._left = finish, finish.expected

    @handles(TrainingCompleted)
    def count(self, event: TrainingCompleted) -> None:
        """Count."""
        del event
        self._left -= 1
        if not self._left:
            self._finish.one_more()


class Producer(Actor):
    """Publishes a batch in one turn."""

    @handles(Batch)
    def publish_all(self, given: Batch) -> None:
        """Publish."""
        for fact in given.facts:
            self.publish(event_of(fact))


def event_of(fact: Fact) -> TrainingCompleted:
    """Write the fields as a publisher does."""
    return TrainingCompleted(
        config_key=fact.config_key,
        model_path=fact.model_path,
        final_loss=fact.final_loss,
        policy_accuracy=fact.policy_accuracy,
        training_samples=fact.training_samples,
        iteration=fact.iteration,
    )


def ringleader(given: Batch, finish: Finish, *, from_actor: bool) -> float:
    """Route a batch through a node's registry; return the seconds until all is handled."""
    with System("bench") as system:
        system.start_children(
            [
                ChildSpec(f"subscriber{number}", Subscriber, (finish,))
                for number in range(SUBSCRIBERS)
            ]
        )
        producer = system.start_child(ChildSpec("producer", Producer))
        begin = perf_counter()
        if from_actor:
            producer.tell(given)
        else:
            for fact in given.facts:
                system.publish(event_of(fact))
        await_event(finish.done)
        return perf_counter() - begin
