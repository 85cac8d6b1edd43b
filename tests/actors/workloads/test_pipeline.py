"""All stages, run in this process: what each leaves is what the next one needs."""

from __future__ import annotations

from tests.actors.workloads import needs_selfplay  # before NumPy: skips without the extra

# isort: split
import signal
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import msgspec
import numpy as np
import pytest

from ringleader.actors.workloads import combining, exporting, gauntlet, playing, training
from ringleader.actors.workloads.arrays import read_arrays, write_arrays
from ringleader.actors.workloads.errors import (
    BadInputError,
    BadJobFileError,
    Interrupted,
    WorkloadError,
)
from ringleader.actors.workloads.jobfile import load_options
from ringleader.actors.workloads.options import (
    CombineOptions,
    EvaluateOptions,
    ExportOptions,
    JobOptions,
    SelfplayOptions,
    TrainOptions,
)
from ringleader.actors.workloads.session import Session

if TYPE_CHECKING:
    from ringleader.actors.workloads.protocol import JobFile, JobKind
    from tests.actors.workloads.conftest import JobFactory

pytestmark = needs_selfplay.MARK

Work = Callable[[Session[Any]], dict[str, Any]]
STAGES: dict[JobKind, tuple[Work, type[JobOptions]]] = {
    "selfplay": (playing.work, SelfplayOptions),
    "export": (exporting.work, ExportOptions),
    "combine": (combining.work, CombineOptions),
    "train": (training.work, TrainOptions),
    "evaluate": (gauntlet.work, EvaluateOptions),
}
OPTIONS: dict[JobKind, dict[str, Any]] = {
    "selfplay": {"games": 12, "simulations": 8, "games_at_once": 5},
    "export": {},
    "combine": {},
    "train": {"epochs": 4, "batch_size": 16, "hidden": (16,)},
    "evaluate": {
        "random_games": 6,
        "heuristic_games": 4,
        "best_games": 4,
        "first_games": 4,
        "simulations": 4,
        "heuristic_simulations": 4,
        "games_at_once": 4,
        "stop_early_confidence": 0,
    },
}


class Pipeline:
    """Jobs of hex3_2p in a directory of their own."""

    def __init__(self, new_job: JobFactory) -> None:
        self.new_job = new_job

    def job(self, kind: JobKind, tag: str = "", **fields: Any) -> JobFile:
        options = {**OPTIONS[kind], **fields.pop("options", {})}
        return self.new_job(kind, tag=tag, options=options, **fields)

    def do(self, kind: JobKind, tag: str = "", **fields: Any) -> dict[str, Any]:
        return do(self.job(kind, tag, **fields))

    def samples(self) -> str:
        """Play and export; return the path of the samples."""
        games = self.do("selfplay")["output_path"]
        return cast("str", self.do("export", inputs={"games": games})["output_path"])

    def model(self, tag: str = "", **fields: Any) -> str:
        """Train on fresh samples; return the path of the model."""
        inputs = {"samples": self.samples()}
        return cast("str", self.do("train", tag, inputs=inputs, **fields)["model_path"])


@pytest.fixture
def pipeline(new_job: JobFactory) -> Pipeline:
    return Pipeline(new_job)


def do(job: JobFile, *, eager: bool = False, interrupt_after: int | None = None) -> dict[str, Any]:
    """Do a job in this process; with `interrupt_after`, a signal comes at that tick."""
    work, options = STAGES[job.kind]
    complete = load_options(job, options)
    if eager:
        complete = msgspec.structs.replace(complete, checkpoint_seconds=0)
    session = InterruptedSession(job, complete, interrupt_after)
    return work(session)


class InterruptedSession(Session[JobOptions]):
    """A session that a signal reaches at a tick of the test's choice."""

    def __init__(self, job: JobFile, options: JobOptions, after: int | None) -> None:
        super().__init__(job, options)
        self.ticks = 0
        self.after = after

    def tick(self, done: int, content: Callable[[], bytes]) -> None:
        self.ticks += 1
        if self.ticks == self.after:
            self.interrupted_by = signal.SIGTERM
        super().tick(done, content)


def content(path: str) -> dict[str, Any]:
    """Return the arrays in a file, without the time it was written at."""
    arrays = read_arrays(Path(path), (), "anything")
    return {name: array.tolist() for name, array in arrays.items() if name != "created"}


