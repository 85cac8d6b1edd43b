"""Frames between a process actor and its parent."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, strategies as st

from ringleader.actors.errors import BadValue
from ringleader.supervisors.process_frames import FrameReader, Word, pack

frames = st.lists(
    st.lists(st.integers(0, 100) | st.binary() | st.booleans() | st.none(), min_size=1), max_size=5
)


@given(frames, st.integers(1, 7))
def test_frames_come_out_as_they_went_in_however_the_stream_is_cut(
    sent: list[list[Any]], size: int
) -> None:
    stream = b"".join(pack(*frame) for frame in sent)
    reader = FrameReader()
    received = [
        frame
        for place in range(0, len(stream), size)
        for frame in reader.feed(stream[place : place + size])
    ]
    assert received == sent


def test_a_frame_that_is_too_large_is_refused_before_it_is_read() -> None:
    with pytest.raises(BadValue, match="a frame of 1000 bytes; at most 100"):
        FrameReader(limit=100).feed((1000).to_bytes(4, "big"))


@pytest.mark.parametrize("body", [b"\xc1", b"\x01", b"\x90", b""])
def test_what_is_no_frame_is_refused(body: bytes) -> None:
    with pytest.raises(BadValue, match="not a frame"):
        FrameReader().feed(len(body).to_bytes(4, "big") + body)


def test_words_are_numbers_on_the_wire() -> None:
    assert FrameReader().feed(pack(Word.STOP, b"x")) == [[5, b"x"]]
