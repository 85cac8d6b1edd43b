"""Importing this skips the importing test module where the extra `selfplay` is not installed.

At home that is fine; CI installs the extra, so there it is an error.
"""

from __future__ import annotations

import importlib.util
import os

import pytest

_MISSING = [name for name in ("numpy", "pyspiel") if importlib.util.find_spec(name) is None]

_REASON = f"{' and '.join(_MISSING)} not installed: pip install 'ringleader[selfplay]'"

MARK = pytest.mark.skipif(bool(_MISSING), reason=_REASON)
"""For `pytestmark`: what the import has settled, said of the tests."""

if _MISSING:
    if os.environ.get("CI") == "true":
        raise ImportError(_REASON)
    pytest.skip(_REASON, allow_module_level=True)