def test_an_iteration_goes_from_games_to_a_rated_model(pipeline: Pipeline) -> None:
    played = [
        pipeline.do("selfplay", tag, options={"games": 6, "first_game": first})
        for tag, first in (("-a", 0), ("-b", 6))
    ]
    exported = pipeline.do("export", inputs={"games": [r["output_path"] for r in played]})
    combined = pipeline.do("combine", inputs={"samples": exported["output_path"]})
    trained = pipeline.do("train", inputs={"samples": combined["output_path"]})
    rated = pipeline.do("evaluate", inputs={"model": trained["model_path"]})

    assert [(r["games"], r["engine"]) for r in played] == [(6, "rollouts")] * 2
    assert exported["games"] + exported["games_dropped"] == 12
    assert 0 < exported["samples"] <= 2 * sum(r["samples"] for r in played)
    assert combined["samples_by_source"] == {exported["output_path"]: exported["samples"]}
    assert combined["total_samples"] == trained["samples"] == exported["samples"]
    assert trained["epochs"] == 4
    assert trained["val_loss"] is not None
    assert rated["model_id"] == trained["model_id"]
    assert set(rated["opponents"]) == {"random", "heuristic"}
    assert rated["games_played"] == 10
    assert rated["elo"] is not None
    assert rated["elo_delta"] is None


def test_a_model_plays_the_next_games_and_is_what_the_next_one_is_measured_by(
    pipeline: Pipeline,
) -> None:
    first = pipeline.model()
    played = pipeline.do("selfplay", "-2", iteration=2, inputs={"model": first})
    exported = pipeline.do("export", "-2", inputs={"games": played["output_path"]})
    trained = pipeline.do(
        "train", "-2", inputs={"samples": exported["output_path"], "model": first}
    )
    inputs = {"model": trained["model_path"], "best": first, "first": first}
    rated = pipeline.do("evaluate", "-2", inputs=inputs)
    anchored = pipeline.do("evaluate", "-3", inputs=inputs, options={"best_elo": 1000.0})

    assert played["engine"] == "network"
    assert played["model_id"]
    assert set(rated["opponents"]) == {"random", "heuristic", "best", "first"}
    assert all(s["wins"] + s["losses"] == s["games"] for s in rated["opponents"].values())
    assert anchored["elo_delta"] == pytest.approx(anchored["elo"] - 1000)
    assert (rated["elo_delta"] > 0) == (rated["opponents"]["best"]["win_rate"] > 0.5)


@pytest.mark.parametrize("kind", ["selfplay", "export", "train", "evaluate"])
@pytest.mark.parametrize("after", [1, 2, 9])
def test_an_interrupted_job_ends_as_if_nothing_had_happened(
    pipeline: Pipeline, kind: JobKind, after: int
) -> None:
    model = pipeline.model("-0")
    samples = pipeline.do("export", "-0", inputs={"games": pipeline.do("selfplay")["output_path"]})
    inputs: dict[JobKind, dict[str, str]] = {
        "selfplay": {"model": model},
        "export": {"games": pipeline.do("selfplay", "-1", seed=1)["output_path"]},
        "train": {"samples": samples["output_path"]},
        "evaluate": {"model": model, "best": model},
    }
    whole = pipeline.job(kind, "-whole", inputs=inputs[kind])
    parts = pipeline.job(kind, "-parts", inputs=inputs[kind])

    expected = do(whole, eager=True)
    with pytest.raises(Interrupted):
        do(parts, eager=True, interrupt_after=after)
    found = do(parts)

    ignored = {"duration_seconds", "output_path", "model_path"}
    assert {k: v for k, v in found.items() if k not in ignored} == {
        k: v for k, v in expected.items() if k not in ignored
    }
    for name, path in parts.outputs.items():
        assert content(path) == content(whole.outputs[name])


def test_training_stops_when_it_no_longer_helps(pipeline: Pipeline) -> None:
    inputs = {"samples": pipeline.samples()}
    options = {"epochs": 50, "patience": 2, "learning_rate": 0.5, "validation_share": 0.3}

    trained = pipeline.do("train", inputs=inputs, options=options)

    assert trained["early_stopped"]
    assert trained["epochs"] < 50
    assert trained["best_val_loss"] <= trained["val_loss"]


def test_without_games_held_out_training_is_judged_by_what_it_learned(pipeline: Pipeline) -> None:
    inputs = {"samples": pipeline.samples()}

    trained = pipeline.do("train", inputs=inputs, options={"validation_share": 0.0})

    assert trained["val_loss"] is None
    assert not trained["early_stopped"]
    assert trained["final_loss"] == trained["train_loss"]


