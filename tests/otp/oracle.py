"""The real supervisor of Erlang/OTP: scenarios in, traces out, one a line."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections import deque
from contextlib import contextmanager
from pathlib import Path
from typing import IO, TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Generator, Iterable, Iterator

    from tests.otp.writing import Scenario

SCRIPT = Path(__file__).parent / "otp_oracle.escript"
AHEAD = 32_768
"""Bytes of scenarios that wait in the pipe, which holds twice as much, so that no write blocks."""


class OracleEnded(Exception):  # noqa: N818  # what happened, not whose error it was
    """The oracle ended before it had answered."""


def escript() -> str | None:
    """Return where Erlang's `escript` is, if it is installed."""
    return shutil.which("escript")


def version() -> str:
    """Return `OTP 25.2.3 stdlib 4.2`."""
    command = [str(escript()), str(SCRIPT), "--version"]
    done = subprocess.run(command, check=True, capture_output=True, text=True)  # noqa: S603  # ours
    return done.stdout.strip()


def traced(scenarios: Iterable[Scenario]) -> Iterator[tuple[Scenario, str]]:
    """Give each scenario with the line that the oracle answers.

    The oracle works ahead while the caller looks at what it got: two cores are used.

    Raises:
        OracleEnded: it has.
    """
    with _started() as process:
        assert process.stdin is not None
        assert process.stdout is not None
        sent: deque[tuple[Scenario, int]] = deque()
        ahead = 0
        for scenario in scenarios:
            text = json.dumps(scenario) + "\n"
            while sent and ahead + len(text) > AHEAD:
                yield sent[0][0], _answer(process.stdout)
                ahead -= sent.popleft()[1]
            process.stdin.write(text)
            process.stdin.flush()
            sent.append((scenario, len(text)))
            ahead += len(text)
        process.stdin.close()
        for scenario, _ in sent:
            yield scenario, _answer(process.stdout)


@contextmanager
def _started() -> Generator[subprocess.Popen[str]]:
    command = [str(escript()), str(SCRIPT)]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, stdin=pipe, stdout=pipe, text=True, encoding="utf-8") as process:  # noqa: S603  # ours
        try:
            yield process
        finally:
            process.kill()


def _answer(stdout: IO[str]) -> str:
    line = stdout.readline()
    if not line:
        raise OracleEnded("the oracle ended before it answered; its own words are on stderr")
    return line.rstrip("\n")
