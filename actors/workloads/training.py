"""The work of `train`: epochs of Adam over the training set, judged by games that are held out."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from .arrays import Arrays, pack, unpack
from .errors import BadInputError, WorkloadError
from .learning import NO_LOSSES, Adam, Losses, batch_of, losses
from .models import read_model, write_model
from .network import Network
from .randomness import Purpose, seed_of
from .samples import Samples, read_samples

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from .options import TrainOptions
    from .protocol import Metric
    from .session import Session


def work(session: Session[TrainOptions]) -> dict[str, Any]:
    """Train a network on the job's samples; see `train` for what goes in and comes out."""
    output = session.output("model")
    side = session.board.side
    samples, _ = read_samples(session.input("samples"), side)
    if not len(samples):
        raise BadInputError(f"{session.input('samples')}: holds no samples to learn from")
    training = _Training(session, _network(session), samples)
    training.run()
    write_model(output, training.network, side, session.job.iteration)
    return {
        "model_path": str(output),
        "model_id": training.network.model_id,
        **training.outcome(),
        "samples": len(samples),
        "duration_seconds": session.seconds,
    }


def _network(session: Session[TrainOptions]) -> Network:
    path = session.optional_input("model")
    if path is not None:
        return read_model(path, session.board.side)
    random = np.random.default_rng(seed_of(session.job, Purpose.WEIGHTS))
    return Network.fresh(session.board.cells, session.options.hidden, random)


def split_games(
    games: NDArray[np.int32], share: float, random: np.random.Generator
) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Divide rows into those to learn from and those to judge by; no game is in both.

    With so few games that the share is less than one, all are learned from.
    """
    numbers = np.unique(games)
    held_out = random.permutation(numbers)[: int(len(numbers) * share)]
    judged = np.isin(games, held_out)
    return np.flatnonzero(~judged), np.flatnonzero(judged)


def cosine(step: int, steps: int) -> float:
    """Return the factor on the learning rate: from 1 at step 0 down to 0 at step `steps`."""
    return 0.5 * (1 + math.cos(math.pi * step / steps))


class _Training:
    """A network learning; a checkpoint holds it between any two batches.

    Attributes:
        network: as it is now; when `run` has returned, the outcome.
    """

    def __init__(self, session: Session[TrainOptions], network: Network, samples: Samples) -> None:
        self.network = network
        self._session = session
        self._options = session.options
        self._adam = Adam(network, self._options.weight_decay)
        random = np.random.default_rng(seed_of(session.job, Purpose.SPLIT))
        learned, judged = split_games(samples.games, self._options.validation_share, random)
        self._learned = samples.take(learned)
        self._judged = batch_of(samples.take(judged)) if len(judged) else None
        self._best = network.copy()
        self._best_loss = math.inf
        self._best_epoch = 0
        self._epoch = 0
        self._batch = 0
        self._running = NO_LOSSES  # of this epoch's batches so far, summed over samples
        self._train = NO_LOSSES  # of the last whole epoch
        self._val = NO_LOSSES

    def run(self) -> None:
        """Train to the end, going on where a checkpoint says."""
        self._restore()
        while self._epoch < self._options.epochs and not self._is_stalled():
            self._run_epoch()
        if self._is_stalled():
            self.network = self._best

    def outcome(self) -> dict[str, Any]:
        """Return the result's fields that tell how training went."""
        judged = self._judged is not None
        return {
            "epochs": self._epoch,
            "final_loss": self._train.total,
            "train_loss": self._train.total,
            "val_loss": self._val.total if judged else None,
            "best_val_loss": self._best_loss if judged else None,
            "policy_accuracy": (self._val if judged else self._train).accuracy,
            "early_stopped": self._is_stalled(),
        }

    def _is_stalled(self) -> bool:
        patience = self._options.patience
        judged = self._judged is not None
        return judged and patience > 0 and self._epoch - self._best_epoch >= patience

    def _run_epoch(self) -> None:
        size = self._options.batch_size
        seed = seed_of(self._session.job, Purpose.BATCHES)
        order = np.random.default_rng([*seed, self._epoch]).permutation(len(self._learned))
        batches = math.ceil(len(order) / size)
        rate = 0.0
        while self._batch < batches:
            self._session.tick(self._epoch, self._checkpoint)
            step = self._epoch * batches + self._batch
            rate = self._options.learning_rate * cosine(step, self._options.epochs * batches)
            rows = order[self._batch * size : (self._batch + 1) * size]
            batch = self._adam.step(batch_of(self._learned.take(rows)), rate)
            self._running = self._running.plus(batch.times(len(rows)))
            self._batch += 1
        self._end_epoch(rate)

    def _end_epoch(self, rate: float) -> None:
        self._train = self._running.times(1 / len(self._learned))
        if not math.isfinite(self._train.total):
            raise WorkloadError(
                f"training diverged in epoch {self._epoch + 1}: the loss is {self._train.total}; "
                f"a learning_rate below {self._options.learning_rate} may help"
            )
        self._epoch, self._batch, self._running = self._epoch + 1, 0, NO_LOSSES
        if self._judged is not None:
            self._val = losses(self.network, self._judged)
            if self._val.total < self._best_loss:
                self._best_loss, self._best_epoch = self._val.total, self._epoch
                self._best = self.network.copy()
        epochs = self._options.epochs
        self._session.progress(self._epoch, epochs, "epochs", self._metrics(rate), always=True)

    def _metrics(self, rate: float) -> dict[str, Metric]:
        outcome = self.outcome()
        names = ("train_loss", "val_loss", "policy_accuracy")
        told: dict[str, Metric] = {name: outcome[name] for name in names}
        return {"epoch": self._epoch, "total_epochs": self._options.epochs, **told, "lr": rate}

    def _checkpoint(self) -> bytes:
        best = {f"best_{name}": weight for name, weight in self._best.to_arrays().items()}
        state: Arrays = {
            "counts": np.array([self._epoch, self._batch, self._best_epoch]),
            "best_loss": np.array(self._best_loss),
            "losses": np.array([self._running, self._train, self._val]),
        }
        return pack({**self.network.to_arrays(), **best, **self._adam.to_arrays(), **state})

    def _restore(self) -> None:
        saved = self._session.restore()
        if saved is None:
            return
        arrays = unpack(saved)
        names = [name for name in arrays if name.startswith("best_weight")]
        best = {name.removeprefix("best_"): arrays[name] for name in names}
        self.network.assign(Network.from_arrays(arrays))
        self._adam.restore(arrays)
        self._best = Network.from_arrays(best)
        self._best_loss = float(arrays["best_loss"])
        self._epoch, self._batch, self._best_epoch = (int(n) for n in arrays["counts"])
        self._running, self._train, self._val = (
            Losses(*(float(number) for number in row)) for row in arrays["losses"]
        )
