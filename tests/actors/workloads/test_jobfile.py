from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec
import pytest

from ringleader.actors.workloads.errors import BadJobFileError
from ringleader.actors.workloads.jobfile import load_job, load_options
from ringleader.actors.workloads.options import SelfplayOptions
from ringleader.actors.workloads.protocol import JobFile

if TYPE_CHECKING:
    from pathlib import Path


def job_with(**options: Any) -> JobFile:
    return JobFile(
        job_id="j", kind="selfplay", config_key="hex5_2p", work_dir="work", options=options
    )


def test_missing_options_have_their_defaults() -> None:
    options = load_options(job_with(games=7), SelfplayOptions)

    assert options == SelfplayOptions(games=7)


def test_a_misspelt_option_is_answered_with_the_nearest_one() -> None:
    with pytest.raises(BadJobFileError, match="'simulation'; did you mean 'simulations'"):
        load_options(job_with(simulation=3), SelfplayOptions)


def test_an_unknown_option_is_answered_with_those_there_are() -> None:
    with pytest.raises(BadJobFileError, match="known are checkpoint_seconds, games"):
        load_options(job_with(zzz=3), SelfplayOptions)


@pytest.mark.parametrize("options", [{"games": 0}, {"games": "many"}, {"checkpoint_seconds": 9}])
def test_an_option_out_of_range_is_named(options: dict[str, Any]) -> None:
    with pytest.raises(BadJobFileError, match=next(iter(options))):
        load_options(job_with(**options), SelfplayOptions)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (b"{", "not JSON"),
        (b"\xff", "not JSON"),
        (b"{}", "job_id"),
        (msgspec.json.encode(job_with()).replace(b'"selfplay"', b'"play"'), "play"),
        (msgspec.json.encode(job_with()).replace(b'"selfplay"', b'"train"'), "does 'selfplay'"),
    ],
)
def test_a_bad_job_file_is_named_with_what_is_wrong(
    tmp_path: Path, text: bytes, reason: str
) -> None:
    path = tmp_path / "job.json"
    path.write_bytes(text)

    with pytest.raises(BadJobFileError, match=reason) as error:
        load_job(path, "selfplay")

    assert str(path) in str(error.value)


def test_a_missing_job_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(BadJobFileError, match=r"nothing\.json: No such file"):
        load_job(tmp_path / "nothing.json", "selfplay")
