from __future__ import annotations

import msgspec
import pytest
from hypothesis import given, strategies as st

from ringleader.actors.workloads.protocol import (
    MAX_LINE_BYTES,
    Checkpoint,
    Failure,
    JobFile,
    Line,
    Log,
    Progress,
    Result,
    encode_line,
    parse_line,
    read_job,
    write_job,
)

metrics = st.dictionaries(
    st.text(max_size=8), st.one_of(st.none(), st.integers(-9, 9), st.text(max_size=8))
)
lines: st.SearchStrategy[Line] = st.one_of(
    st.builds(Progress, done=st.integers(0, 99), total=st.integers(0, 99), metrics=metrics),
    st.builds(Checkpoint, done=st.integers(0, 99)),
    st.builds(Log, message=st.text(), level=st.sampled_from(["debug", "info", "warning", "error"])),
    st.builds(Failure, kind=st.just("failed"), message=st.text()),
    st.builds(Result, st.dictionaries(st.text(min_size=6), st.integers(-9, 9), max_size=3)),
)


@given(lines)
def test_what_a_program_says_is_what_its_owner_reads(line: Line) -> None:
    encoded = encode_line(line)

    assert encoded.endswith(b"\n")
    assert encoded.count(b"\n") == 1
    assert parse_line(encoded) == line


@given(st.binary(max_size=200))
def test_any_line_can_be_read(text: bytes) -> None:
    parse_line(text)


@pytest.mark.parametrize("text", [b"loading...", b"[1, 2]", b'{"event": "party"}', b"3", b""])
def test_a_line_of_another_kind_is_a_log_line(text: bytes) -> None:
    assert parse_line(text + b"\n") == Log(text.decode())


def test_a_line_with_wrong_fields_is_a_warning_that_says_what_is_wrong() -> None:
    line = parse_line(b'{"event": "progress", "done": "many", "total": 3}')

    assert isinstance(line, Log)
    assert line.level == "warning"
    assert "$.done" in line.message


def test_an_endless_line_is_left_out() -> None:
    line = parse_line(b"x" * (MAX_LINE_BYTES + 1))

    assert isinstance(line, Log)
    assert len(line.message) < 100


def test_a_loss_that_is_no_number_arrives_as_none() -> None:
    line = parse_line(encode_line(Progress(done=1, total=2, metrics={"loss": float("nan")})))

    assert line == Progress(done=1, total=2, metrics={"loss": None})


def test_a_job_file_is_read_as_it_was_written() -> None:
    job = JobFile(
        job_id="train-1",
        kind="train",
        config_key="hex5_2p",
        iteration=2,
        seed=7,
        work_dir="work",
        inputs={"samples": ("a.npz", "b.npz"), "model": "m.npz"},
        outputs={"model": "n.npz"},
        options={"epochs": 3},
    )

    assert read_job(write_job(job)) == job


def test_a_misspelt_field_of_a_job_file_is_named() -> None:
    text = b'{"job_id": "j", "kind": "train", "config_key": "hex5_2p", "workdir": "."}'

    with pytest.raises(msgspec.ValidationError, match="workdir"):
        read_job(text)
