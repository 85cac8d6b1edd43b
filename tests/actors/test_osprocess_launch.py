from __future__ import annotations

import os
import pwd
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from ringleader.actors.osprocess_errors import ProcessStartError
from ringleader.actors.osprocess_launch import launch
from ringleader.actors.osprocess_limits import ProcessLimits
from tests.actors.programs import open_files

if TYPE_CHECKING:
    from pathlib import Path

IS_ROOT = os.geteuid() == 0
LIMITS = [None, ProcessLimits(cpu_time=100)]
"""Without and with the shell that takes them on."""


def refused(*command: str, **how: object) -> str:
    """Return why a command is not started."""
    with pytest.raises(ProcessStartError) as caught:
        launch(command, **how)  # type: ignore[arg-type]  # as the test says
    assert caught.value.command == command
    return str(caught.value)


def script(path: Path, text: str, mode: int = 0o755) -> str:
    path.write_text(text)
    path.chmod(mode)
    return str(path)


def test_nothing_to_start_is_refused() -> None:
    assert refused() == "no command can't be started: give a program and its arguments"
    assert refused("", "a") == "'' can't be started: give a program and its arguments"


@pytest.mark.parametrize("limits", LIMITS)
def test_a_program_that_is_not_on_path_is_refused_with_those_of_a_like_name(
    tmp_path: Path, limits: ProcessLimits | None
) -> None:
    script(tmp_path / "redis-server", "")
    error = refused("redis-sever", env={"PATH": str(tmp_path)}, limits=limits)
    assert error == (
        "'redis-sever' can't be started: there is no such program on PATH; "
        "did you mean redis-server?"
    )


def test_a_program_of_which_nothing_like_it_is_there_has_to_be_installed(tmp_path: Path) -> None:
    assert "install it, or give its path" in refused("redis", env={"PATH": str(tmp_path)})


@pytest.mark.parametrize("limits", LIMITS)
def test_a_path_that_does_not_exist_is_refused_with_those_beside_it(
    tmp_path: Path, limits: ProcessLimits | None
) -> None:
    script(tmp_path / "train.sh", "")
    error = refused("./tran.sh", cwd=tmp_path, limits=limits)
    assert error.endswith("there is no such file; did you mean train.sh?")


@pytest.mark.parametrize("limits", LIMITS)
def test_what_is_no_program_is_refused(tmp_path: Path, limits: ProcessLimits | None) -> None:
    plain = script(tmp_path / "plain", "", mode=0o644)
    assert f"chmod +x {plain}, or put its interpreter before it" in refused(plain, limits=limits)
    assert "it is a directory" in refused(str(tmp_path), limits=limits)


def test_an_interpreter_that_does_not_exist_is_named_as_the_reason(tmp_path: Path) -> None:
    odd = script(tmp_path / "odd", "#!/no/such/interpreter\n")
    assert "the interpreter on its first line (#!) does not exist" in refused(odd)


@pytest.mark.parametrize("limits", LIMITS)
def test_a_directory_that_does_not_exist_is_refused(
    tmp_path: Path, limits: ProcessLimits | None
) -> None:
    missing, file = tmp_path / "missing", tmp_path / "file"
    file.touch()
    wrong = f"its working directory '{missing}' does not exist; make it, or name another"
    assert wrong in refused("true", cwd=missing, limits=limits)
    assert f"'{file}' is no directory" in refused("true", cwd=file, limits=limits)
    assert wrong in refused("./true", cwd=missing, limits=limits)


def test_a_user_or_group_that_does_not_exist_is_refused_with_those_of_a_like_name() -> None:
    assert "there is no user 'rooot'; did you mean root" in refused("true", user="rooot")
    assert "there is no user 3999999999" in refused("true", user=3_999_999_999)
    assert "there is no group 'qqqqqqqqq'" in refused("true", group="qqqqqqqqq")


def test_a_null_byte_is_refused() -> None:
    assert "embedded null byte" in refused("true", "a\0b")


def test_oneself_may_be_named_without_being_root() -> None:
    me = pwd.getpwuid(os.geteuid()).pw_name
    with launch(["true"], user=me, group=os.getegid()) as popen:
        assert popen.wait() == 0


@pytest.mark.skipif(not IS_ROOT, reason="only root can start programs as somebody else")
def test_a_program_runs_as_the_user_with_the_user_s_groups() -> None:
    nobody = pwd.getpwnam("nobody")
    groups = os.getgrouplist("nobody", nobody.pw_gid)
    command = ["/bin/sh", "-c", "id -u; id -g; id -G"]
    with launch(command, user="nobody", stdout=subprocess.PIPE) as popen:
        said, _ = popen.communicate()
    assert [int(word) for word in said.split()] == [nobody.pw_uid, nobody.pw_gid, *groups]
    with launch(["id", "-g"], user="nobody", group="root", stdout=subprocess.PIPE) as popen:
        said, _ = popen.communicate()
    assert said == b"0\n"


def test_who_is_not_root_can_not_start_a_program_as_somebody_else(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def forbid(*_: object, **__: object) -> None:
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr(subprocess, "Popen", forbid)
    assert "only root can start a program as 'root'" in refused("true", user="root")
    assert "check the modes of the file" in refused("true")


def test_who_is_not_root_can_not_give_a_priority_above_its_own(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def forbid(*_: int) -> None:
        raise PermissionError

    before = open_files()
    monkeypatch.setattr(os, "setpriority", forbid)
    command = [sys.executable, "-S", "-c", "import sys; sys.stdin.read()"]
    error = refused(*command, stdin=subprocess.PIPE, limits=ProcessLimits(nice=-5))
    assert "only root can give a priority above its own (nice -5); use nice >= 0" in error
    assert open_files() == before


def test_what_may_pass_stays_the_error_that_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise BlockingIOError(11, "Resource temporarily unavailable")

    monkeypatch.setattr(subprocess, "Popen", refuse)
    with pytest.raises(BlockingIOError):
        launch(["true"])


@pytest.mark.parametrize("limits", LIMITS)
def test_the_program_is_the_process_itself(limits: ProcessLimits | None) -> None:
    command = [sys.executable, "-S", "-c", "import os; print(os.getpid())"]
    with launch(command, stdout=subprocess.PIPE, limits=limits) as popen:
        said, _ = popen.communicate()
    assert int(said) == popen.pid
