"""What is published: trainings that completed, and now and then one that was told twice."""

from __future__ import annotations

import itertools
from typing import NamedTuple

SUBSCRIBERS = 10
PRODUCERS = 64
"""Who publish at the same time, where each waits for its acknowledgement."""
NAME = "TRAINING_COMPLETED"
REPEATED = 100
"""One event in so many says what the one before it said."""

WINDOW, CAPACITY = 60.0, 10_000
"""Seconds in which equal content is the same event, and how many are remembered."""

_numbers = itertools.count(1)


class Fact(NamedTuple):
    """The six fields of an event, as a publisher has them."""

    config_key: str
    model_path: str
    final_loss: float
    policy_accuracy: float
    training_samples: int
    iteration: int


class Batch(NamedTuple):
    """What one measurement publishes."""

    facts: list[Fact]
    distinct: int
    """How many are left without repetitions."""


def batch(size: int) -> Batch:
    """Make facts that were never published in this process, but for the repetitions."""
    facts: list[Fact] = []
    for place in range(size):
        facts.append(facts[-1] if place % REPEATED == REPEATED - 1 else _fact(next(_numbers)))
    return Batch(facts, size - size // REPEATED)


def different(size: int) -> list[Fact]:
    """Make facts that were never published in this process, without repetitions."""
    return [_fact(next(_numbers)) for _ in range(size)]


def parts(size: int) -> list[list[Fact]]:
    """Share different facts out among the producers."""
    facts = different(size)
    return [facts[first::PRODUCERS] for first in range(PRODUCERS)]


def _fact(number: int) -> Fact:
    return Fact(
        config_key=f"hex{number % 16}_2p",
        model_path=f"models/hex8_2p/iteration_{number:07d}.npz",
        final_loss=1.0 / number,
        policy_accuracy=0.5 + number % 1000 / 2500,
        training_samples=number * 64,
        iteration=number,
    )
