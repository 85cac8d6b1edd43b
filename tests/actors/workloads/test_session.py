from __future__ import annotations

import signal
from typing import TYPE_CHECKING

import msgspec
import pytest

from ringleader.actors.workloads.errors import BadJobFileError, Interrupted
from ringleader.actors.workloads.options import ExportOptions
from ringleader.actors.workloads.protocol import (
    Checkpoint,
    JobFile,
    Line,
    Log,
    Progress,
    parse_line,
)
from ringleader.actors.workloads.session import Session

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.actors.workloads.conftest import JobFactory

EAGER = ExportOptions(checkpoint_seconds=0)
LAZY = ExportOptions(checkpoint_seconds=3)


@pytest.fixture
def said(capfdbinary: pytest.CaptureFixture[bytes]) -> Callable[[], list[Line]]:
    """Return the lines printed since the last look."""
    return lambda: [parse_line(line) for line in capfdbinary.readouterr().out.splitlines()]


@pytest.fixture
def job(new_job: JobFactory) -> JobFile:
    return new_job("export", inputs={"games": ("a.npz", "b.npz"), "one": "c.npz"})


def test_inputs_and_outputs_are_paths(job: JobFile) -> None:
    session = Session(job, EAGER)

    assert [path.name for path in session.input_list("games")] == ["a.npz", "b.npz"]
    assert [path.name for path in session.input_list("one")] == ["c.npz"]
    assert session.input("one").name == "c.npz"
    assert session.optional_input("none") is None
    assert session.output("samples").name == "samples.npz"


@pytest.mark.parametrize(
    ("method", "name", "reason"),
    [
        ("input", "none", "inputs.none is missing"),
        ("input_list", "none", "inputs.none names no file"),
        ("optional_input", "games", "inputs.games must be one path"),
        ("output", "none", "outputs.none is missing"),
    ],
)
def test_a_path_that_the_job_file_lacks_is_named(
    job: JobFile, method: str, name: str, reason: str
) -> None:
    look_up = getattr(Session(job, EAGER), method)

    with pytest.raises(BadJobFileError, match=reason):
        look_up(name)


def test_an_unknown_board_is_refused_at_once(new_job: JobFactory) -> None:
    with pytest.raises(BadJobFileError, match="square8_2p"):
        Session(new_job("export", config_key="square8_2p"), EAGER)


def test_a_checkpoint_is_found_by_the_same_job_only(
    job: JobFile, said: Callable[[], list[Line]]
) -> None:
    Session(job, EAGER).tick(3, lambda: b"state\nof things")
    assert said() == [Checkpoint(done=3)]

    assert Session(job, EAGER).restore() == b"state\nof things"
    assert not said()

    other = msgspec.structs.replace(job, seed=99)
    assert Session(other, EAGER).restore() is None
    assert [type(line) for line in said()] == [Log]


def test_a_damaged_checkpoint_is_told_and_left_alone(
    job: JobFile, tmp_path: Path, said: Callable[[], list[Line]]
) -> None:
    Session(job, EAGER).tick(3, lambda: b"state")
    path = tmp_path / "work-export" / "export.checkpoint"
    path.write_bytes(path.read_bytes()[:-1])
    said()

    assert Session(job, EAGER).restore() is None
    (line,) = said()
    assert isinstance(line, Log)
    assert line.level == "warning"


def test_without_a_checkpoint_there_is_nothing_to_go_on_from(job: JobFile) -> None:
    assert Session(job, EAGER).restore() is None


def test_a_checkpoint_waits_until_it_is_due(job: JobFile, said: Callable[[], list[Line]]) -> None:
    session = Session(job, LAZY)

    session.tick(1, lambda: pytest.fail("not due yet"))

    assert not said()


def test_a_signal_ends_the_job_at_the_next_tick_with_a_checkpoint(
    job: JobFile, said: Callable[[], list[Line]]
) -> None:
    session = Session(job, LAZY)
    session.interrupted_by = signal.SIGTERM

    with pytest.raises(Interrupted) as interruption:
        session.tick(2, lambda: b"state")

    assert interruption.value.signum == signal.SIGTERM
    assert said() == [Checkpoint(done=2)]
    assert Session(job, LAZY).restore() == b"state"


def test_progress_in_quick_succession_is_left_out_but_for_the_end(
    job: JobFile, said: Callable[[], list[Line]]
) -> None:
    session = Session(job, EAGER)

    for done in range(4):
        session.progress(done, 3, "games")
    session.progress(1, 3, "games", {"loss": 0.5}, always=True)

    assert said() == [
        Progress(done=0, total=3, unit="games"),
        Progress(done=3, total=3, unit="games"),
        Progress(done=1, total=3, unit="games", metrics={"loss": 0.5}),
    ]


def test_a_result_is_kept_while_its_outputs_are_there(job: JobFile, tmp_path: Path) -> None:
    session = Session(job, EAGER)
    assert session.finished() is None

    session.finish({"samples": 3})
    assert Session(job, EAGER).finished() is None
    (tmp_path / "samples.npz").touch()
    assert Session(job, EAGER).finished() == {"samples": 3}
    assert Session(msgspec.structs.replace(job, iteration=2), EAGER).finished() is None
