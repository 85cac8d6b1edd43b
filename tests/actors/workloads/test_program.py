from __future__ import annotations

import signal
import sys
import types
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Protocol

import pytest

from ringleader.actors.workloads import program
from ringleader.actors.workloads.errors import BadInputError
from ringleader.actors.workloads.options import ExportOptions
from ringleader.actors.workloads.protocol import (
    EXIT_BAD_JOB,
    EXIT_FAILED,
    EXIT_MISSING_EXTRA,
    EXIT_ORPHANED,
    EXIT_TERMINATED,
    Failure,
    Line,
    Result,
    parse_line,
    write_job,
)
from ringleader.actors.workloads.session import Session

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.actors.workloads.conftest import JobFactory

Work = Callable[[Session[ExportOptions]], dict[str, Any]]
Outcome = tuple[int, list[Line]]


class Do(Protocol):
    """Runs the program with a worker of the test's; returns the exit code and the lines."""

    def __call__(self, work: Work, *, config_key: str = "hex3_2p") -> Outcome: ...


class OrphanedError(Exception):
    """Stands for the end of the process."""


@pytest.fixture(autouse=True)
def _signals_as_before() -> Iterator[None]:
    kept = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)}
    yield
    for number, handler in kept.items():
        signal.signal(number, handler)


@pytest.fixture
def do(
    new_job: JobFactory,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfdbinary: pytest.CaptureFixture[bytes],
) -> Do:
    def exit_at_once(code: int) -> None:
        raise OrphanedError(code)

    def run(work: Work, *, config_key: str = "hex3_2p") -> Outcome:
        path = tmp_path / "job.json"
        path.write_bytes(write_job(new_job("export", config_key=config_key)))
        worker = types.ModuleType("worker_of_this_test")
        vars(worker)["work"] = work
        monkeypatch.setitem(sys.modules, worker.__name__, worker)
        monkeypatch.setattr("os._exit", exit_at_once)
        code = program.main("export", ExportOptions, worker.__name__, ["--job", str(path)])
        return code, [parse_line(line) for line in capfdbinary.readouterr().out.splitlines()]

    return run


def test_the_result_is_the_last_line_and_the_exit_code_0(do: Do) -> None:
    assert do(lambda _: {"samples": 3}) == (0, [Result({"samples": 3})])


def test_a_job_that_is_done_is_not_done_again(do: Do) -> None:
    def work(session: Session[ExportOptions]) -> dict[str, Any]:
        session.output("samples").touch()
        return {"samples": 3}

    first = do(work)

    assert do(lambda _: pytest.fail("done twice")) == first


@pytest.mark.parametrize(
    ("error", "kind", "message"),
    [
        (BadInputError("a.npz: is not there"), "bad-input", "a.npz: is not there"),
        (OSError(28, "No space left on device"), "failed", "[Errno 28] No space left on device"),
        (ZeroDivisionError("oh"), "failed", "ZeroDivisionError: oh"),
    ],
)
def test_an_error_is_told_with_its_kind(do: Do, error: Exception, kind: Any, message: str) -> None:
    def work(_: object) -> dict[str, Any]:
        raise error

    assert do(work) == (EXIT_FAILED, [Failure(kind=kind, message=message)])


def test_an_unknown_board_is_a_bad_job_file(do: Do) -> None:
    code, (line,) = do(lambda _: dict[str, Any](), config_key="hex5_4p")

    assert code == EXIT_BAD_JOB
    assert isinstance(line, Failure)
    assert "hex5_4p" in line.message


def test_sigterm_ends_with_a_checkpoint_and_143(do: Do, tmp_path: Path) -> None:
    def work(session: Session[ExportOptions]) -> dict[str, Any]:
        signal.raise_signal(signal.SIGTERM)
        session.tick(1, lambda: b"state")
        raise AssertionError

    code, _ = do(work)

    assert code == EXIT_TERMINATED
    assert (tmp_path / "work-export" / "export.checkpoint").exists()


def test_a_reader_that_left_ends_the_program(do: Do) -> None:
    def work(_: object) -> dict[str, Any]:
        raise BrokenPipeError

    with pytest.raises(OrphanedError, match=str(EXIT_ORPHANED)):
        do(work)


def test_a_package_that_is_missing_is_named_with_the_extra(
    do: Do,
    monkeypatch: pytest.MonkeyPatch,
    capfdbinary: pytest.CaptureFixture[bytes],
    tmp_path: Path,
) -> None:
    do(lambda _: dict[str, Any]())
    (tmp_path / "work-export" / "export.result.json").unlink()
    (tmp_path / "needs_hens.py").write_text("import hens")
    monkeypatch.setattr(sys, "path", [str(tmp_path), *sys.path])

    arguments = ["--job", str(tmp_path / "job.json")]
    code = program.main("export", ExportOptions, "needs_hens", arguments)

    line = parse_line(capfdbinary.readouterr().out)
    assert code == EXIT_MISSING_EXTRA
    assert isinstance(line, Failure)
    assert line.kind == "missing-extra"
    assert "hens" in line.message
    assert "pip install 'ringleader[selfplay]'" in line.message


@pytest.mark.parametrize("arguments", [[], ["--jobs", "x"], ["--job"], ["--job", "nowhere.json"]])
def test_a_wrong_command_line_is_a_bad_job_file(
    arguments: list[str], capfdbinary: pytest.CaptureFixture[bytes]
) -> None:
    code = program.main("export", ExportOptions, "nothing", arguments)

    output = capfdbinary.readouterr()
    line = parse_line(output.out)
    assert code == EXIT_BAD_JOB
    assert isinstance(line, Failure)
    assert line.kind == "bad-input"
    assert output.err.decode().strip() == line.message