def test_training_that_diverges_says_what_may_help(pipeline: Pipeline, tmp_path: Path) -> None:
    samples = pipeline.samples()
    arrays = read_arrays(tmp_path / "samples.npz", (), "samples")
    arrays["values"][:] = np.nan
    write_arrays(tmp_path / "samples.npz", arrays)

    with pytest.raises(WorkloadError, match=r"diverged in epoch 1: .*learning_rate"):
        pipeline.do("train", inputs={"samples": samples})


def test_a_one_sided_match_is_stopped_early(pipeline: Pipeline) -> None:
    options = {
        "random_games": 60,
        "heuristic_games": 0,
        "simulations": 100,
        "stop_early_confidence": 0.9,
        "stop_early_games": 6,
    }

    rated = pipeline.do("evaluate", inputs={"model": pipeline.model()}, options=options)

    assert 6 <= rated["games_played"] < 60


def test_a_gauntlet_without_games_is_refused(pipeline: Pipeline) -> None:
    options = {"random_games": 0, "heuristic_games": 0}

    with pytest.raises(BadJobFileError, match="no games"):
        pipeline.do("evaluate", inputs={"model": pipeline.model()}, options=options)


def test_broken_and_repeated_games_are_left_out(pipeline: Pipeline, tmp_path: Path) -> None:
    games = pipeline.do("selfplay")["output_path"]
    arrays = read_arrays(tmp_path / "games.npz", (), "games")
    arrays["outcomes"][0] *= -1
    arrays["moves"][arrays["lengths"][0]] = 99
    write_arrays(tmp_path / "games.npz", arrays)

    exported = pipeline.do("export", inputs={"games": [games, games]})

    assert exported["games_dropped"] >= 2 + 12
    assert exported["quality"] == pytest.approx(exported["games"] / 24)


def test_exports_of_little_quality_are_no_training_set(pipeline: Pipeline) -> None:
    games = pipeline.do("selfplay")["output_path"]
    exported = pipeline.do("export", inputs={"games": [games, games]})
    inputs = {"samples": exported["output_path"]}

    with pytest.raises(BadInputError, match=r"none of 1 exports .* quality 0\.6"):
        pipeline.do("combine", inputs=inputs, options={"min_quality": 0.6})


def test_a_position_is_exported_with_its_turned_twin_or_alone(pipeline: Pipeline) -> None:
    games = pipeline.do("selfplay")["output_path"]

    twice = pipeline.do("export", "-1", inputs={"games": games})
    once = pipeline.do("export", "-2", inputs={"games": games}, options={"augment": False})

    assert twice["samples"] == 2 * once["samples"]


@pytest.mark.parametrize(
    ("kind", "name"), [("export", "games"), ("combine", "samples"), ("train", "model")]
)
def test_an_input_for_another_board_is_refused(
    pipeline: Pipeline, kind: JobKind, name: str
) -> None:
    paths = {"games": pipeline.do("selfplay")["output_path"], "model": pipeline.model("-3")}
    paths["samples"] = pipeline.samples()
    inputs = {name: paths[name]}
    if kind == "train":
        games = pipeline.do("selfplay", "-4", config_key="hex4_2p")["output_path"]
        exported = pipeline.do("export", "-4", config_key="hex4_2p", inputs={"games": games})
        inputs["samples"] = exported["output_path"]

    with pytest.raises(BadInputError, match=r"hex3.*hex4 is asked for"):
        pipeline.do(kind, "-5", config_key="hex4_2p", inputs=inputs)


@pytest.mark.parametrize(
    ("kind", "name"),
    [("selfplay", "model"), ("export", "games"), ("combine", "samples"), ("evaluate", "model")],
)
@pytest.mark.parametrize("damage", ["missing", "garbage", "other", "truncated"])
def test_a_bad_input_file_is_named(
    pipeline: Pipeline, tmp_path: Path, kind: JobKind, name: str, damage: str
) -> None:
    path = tmp_path / "input.npz"
    match damage:
        case "garbage":
            path.write_bytes(b"garbage")
        case "other":
            write_arrays(path, {"hens": np.zeros(3)})
        case "truncated":
            write_arrays(path, {"hens": np.zeros(300)})
            path.write_bytes(path.read_bytes()[:-100])
        case _:
            pass

    with pytest.raises(BadInputError, match=r"input\.npz: "):
        pipeline.do(kind, inputs={name: str(path)})


def test_no_input_is_unpickled(pipeline: Pipeline, tmp_path: Path) -> None:
    path = tmp_path / "input.npz"
    np.savez(path, lengths=np.array([{"a": 1}], dtype=object))

    with pytest.raises(BadInputError, match=r"input\.npz: "):
        pipeline.do("export", inputs={"games": str(path)})
