"""How the network learns: its loss, and Adam with decoupled weight decay."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np

from .hexgame import Floats, planes

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from .network import Network
    from .samples import Samples

_BETA_MEAN = 0.9
_BETA_SQUARE = 0.999
_EPSILON = 1e-8


class Batch(NamedTuple):
    """Samples as the loss takes them.

    Attributes:
        planes: the network's input.
        policies: a probability per cell.
        values: the outcome for the mover, 1 or -1.
        weights: how much the position counts.
    """

    planes: Floats
    policies: Floats
    values: Floats
    weights: Floats


def batch_of(samples: Samples) -> Batch:
    """Return the samples as one batch."""
    return Batch(planes(samples.boards), samples.policies, samples.values, samples.weights)


class Losses(NamedTuple):
    """What a batch of samples says about a network."""

    policy: float
    """Mean cross-entropy of the policy (nats)."""
    value: float
    """Mean squared error of the value."""
    accuracy: float
    """Share of positions whose most visited move the policy likes best."""

    @property
    def total(self) -> float:
        """What is minimised."""
        return self.policy + self.value

    def plus(self, other: Losses) -> Losses:
        """Return the sum, number by number."""
        return Losses(*(mine + theirs for mine, theirs in zip(self, other, strict=True)))

    def times(self, factor: float) -> Losses:
        """Return the losses scaled, number by number."""
        return Losses(*(number * factor for number in self))


NO_LOSSES: Final = Losses(policy=0.0, value=0.0, accuracy=0.0)
"""Where a sum of losses begins."""


def losses(network: Network, batch: Batch) -> Losses:
    """Judge a network by samples, without learning from them."""
    seen = network.forward(batch.planes)
    return _losses(_log_softmax(seen.logits), seen.values, batch)


class Adam:
    """Adam's moments for one network; `step` learns from one batch."""

    def __init__(self, network: Network, weight_decay: float) -> None:
        self.network = network
        self._weight_decay = weight_decay
        self._means = [np.zeros_like(weight) for weight in network.weights]
        self._squares = [np.zeros_like(weight) for weight in network.weights]
        self._steps = 0

    def step(self, batch: Batch, learning_rate: float) -> Losses:
        """Learn from a batch; return its losses before the step."""
        seen = self.network.forward(batch.planes)
        logs, values = _log_softmax(seen.logits), seen.values
        share = (batch.weights / len(batch.weights))[:, None]
        slope = np.empty_like(seen.layers[-1])
        slope[:, :-1] = (np.exp(logs) - batch.policies) * share
        slope[:, -1] = 2 * (values - batch.values) * (1 - values * values) * share[:, 0]
        self._update(self.network.gradients(seen, slope), learning_rate)
        return _losses(logs, values, batch)

    def _update(self, gradients: list[Floats], learning_rate: float) -> None:
        self._steps += 1
        rate = (
            learning_rate * np.sqrt(1 - _BETA_SQUARE**self._steps) / (1 - _BETA_MEAN**self._steps)
        )
        keep = 1 - learning_rate * self._weight_decay
        for index, gradient in enumerate(gradients):
            self._means[index] *= _BETA_MEAN
            self._means[index] += (1 - _BETA_MEAN) * gradient
            self._squares[index] *= _BETA_SQUARE
            self._squares[index] += (1 - _BETA_SQUARE) * gradient * gradient
            step = self._means[index] / (np.sqrt(self._squares[index]) + _EPSILON)
            if gradient.ndim > 1:  # biases don't decay
                self.network.weights[index] *= keep
            self.network.weights[index] -= np.float32(rate) * step

    def to_arrays(self) -> dict[str, NDArray[np.generic]]:
        """Return the moments by name, for a checkpoint; weights are not among them."""
        arrays: dict[str, NDArray[np.generic]] = {"adam_steps": np.array(self._steps)}
        for index, (mean, square) in enumerate(zip(self._means, self._squares, strict=True)):
            arrays[f"adam_mean_{index:02}"] = mean
            arrays[f"adam_square_{index:02}"] = square
        return arrays

    def restore(self, arrays: Mapping[str, NDArray[np.generic]]) -> None:
        """Take back what `to_arrays` gave.

        Raises:
            KeyError: something is missing.
        """
        places = range(len(self._means))
        self._means = [arrays[f"adam_mean_{index:02}"].astype(np.float32) for index in places]
        self._squares = [arrays[f"adam_square_{index:02}"].astype(np.float32) for index in places]
        self._steps = int(arrays["adam_steps"].item())


def _log_softmax(logits: Floats) -> Floats:
    logs: Floats = logits - logits.max(axis=1, keepdims=True)
    logs -= np.log(np.exp(logs).sum(axis=1, keepdims=True))
    return logs


def _losses(logs: Floats, values: Floats, batch: Batch) -> Losses:
    policy = -(batch.policies * logs).sum(axis=1)
    value = np.square(values - batch.values)
    hit = logs.argmax(axis=1) == batch.policies.argmax(axis=1)
    return Losses(
        policy=float((policy * batch.weights).mean()),
        value=float((value * batch.weights).mean()),
        accuracy=float(hit.mean()),
    )
