from __future__ import annotations

import subprocess
import sys

import msgspec
import pytest

from ringleader.actors.workloads.options import (
    CombineOptions,
    EvaluateOptions,
    ExportOptions,
    JobOptions,
    SelfplayOptions,
    TrainOptions,
)

ALL = [SelfplayOptions, ExportOptions, CombineOptions, TrainOptions, EvaluateOptions]


@pytest.mark.parametrize("options", ALL)
def test_defaults_are_within_their_own_bounds(options: type[JobOptions]) -> None:
    defaults = msgspec.to_builtins(options())

    assert msgspec.convert(defaults, options) == options()


@pytest.mark.parametrize("options", ALL)
def test_every_option_says_what_it_means(options: type[JobOptions]) -> None:
    properties = msgspec.json.schema(options)["$defs"][options.__name__]["properties"]

    assert all(field.get("description") for field in properties.values())


def test_options_and_protocol_are_there_without_numpy_and_open_spiel() -> None:
    code = (
        "import sys;"
        "import ringleader.actors.workloads.options, ringleader.actors.workloads.protocol,"
        "ringleader.actors.workloads.board;"
        "sys.exit(bool({'numpy', 'pyspiel'} & set(sys.modules)))"
    )

    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0  # noqa: S603  # our own code
