from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from ringleader.actors.daemons import job_files
from ringleader.actors.daemons.job_files import JobFiles
from ringleader.actors.daemons.job_messages import JobRequest
from ringleader.actors.workloads.protocol import read_job

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def request_(tmp_path: Path) -> JobRequest:
    return JobRequest(
        job_id="j1",
        kind="train",
        config_key="hex5_2p",
        iteration=2,
        command=("true",),
        inputs={"samples": ("a.npz", "b.npz")},
        outputs={"model": str(tmp_path / "models" / "m.npz")},
        options={"epochs": 3},
        seed=7,
    )


def test_the_job_file_says_what_was_asked(tmp_path: Path, request_: JobRequest) -> None:
    files = JobFiles(tmp_path, request_)
    files.prepare()
    job = read_job(files.job.read_bytes())
    assert (job.job_id, job.kind, job.config_key, job.iteration, job.seed) == (
        "j1",
        "train",
        "hex5_2p",
        2,
        7,
    )
    assert job.inputs == {"samples": ("a.npz", "b.npz")}
    assert job.options == {"epochs": 3}
    assert job.work_dir == str(tmp_path / "j1" / "work")
    assert (tmp_path / "j1" / "work").is_dir()
    assert (tmp_path / "models").is_dir()


def test_a_result_is_found_again_while_its_outputs_are_there(
    tmp_path: Path, request_: JobRequest
) -> None:
    files = JobFiles(tmp_path, request_)
    files.prepare()
    assert files.result() is None
    files.finish({"loss": 0.5})
    assert files.result() is None
    (tmp_path / "models" / "m.npz").touch()
    assert files.result() == {"loss": 0.5}
    files.prepare()
    assert JobFiles(tmp_path, request_).result() == {"loss": 0.5}


def test_the_result_of_another_job_of_the_same_id_is_forgotten(
    tmp_path: Path, request_: JobRequest
) -> None:
    request_ = replace(request_, outputs={})
    files = JobFiles(tmp_path, request_)
    files.prepare()
    files.finish({"loss": 0.5})
    other = JobFiles(tmp_path, replace(request_, options={"epochs": 4}))
    other.prepare()
    assert other.result() is None


def test_a_damaged_result_is_none(tmp_path: Path, request_: JobRequest) -> None:
    files = JobFiles(tmp_path, replace(request_, outputs={}))
    files.prepare()
    (files.directory / "result.json").write_text("{")
    assert files.result() is None


def test_the_last_words_are_the_last_line_of_stderr(tmp_path: Path, request_: JobRequest) -> None:
    files = JobFiles(tmp_path, request_)
    files.prepare()
    assert files.last_words() == ""
    with files.open_stderr() as stderr:
        stderr.write(b"x" * 10_000 + b"\nTraceback\n  ValueError: no\n\n")
    assert files.last_words() == "ValueError: no"
    with files.open_stderr() as stderr:
        stderr.write(b"again")
    assert files.last_words() == "again"


def test_stderr_that_has_grown_too_long_is_begun_afresh(
    tmp_path: Path, request_: JobRequest, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(job_files, "STDERR_BYTES", 10)
    files = JobFiles(tmp_path, request_)
    files.prepare()
    for _ in range(2):
        with files.open_stderr() as stderr:
            stderr.write(b"123456")
    assert (files.directory / "stderr.log").stat().st_size == 12
    with files.open_stderr() as stderr:
        stderr.write(b"123456")
    assert (files.directory / "stderr.log").stat().st_size == 6
