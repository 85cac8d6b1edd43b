from __future__ import annotations

from typing import Any

import msgspec
import pytest

from ringleader.actors.external_options import ProgramOptions, program_options
from ringleader.actors.osprocess_errors import ProcessError
from ringleader.actors.osprocess_limits import ProcessLimits


@pytest.mark.parametrize(
    ("command", "settings", "message"),
    [
        ((), {}, "the command is empty; give a program and its arguments"),
        (("",), {}, "the command is empty"),
        (
            "redis-server --port 1",
            {},
            r"is a string; give a list .* \['redis-server', '--port', '1'\]",
        ),
        (("a",), {"stop_signal": "TREM"}, "there is no signal 'TREM'; there are TERM"),
        (("a",), {"ready": "("}, r"ready = '\(' is no regular expression: missing \)"),
        (("a",), {"ready": "up", "ready_after": 1.0}, "ready and ready_after are both set"),
        (("a",), {"ready_after": 0.0}, "ready_after is 0.0 s; it must be above 0"),
        (("a",), {"stop_timeout": -1.0}, "stop_timeout is -1.0 s; it must be above 0"),
        (("a",), {"keep_lines": -1}, "keep_lines is -1; it must be at least 0"),
        (("a",), {"max_line": 1}, "max_line is 1; it must be at least 80"),
    ],
)
def test_settings_that_can_not_work_are_refused(command: Any, settings: Any, message: str) -> None:
    with pytest.raises(ProcessError, match=message):
        program_options(command, settings)


def test_a_command_may_be_a_list_and_name_paths(tmp_path: Any) -> None:
    options = program_options([tmp_path / "a", "b"], {"ready_after": 2.5})
    assert options.command == (str(tmp_path / "a"), "b")
    assert options.ready_after == 2.5


def test_options_come_from_a_table() -> None:
    table = {
        "command": ["redis-server"],
        "env": {"A": "b"},
        "limits": {"memory": 1 << 30, "nice": 5},
        "ready": "Ready to accept",
        "stop_signal": "INT",
        "log_level": "DEBUG",
    }
    options = msgspec.convert(table, ProgramOptions)
    assert options.command == ("redis-server",)
    assert options.limits == ProcessLimits(memory=1 << 30, nice=5)


def test_a_table_that_can_not_work_is_refused() -> None:
    with pytest.raises(msgspec.ValidationError, match="there is no signal 'STOPP'; there are STOP"):
        msgspec.convert({"command": ["a"], "stop_signal": "STOPP"}, ProgramOptions)
