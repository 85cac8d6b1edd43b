"""`ringleader check`: would `up` start, and what would it say."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Literal

import msgspec
import typer

from ringleader.config import PlannedSupervisor, flatten, rows

from ..lockfile import holder_of
from ..node import provided_names, specs_of
from ..preflight import missing_extras, missing_programs
from .choice import Choice, Config, Data, Json, Profile, Set, data_dir as directory_of
from .output import BAD_CONFIG, CLEAN, answers_errors, print_json

if TYPE_CHECKING:
    from collections.abc import Callable

    from ringleader.config import Loaded, Problem
