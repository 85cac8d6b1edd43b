"""The options of the embedded job programs, checked before a job would refuse them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ringleader.actors.options import StageOptions, StagesOptions
from ringleader.actors.workloads.options import (
    CombineOptions,
    EvaluateOptions,
    ExportOptions,
    JobOptions,
    SelfplayOptions,
    TrainOptions,
)

from .layers import Origin, check

if TYPE_CHECKING:
    from collections.abc import Mapping

    from .errors import Problem
    from .faults import Where

EMBEDDED: Mapping[str, type[JobOptions]] = {
    "selfplay": SelfplayOptions,
    "export": ExportOptions,
    "combine": CombineOptions,
    "train": TrainOptions,
    "evaluate": EvaluateOptions,
}
"""What the embedded program of each stage takes."""


def check_stages(stages: StagesOptions, where: Where) -> list[Problem]:
    """Return what is wrong with the options of stages that run their embedded program.

    Other programs have a vocabulary of their own, which only they can check.
    """
    embedded = StagesOptions()
    problems: list[Problem] = []
    for name, struct in EMBEDDED.items():
        stage: StageOptions = getattr(stages, name)
        if stage.command == getattr(embedded, name).command:
            _, wrong = check(
                struct,
                stage.options,
                lambda path: Origin("file", where(path)),
                prefix=("stages", name, "options"),
            )
            problems += wrong
    return problems
