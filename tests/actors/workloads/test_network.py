from __future__ import annotations

from tests.actors.workloads import needs_selfplay  # before NumPy: skips without the extra

# isort: split
from typing import Any

import numpy as np
import pytest

from ringleader.actors.workloads.network import Network, softmax

pytestmark = needs_selfplay.MARK


def network(seed: int = 1) -> Network:
    return Network.fresh(cells=9, hidden=(16, 8), random=np.random.default_rng(seed))


def inputs(rows: int) -> np.ndarray[tuple[int, int], np.dtype[np.float32]]:
    return np.random.default_rng(2).random((rows, 18), dtype=np.float32)


def test_a_network_has_a_logit_per_cell_and_a_value_within_bounds() -> None:
    seen = network().forward(inputs(5))

    assert seen.logits.shape == (5, 9)
    assert seen.values.shape == (5,)
    assert (np.abs(seen.values) < 1).all()
    assert (network().cells, network().hidden) == (9, (16, 8))


def test_gradients_are_those_that_differences_show() -> None:
    precise: Any = [weight.astype(np.float64) for weight in network().weights]  # more digits
    subject = Network(precise)
    planes = inputs(4)
    direction: Any = np.random.default_rng(3).random((4, 10))
    gradients = subject.gradients(subject.forward(planes), direction)

    for weight, gradient in zip(subject.weights, gradients, strict=True):
        place = tuple(size // 2 for size in weight.shape)
        before = (subject.forward(planes).layers[-1] * direction).sum()
        weight[place] += 1e-6
        after = (subject.forward(planes).layers[-1] * direction).sum()
        weight[place] -= 1e-6
        assert gradient[place] == pytest.approx((after - before) / 1e-6, rel=1e-3, abs=1e-6)


def test_a_network_is_the_same_after_a_file() -> None:
    subject = network()

    copy = Network.from_arrays({**subject.to_arrays(), "side": np.array(3)})

    assert copy.model_id == subject.model_id
    assert copy.model_id != network(seed=2).model_id
    assert (copy.forward(inputs(3)).logits == subject.forward(inputs(3)).logits).all()


def test_a_copy_does_not_follow_its_original() -> None:
    subject = network()
    copy = subject.copy()

    subject.weights[0] += 1

    assert copy.model_id == network().model_id


@pytest.mark.parametrize(
    ("broken", "reason"),
    [
        ({}, "no weights"),
        ({"weight_00": np.zeros((18, 10))}, "no weights"),
        ({"weight_00": np.zeros((18, 10)), "weight_01": np.zeros(9)}, "don't fit together"),
        ({"weight_00": np.zeros((16, 10)), "weight_01": np.zeros(10)}, "different boards"),
    ],
)
def test_arrays_that_are_no_network_are_refused(
    broken: dict[str, np.ndarray[tuple[int, ...], np.dtype[np.float64]]], reason: str
) -> None:
    with pytest.raises(ValueError, match=reason):
        Network.from_arrays(broken)


def test_softmax_gives_nothing_to_what_is_not_allowed() -> None:
    logits = np.array([[5.0, 1.0, 1.0]], dtype=np.float32)

    shares = softmax(logits, np.array([[False, True, True]]))

    assert shares.tolist() == [[0, 0.5, 0.5]]
