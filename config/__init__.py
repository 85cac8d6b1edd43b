"""Settings: one typed tree, where each value came from, and the declared supervision tree."""

from .errors import ConfigError, Problem
from .load import Loaded, load
from .settings import NodeOptions, Settings, TreeEntry
from .show import Row, rows
from .tree import Planned, PlannedChild, PlannedSupervisor, flatten, plan

__all__ = [
    "ConfigError",
    "Loaded",
    "NodeOptions",
    "Planned",
    "PlannedChild",
    "PlannedSupervisor",
    "Problem",
    "Row",
    "Settings",
    "TreeEntry",
    "flatten",
    "load",
    "plan",
    "rows",
]
