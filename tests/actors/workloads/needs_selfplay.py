"""Importing this skips the importing test module where the extra `selfplay` is not installed.

At home that is fine; CI installs the extra, so there it is an error.
"""

from __future__ import annotations

import importlib.util
import os

import pytest

MISSING = [name for name in ("numpy", "pyspiel") if importlib.util.find_spec(name) is None]

if MISSING:
    reason = f"{' and '.join(MISSING)} not installed: pip install 'ringleader[selfplay]'"
    if os.environ.get("CI") == "true":
        raise ImportError(reason)
    pytest.skip(reason, allow_module_level=True)
