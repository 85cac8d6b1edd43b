from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from ringleader.actors.errors import RingleaderError
from ringleader.supervisors import answers
from ringleader.supervisors.errors import (
    AlreadyPresent,
    AlreadyStarted,
    BadChildSpec,
    ChildNotFound,
    ChildRestarting,
    ChildRunning,
    StartFailed,
    StartIgnored,
    SupervisorError,
    WrongStrategy,
)

if TYPE_CHECKING:
    from collections.abc import Callable

READERS: list[Callable[[Any, str], object]] = [
    answers.started,
    answers.started_dynamic,
    answers.started_all,
    answers.restarted,
    answers.done,
    answers.spec_of,
]


@pytest.mark.parametrize("read", READERS)
@pytest.mark.parametrize("answer", [None, "not_ok", ("ok", 1, 2, 3), ("maybe", "x")])
def test_an_answer_of_an_unknown_form_is_named(
    read: Callable[[Any, str], object], answer: object
) -> None:
    with pytest.raises(SupervisorError, match="an answer of an unknown form: "):
        read(answer, "a")


def test_every_refusal_is_one_of_ours() -> None:
    for error in (
        AlreadyPresent,
        AlreadyStarted,
        BadChildSpec,
        ChildNotFound,
        ChildRestarting,
        ChildRunning,
        StartFailed,
        StartIgnored,
        WrongStrategy,
    ):
        assert issubclass(error, SupervisorError)
    assert issubclass(SupervisorError, RingleaderError)
