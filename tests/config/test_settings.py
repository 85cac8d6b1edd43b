from typing import Any

import msgspec
import pytest

from ringleader.actors.options import StageOptions, StagesOptions
from ringleader.config.entry import HealthEntry, LimitEntry, ProcessEntry
from ringleader.config.layers import known
from ringleader.config.schema import keys
from ringleader.config.settings import Settings, TreeEntry
from ringleader.supervisors.options import BackoffOptions, QuarantineOptions, ThresholdOptions


def test_the_defaults_are_those_of_the_documents() -> None:
    settings = Settings()

    assert settings.node.data_dir == "./.ringleader"
    assert settings.events.dedup_window == 60
    assert settings.events.handler_timeout == 600
    assert settings.events.validation_strict  # unlike the documents: nothing is lost in silence
    assert settings.event_log.retention == 24 * 3600
    assert settings.events.poll_interval == 5
    assert (settings.supervision.intensity, settings.supervision.period) == (10, 60)
    assert settings.supervision.crash_loop_count == 3
    assert settings.supervision.crash_loop_window == 300
    assert settings.supervision.on_limit == "quarantine"
    assert settings.supervision.quarantine == "degraded"
    assert settings.stages.train.timeout == 4 * 3600


def test_the_defaults_are_valid_themselves() -> None:
    defaults: Any = msgspec.to_builtins(Settings())

    assert msgspec.convert(defaults, Settings) == Settings()


STRUCTS = [
    Settings,
    TreeEntry,
    LimitEntry,
    HealthEntry,
    ProcessEntry,
    BackoffOptions,
    QuarantineOptions,
    ThresholdOptions,
]


@pytest.mark.parametrize("struct", STRUCTS)
def test_every_key_says_what_it_means(struct: type[msgspec.Struct]) -> None:
    assert [path for path, key in known(struct) if not key.description] == []


def test_every_number_says_its_range() -> None:
    unbounded = [
        path
        for path, key in known(Settings)
        if key.expected.startswith(("a number", "an integer"))
        and not any(word in key.expected for word in ("at least", "above"))
    ]

    assert unbounded == []


def test_the_interpreter_is_put_into_a_command() -> None:
    stage = StageOptions(command=("{python}", "-m", "x", "--with={python}"))

    assert stage.argv("/bin/python3") == ("/bin/python3", "-m", "x", "--with=/bin/python3")


def test_every_stage_has_the_embedded_program() -> None:
    stages = StagesOptions()

    assert {name: getattr(stages, name).command[-1] for name in keys(StagesOptions)} == {
        name: f"ringleader.actors.workloads.{name}"
        for name in ("selfplay", "export", "combine", "train", "evaluate")
    }
