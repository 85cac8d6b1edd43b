from __future__ import annotations

from tests.actors.workloads import needs_selfplay  # before NumPy: skips without the extra

# isort: split
import numpy as np
import pytest

from ringleader.actors.workloads.learning import Adam, Batch, losses
from ringleader.actors.workloads.network import Network

pytestmark = needs_selfplay.MARK


def network() -> Network:
    return Network.fresh(cells=9, hidden=(32,), random=np.random.default_rng(1))


def batch(rows: int, seed: int = 2) -> Batch:
    random = np.random.default_rng(seed)
    best = random.integers(9, size=rows)
    return Batch(
        planes=random.random((rows, 18), dtype=np.float32),
        policies=np.eye(9, dtype=np.float32)[best],
        values=np.where(best < 4, 1, -1).astype(np.float32),
        weights=np.ones(rows, dtype=np.float32),
    )


def test_an_untrained_network_is_as_unsure_as_can_be() -> None:
    judged = losses(network(), batch(64))

    assert judged.policy == pytest.approx(np.log(9), rel=0.1)
    assert judged.value == pytest.approx(1, rel=0.1)


def test_steps_lower_the_loss_until_the_samples_are_known() -> None:
    subject, samples = network(), batch(32)
    adam = Adam(subject, weight_decay=0.0)

    told = [adam.step(samples, 0.01).total for _ in range(200)]

    assert losses(subject, samples).total < 0.1 < told[0]
    assert losses(subject, samples).accuracy == 1


def test_a_step_tells_the_losses_before_it() -> None:
    subject, samples = network(), batch(8)
    before = losses(subject, samples)

    told = Adam(subject, weight_decay=0.0).step(samples, 0.01)

    assert told == pytest.approx(before)


def test_a_sample_without_weight_is_not_learned() -> None:
    subject, samples = network(), batch(8)
    weights = samples.weights.copy()
    weights[4:] = 0
    adam = Adam(subject, weight_decay=0.0)

    for _ in range(200):
        adam.step(samples._replace(weights=weights), 0.01)

    known, unknown = (
        losses(subject, Batch(*(column[rows] for column in samples)))
        for rows in (slice(0, 4), slice(4, 8))
    )
    assert known.total < 0.1
    assert unknown.total > 1


def test_weights_decay_and_biases_do_not() -> None:
    subject = network()
    subject.weights[1][:] = 1
    before = subject.copy()

    Adam(subject, weight_decay=1.0).step(batch(8)._replace(weights=np.zeros(8, np.float32)), 0.1)

    assert subject.weights[0] == pytest.approx(before.weights[0] * 0.9)
    assert subject.weights[1] == pytest.approx(before.weights[1])


def test_training_that_was_interrupted_gives_the_same_weights() -> None:
    whole, first = network(), network()
    adam = Adam(whole, weight_decay=0.01)
    interrupted = Adam(first, weight_decay=0.01)
    for step in range(3):
        adam.step(batch(8, step), 0.01)
        interrupted.step(batch(8, step), 0.01)

    second = Network.from_arrays(first.to_arrays())
    resumed = Adam(second, weight_decay=0.01)
    resumed.restore(interrupted.to_arrays())
    adam.step(batch(8, 9), 0.01)
    resumed.step(batch(8, 9), 0.01)

    assert second.model_id == whole.model_id
