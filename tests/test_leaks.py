from __future__ import annotations

import socket
import subprocess
import sys
import tempfile
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pykka
import pytest
from pykka import ActorRegistry

from ringleader import Actor
from ringleader.actors.base import default_context
from tests.leaks import LINUX, guard
from tests.probe import holds, probe

if TYPE_CHECKING:
    from collections.abc import Callable

SHORT = 0.02
needs_proc = pytest.mark.skipif(not LINUX, reason="there is no /proc")


def failure(test: Callable[[], None], temporary: Path) -> str:
    """Run a test under the guard; return how it fails, or nothing."""
    guarded = guard(temporary, SHORT)
    next(guarded)
    test()
    try:
        next(guarded, None)
    except pytest.fail.Exception as error:
        return str(error)
    return ""


def test_a_clean_test_passes(temporary: Path) -> None:
    assert failure(lambda: None, temporary) == ""


def test_a_thread_that_goes_on_is_named(temporary: Path) -> None:
    end = threading.Event()
    thread = threading.Thread(target=end.wait, name="forgotten")

    message = failure(thread.start, temporary)
    end.set()
    thread.join()

    assert message == (
        "this test leaves something behind:\n  the thread 'forgotten' is still running"
    )


def test_a_thread_that_ends_soon_is_waited_for(temporary: Path) -> None:
    end = threading.Event()

    def start_and_end() -> None:
        threading.Thread(target=end.wait).start()
        end.set()

    assert failure(start_and_end, temporary) == ""


def test_a_child_process_is_named_with_its_command(temporary: Path) -> None:
    started: list[subprocess.Popen[bytes]] = []
    command = [sys.executable, "-c", "input()"]

    message = failure(
        lambda: started.append(subprocess.Popen(command, stdin=subprocess.PIPE)),  # noqa: S603  # our own program
        temporary,
    )
    started[0].communicate(b"\n")

    assert f"the child process {started[0].pid}" in message


@needs_proc
def test_an_open_socket_is_found(temporary: Path) -> None:
    opened: list[socket.socket] = []

    message = failure(lambda: opened.append(socket.socket()), temporary)
    opened[0].close()

    assert "the socket socket:[" in message


def test_a_temporary_file_is_found(temporary: Path) -> None:
    made: list[str] = []

    message = failure(lambda: made.append(tempfile.mkstemp(prefix="forgotten")[1]), temporary)
    Path(made[0]).unlink()

    assert f"the temporary file {Path(made[0]).name!r} was not removed" in message


def test_actors_that_were_started_as_pykka_does_are_stopped(temporary: Path) -> None:
    class Ours(Actor):
        pass

    class Theirs(pykka.ThreadingActor):
        pass

    refs: list[Any] = []

    message = failure(lambda: refs.extend([Ours.start(), Theirs.start()]), temporary)

    assert message == ""
    assert not any(ref.is_alive() for ref in refs)
    assert ActorRegistry.get_all() == []
    assert default_context.cache_info().currsize == 0


def test_an_actor_that_does_not_stop_is_named(
    temporary: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    release = threading.Event()

    class Hanging(pykka.ThreadingActor):
        def on_receive(self, message: Any) -> None:
            del message
            release.wait(5)

    refs: list[Any] = []

    def hang() -> None:
        refs.append(Hanging.start())
        refs[0].tell("hang")

    monkeypatch.setattr("tests.leaks.STOPPING", SHORT)
    message = failure(hang, temporary)
    release.set()
    probe(lambda: not refs[0].is_alive())

    assert f"the actor {refs[0]} did not stop within {SHORT} s" in message


def test_probe_returns_as_soon_as_the_condition_holds() -> None:
    seen = iter([False, False, True])

    probe(lambda: next(seen))

    assert next(seen, "used up") == "used up"


def test_probe_fails_after_the_deadline() -> None:
    assert not holds(lambda: False, SHORT)
    with pytest.raises(AssertionError, match=r"not true within 0\.02 s"):
        probe(lambda: False, SHORT)
