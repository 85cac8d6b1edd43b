from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from ringleader.actors.daemons.job_errors import JobError
from ringleader.actors.daemons.job_messages import STAGE_OF, TASK_TYPE_OF, JobRequest
from ringleader.actors.daemons.job_settings import JobSettings
from ringleader.actors.journal import STAGES
from ringleader.actors.options import StageOptions, StagesOptions
from ringleader.actors.workloads.protocol import JOB_KINDS


def request(**fields: Any) -> JobRequest:
    known: dict[str, Any] = {
        "job_id": "j1",
        "kind": "train",
        "config_key": "hex5_2p",
        "iteration": 1,
        "command": ("true",),
        **fields,
    }
    return JobRequest(**known)


def settings(**fields: Any) -> JobSettings:
    stages = StagesOptions(
        train=StageOptions(
            command=("{python}", "train.py"), timeout=60, options={"epochs": 3, "rate": 0.1}
        )
    )
    return JobSettings(stages=stages, data_dir=Path("data"), python="/bin/python", **fields)


@pytest.mark.parametrize("job_id", ["", "a/b", "..", ".hidden", "-x", "a b", "ä"])
def test_an_id_that_can_not_name_a_directory_is_refused(job_id: str) -> None:
    with pytest.raises(JobError, match=r"can't name a directory; use letters, digits"):
        request(job_id=job_id)


def test_a_request_without_a_command_is_refused() -> None:
    with pytest.raises(JobError, match="j1 has no command"):
        request(command=())


def test_every_kind_of_job_works_for_a_stage_and_has_a_task_type() -> None:
    assert set(STAGE_OF) == set(TASK_TYPE_OF) == set(JOB_KINDS)
    assert set(STAGE_OF.values()) <= set(STAGES)
    assert (request().stage, request().task_type) == ("training", "training")


def test_a_request_has_the_settings_of_its_stage() -> None:
    made = settings(seed=5).request(
        "train",
        "train-1",
        config_key="hex5_2p",
        iteration=1,
        part=2,
        inputs={"samples": "s.npz"},
        outputs={"model": "m.npz"},
        options={"rate": 0.2},
        notify="/boss",
    )
    assert made.command == ("/bin/python", "train.py")
    assert made.timeout == 60
    assert made.options == {"epochs": 3, "rate": 0.2}
    assert (made.inputs, made.outputs) == ({"samples": "s.npz"}, {"model": "m.npz"})
    assert (made.part, made.notify) == (2, "/boss")
    assert made.seed == settings(seed=5).seed_of("train-1")


def test_jobs_have_unrelated_seeds_that_follow_from_the_run() -> None:
    same, other = settings(seed=1), settings(seed=2)
    assert same.seed_of("a") == settings(seed=1).seed_of("a")
    assert len({same.seed_of("a"), same.seed_of("b"), other.seed_of("a")}) == 3


def test_jobs_live_below_the_data_directory() -> None:
    assert settings().jobs_dir == Path("data").absolute() / "jobs"
