from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec
import pytest

from ringleader.actors.external_options import ProgramOptions, program_options
from ringleader.actors.external_program import ExternalProgram
from ringleader.actors.osprocess_errors import ProcessError
from ringleader.actors.osprocess_limits import ProcessLimits
from ringleader.config.errors import ConfigError
from ringleader.config.settings import Settings, TreeEntry
from ringleader.config.specs import child_specs
from ringleader.config.tree import plan

if TYPE_CHECKING:
    from ringleader.supervisors.spec import ChildSpec


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


def declared(options: dict[str, Any]) -> list[ChildSpec]:
    """Return the specs of a declared tree with one program."""
    settings = Settings()
    actor = "ringleader.actors.external_program:ExternalProgram"
    planned = plan({"db": TreeEntry(actor=actor, options=options)}, settings.supervision, where)
    return child_specs(planned, settings=settings, provide={}, where=where)


def where(_key: object) -> str:
    return "ringleader.toml:1"


def test_a_declared_tree_may_have_programs() -> None:
    (spec,) = declared({"command": ["redis-server"], "limits": {"memory": 100}, "ready": "up"})
    assert spec.actor_class is ExternalProgram
    assert spec.kwargs == {
        "options": ProgramOptions(
            command=("redis-server",), limits=ProcessLimits(memory=100), ready="up"
        )
    }


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"ready": "up"}, "required field `command`"),
        ({"command": ["a"], "reday": "up"}, "did you mean tree.db.options.ready"),
        ({"command": ["a"], "limits": {"memory": 0}}, "limits.memory: got 0"),
        ({"command": ["a"], "stop_signal": "TREM"}, "there is no signal 'TREM'"),
    ],
)
def test_what_is_wrong_with_a_declared_program_is_said_when_it_is_read(
    options: dict[str, Any], message: str
) -> None:
    with pytest.raises(ConfigError, match=message):
        declared(options)
