"""The command line's root: `ringleader COMMAND`."""

from __future__ import annotations

import platform
from typing import Annotated

import typer

import ringleader

from . import check, config, tree, up
from .choice import Json
from .output import CLEAN, print_json
