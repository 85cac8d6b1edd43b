"""Starting a command, and saying what is wrong with one that can't be started."""

from __future__ import annotations

import difflib
import grp
import os
import pwd
import shutil
import subprocess
from contextlib import suppress
from pathlib import Path
from typing import IO, TYPE_CHECKING, NamedTuple, TypeAlias

from .osprocess_errors import ProcessStartError
from .osprocess_limits import limited

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from .osprocess_limits import ProcessLimits

Stream: TypeAlias = "int | IO[bytes] | None"
"""`subprocess.PIPE`, `DEVNULL`, `STDOUT`, a file or its descriptor; None: this process's own."""


def launch(
    command: Sequence[str],
    *,
    env: Mapping[str, str] | None = None,
    cwd: str | os.PathLike[str] | None = None,
    stdin: Stream = None,
    stdout: Stream = None,
    stderr: Stream = None,
    pass_fds: Sequence[int] = (),
    user: str | int | None = None,
    group: str | int | None = None,
    limits: ProcessLimits | None = None,
) -> subprocess.Popen[bytes]:
    """Start a command as the leader of a new session and process group.

    No code of ours runs between fork and exec, so that Python may use vfork (0.3 ms whatever this
    process holds), and no lock of another thread can be in the way.

    Raises:
        ProcessStartError: it can't be started, and never will be.
        OSError: it can't be started now.
    """
    if not command or not command[0]:
        raise ProcessStartError(command, "give a program and its arguments")
    who = _identity(command, user, group)
    argv = list(command)
    if limits is not None and (limits.address_space or limits.cpu_time):
        argv = limited([_resolved(command, env, cwd), *command[1:]], limits)
    try:
        popen = subprocess.Popen(  # noqa: S603  # running what it is given is what it is for
            argv,
            env=None if env is None else dict(env),
            cwd=cwd,
            stdin=stdin,
            stdout=stdout,
            stderr=stderr,
            pass_fds=tuple(pass_fds),
            start_new_session=True,
            user=who.user,
            group=who.group,
            extra_groups=who.groups,
        )
    except (FileNotFoundError, NotADirectoryError, PermissionError) as error:
        raise ProcessStartError(command, _what_is_wrong(command, env, cwd, user, error)) from error
    except ValueError as error:  # a null byte
        raise ProcessStartError(command, f"{error}; remove it") from error
    if limits is not None and limits.nice is not None:
        _be_nice(popen, command, limits.nice)
    return popen


def _be_nice(popen: subprocess.Popen[bytes], command: Sequence[str], nice: int) -> None:
    """Set the priority of the group; threads that were there before this keep theirs."""
    try:
        with suppress(ProcessLookupError):  # it has ended already
            os.setpriority(os.PRIO_PGRP, popen.pid, nice)
    except PermissionError as error:
        with popen:  # closes its pipes, and waits
            popen.kill()
        wrong = f"only root can give a priority above its own (nice {nice}); use nice >= 0"
        raise ProcessStartError(command, wrong) from error


# ------------------------------------------------------------------- as whom


class _Who(NamedTuple):
    """What Popen has to be told; nothing where that is who this process is."""

    user: int | None = None
    group: int | None = None
    groups: list[int] | None = None


def _identity(command: Sequence[str], user: str | int | None, group: str | int | None) -> _Who:
    who = _Who()
    if user is not None:
        entry = _user(command, user)
        if entry.pw_uid != os.geteuid():
            groups = os.getgrouplist(entry.pw_name, entry.pw_gid)
            who = _Who(entry.pw_uid, entry.pw_gid, groups)
    if group is not None:
        gid = _group(command, group)
        if gid != os.getegid() or who.group is not None:
            who = who._replace(group=gid)
    return who


def _user(command: Sequence[str], user: str | int) -> pwd.struct_passwd:
    try:
        return pwd.getpwuid(user) if isinstance(user, int) else pwd.getpwnam(user)
    except KeyError:
        near = _near(str(user), (entry.pw_name for entry in pwd.getpwall()))
        raise ProcessStartError(command, f"there is no user {user!r}{near}") from None


def _group(command: Sequence[str], group: str | int) -> int:
    try:
        return (grp.getgrgid(group) if isinstance(group, int) else grp.getgrnam(group)).gr_gid
    except KeyError:
        near = _near(str(group), (entry.gr_name for entry in grp.getgrall()))
        raise ProcessStartError(command, f"there is no group {group!r}{near}") from None


# ------------------------------------------------------------------- what is wrong


def _resolved(
    command: Sequence[str], env: Mapping[str, str] | None, cwd: str | os.PathLike[str] | None
) -> str:
    """Return the program's path, which the shell that sets limits could only fail to find."""
    program = command[0]
    if os.sep in program:
        if not _wrong_program(program, env, cwd):
            return program
    elif (found := shutil.which(program, path=_search_path(env))) is not None:
        return found
    raise ProcessStartError(command, _what_is_wrong(command, env, cwd, None, None))


def _what_is_wrong(
    command: Sequence[str],
    env: Mapping[str, str] | None,
    cwd: str | os.PathLike[str] | None,
    user: str | int | None,
    error: OSError | None,
) -> str:
    if cwd is not None and not Path(cwd).is_dir():
        kind = "is no directory" if Path(cwd).exists() else "does not exist"
        return f"its working directory {os.fspath(cwd)!r} {kind}; make it, or name another"
    wrong = _wrong_program(command[0], env, cwd)
    if wrong:
        return wrong
    if isinstance(error, PermissionError) and user is not None:
        return f"only root can start a program as {user!r}; leave the user out, or be root"
    if isinstance(error, FileNotFoundError):
        return "the interpreter on its first line (#!) does not exist; correct that line"
    reason = "" if error is None else error.strerror or str(error)
    return f"{reason or 'it is refused'}; check the modes of the file and of its directories"


def _wrong_program(
    program: str, env: Mapping[str, str] | None, cwd: str | os.PathLike[str] | None
) -> str:
    """Say what is wrong with the program itself; nothing if it can be found and executed."""
    if os.sep not in program:
        if shutil.which(program, path=_search_path(env)) is None:
            near = _near(program, _programs(env)) or "; install it, or give its path"
            return f"there is no such program on PATH{near}"
        return ""
    path = Path(cwd or "") / program
    if not path.exists():
        return f"there is no such file{_near(path.name, _names(path.parent))}"
    if path.is_dir():
        return "it is a directory; name a program in it"
    if not os.access(path, os.X_OK):
        return f"it is not executable; chmod +x {path}, or put its interpreter before it"
    return ""


def _search_path(env: Mapping[str, str] | None) -> str:
    return os.pathsep.join(os.get_exec_path(None if env is None else dict(env)))


def _programs(env: Mapping[str, str] | None) -> Iterator[str]:
    for directory in _search_path(env).split(os.pathsep):
        yield from _names(Path(directory))


def _names(directory: Path) -> list[str]:
    try:
        return os.listdir(directory)  # noqa: PTH208  # names, not paths
    except OSError:
        return []


def _near(name: str, names: Iterator[str] | list[str]) -> str:
    close = difflib.get_close_matches(name, sorted(set(names)), n=3)
    return f"; did you mean {' or '.join(close)}?" if close else ""
