"""The policy-value network: a multilayer perceptron in plain NumPy."""

from __future__ import annotations

import hashlib
from itertools import pairwise
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from collections.abc import Mapping

Floats = NDArray[np.float32]


class Activations(NamedTuple):
    """What a forward pass leaves for the backward pass: each layer's input, then the output."""

    layers: list[Floats]

    @property
    def logits(self) -> Floats:
        """One number per cell: the policy before softmax."""
        return self.layers[-1][:, :-1]

    @property
    def values(self) -> Floats:
        """The expected outcome for who is to move, from -1 to 1."""
        return np.tanh(self.layers[-1][:, -1])


class Network:
    """Rectified layers under one linear output: a logit for each cell and a value.

    Attributes:
        weights: a matrix and a row of biases per layer, in order.
    """

    def __init__(self, weights: list[Floats]) -> None:
        self.weights = weights

    @classmethod
    def fresh(cls, cells: int, hidden: tuple[int, ...], random: np.random.Generator) -> Network:
        """Make an untrained network for positions of `cells` cells."""
        weights: list[Floats] = []
        sizes = (2 * cells, *hidden, cells + 1)
        for fan_in, fan_out in pairwise(sizes):
            scale = np.sqrt(2 / fan_in)
            if len(weights) == 2 * len(hidden):
                scale *= 0.1  # starts near uniform priors and even values
            layer = random.standard_normal((fan_in, fan_out)) * scale
            weights += [layer.astype(np.float32), np.zeros(fan_out, dtype=np.float32)]
        return cls(weights)

    @property
    def cells(self) -> int:
        """How many cells the positions have that it reads."""
        return len(self.weights[0]) // 2

    @property
    def hidden(self) -> tuple[int, ...]:
        """The widths of its hidden layers."""
        return tuple(len(bias) for bias in self.weights[1:-1:2])

    def forward(self, planes: Floats) -> Activations:
        """Run a batch through all layers."""
        layers = [planes]
        last = len(self.weights) - 2
        for index in range(0, last + 1, 2):
            output = layers[-1] @ self.weights[index]
            output += self.weights[index + 1]
            if index < last:
                np.maximum(output, 0, out=output)
            layers.append(output)
        return Activations(layers)

    def gradients(self, seen: Activations, output_gradient: Floats) -> list[Floats]:
        """Return the loss's gradient for each of `weights`, given the one for the output."""
        gradients: list[Floats] = []
        flowing = output_gradient
        for index in range(len(self.weights) - 2, -1, -2):
            below = seen.layers[index // 2]
            gradients += [flowing.sum(axis=0), below.T @ flowing]
            if index:
                flowing = (flowing @ self.weights[index].T) * (below > 0)
        return gradients[::-1]

    def copy(self) -> Network:
        """Return a network of its own with the same weights."""
        return Network([weight.copy() for weight in self.weights])

    def assign(self, other: Network) -> None:
        """Take over another network's weights."""
        self.weights[:] = other.weights

    @property
    def model_id(self) -> str:
        """A name that follows from the weights: equal networks have equal ones."""
        digest = hashlib.sha256()
        for weight in self.weights:
            digest.update(weight.tobytes())
        return digest.hexdigest()[:12]

    def to_arrays(self) -> dict[str, Floats]:
        """Return the weights by name, for a file."""
        return {f"weight_{index:02}": weight for index, weight in enumerate(self.weights)}

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, NDArray[np.generic]]) -> Network:
        """Read what `to_arrays` gave; other names are ignored.

        Raises:
            ValueError: there are no weights, or they don't fit together.
        """
        names = sorted(name for name in arrays if name.startswith("weight_"))
        weights = [np.asarray(arrays[name], dtype=np.float32) for name in names]
        if not weights or len(weights) % 2:
            raise ValueError("it holds no weights of a network")
        below = len(weights[0])
        for matrix, bias in zip(weights[0::2], weights[1::2], strict=True):
            if matrix.ndim != 2 or matrix.shape != (below, len(bias)):  # noqa: PLR2004  # a matrix
                raise ValueError("its layers don't fit together")
            below = len(bias)
        if len(weights[0]) != 2 * (below - 1):
            raise ValueError("its input and its output are for different boards")
        return cls(weights)


def softmax(logits: Floats, allowed: NDArray[np.bool_]) -> Floats:
    """Turn logits into probabilities over the allowed columns of each row."""
    masked = np.where(allowed, logits, np.float32(-1e9))
    masked -= masked.max(axis=1, keepdims=True)
    powers = np.exp(masked)
    powers /= powers.sum(axis=1, keepdims=True)
    return powers
