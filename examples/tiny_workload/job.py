"""What the five programs share: the job file in, JSON lines out, files written as a whole.

Nothing but the standard library: this is all that a program needs to be a stage of the pipeline.
"""

from __future__ import annotations

import json
import os
import stat
import sys
import threading
from pathlib import Path
from typing import Any


def read() -> dict[str, Any]:
    """Return the job file that `--job FILE` names, and end with the owner from now on."""
    if len(sys.argv) != 3 or sys.argv[1] != "--job":  # noqa: PLR2004  # --job and its value
        fail("bad-input", f"usage: {sys.argv[0]} --job FILE", code=64)
    try:
        job: dict[str, Any] = json.loads(Path(sys.argv[2]).read_bytes())
    except (OSError, ValueError) as error:
        fail("bad-input", f"job file {sys.argv[2]}: {error}", code=64)
    if stat.S_ISFIFO(os.fstat(0).st_mode):
        threading.Thread(target=_end_with_owner, daemon=True).start()
    return job


def say(event: str, **fields: Any) -> None:
    """Print one line of the protocol."""
    print(json.dumps({"event": event, **fields}), flush=True)


def fail(kind: str, message: str, code: int = 1) -> Any:
    """Say why the job failed and end the program."""
    say("error", kind=kind, message=message)
    sys.exit(code)


def load(paths: str | list[str]) -> list[Any]:
    """Return what is in one or more JSON files."""
    return [
        json.loads(Path(path).read_bytes())
        for path in ([paths] if isinstance(paths, str) else paths)
    ]


def save(path: str, value: Any) -> None:
    """Write a JSON file that is there as a whole or not at all."""
    draft = Path(f"{path}.part")
    draft.parent.mkdir(parents=True, exist_ok=True)
    draft.write_text(json.dumps(value))
    draft.replace(path)


def _end_with_owner() -> None:
    while os.read(0, 4096):
        pass
    os._exit(75)
