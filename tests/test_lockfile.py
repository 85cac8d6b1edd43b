"""One node at a time, and no trouble with what a dead one left."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from ringleader.lockfile import Holder, LockFile, LockTaken, holder_of

if TYPE_CHECKING:
    from pathlib import Path

ME = Holder(pid=1234, started=1_700_000_000.0)

HOLDS = """
import sys
from pathlib import Path
from ringleader.lockfile import Holder, LockFile
lock = LockFile.take(Path(sys.argv[1]), Holder(pid=77, started=1.0))
print("taken", flush=True)
sys.stdin.read()
"""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "lock"


def test_a_free_lock_is_taken_and_says_who_holds_it(path: Path) -> None:
    lock = LockFile.take(path, ME)
    assert holder_of(path) == ME
    lock.release()


def test_a_taken_lock_is_refused_with_the_pid_of_its_holder(path: Path) -> None:
    lock = LockFile.take(path, ME)
    with pytest.raises(LockTaken, match="in use by process 1234") as caught:
        LockFile.take(path, Holder(pid=5, started=2.0))
    assert caught.value.holder == ME
    assert caught.value.exit_code == 75
    lock.release()


def test_a_released_lock_leaves_no_file_and_can_be_taken_again(path: Path) -> None:
    first = LockFile.take(path, ME)
    first.release()
    first.release()
    assert not path.exists()
    LockFile.take(path, ME).release()


def test_a_file_that_a_dead_process_left_is_no_obstacle(path: Path) -> None:
    path.write_text('{"pid": 99999, "started": 1.0, "and": "more than the new holder writes"}')
    assert holder_of(path) is None
    lock = LockFile.take(path, ME)
    assert holder_of(path) == ME
    lock.release()


def test_a_taken_lock_whose_file_says_nothing_is_refused_all_the_same(path: Path) -> None:
    lock = LockFile.take(path, ME)
    path.write_text("")
    with pytest.raises(LockTaken, match="in use by another node"):
        LockFile.take(path, ME)
    lock.release()


def test_a_lock_whose_file_was_replaced_does_not_remove_the_new_one(path: Path) -> None:
    first = LockFile.take(path, ME)
    path.unlink()
    second = LockFile.take(path, Holder(pid=2, started=2.0))
    first.release()
    assert holder_of(path) == Holder(pid=2, started=2.0)
    second.release()


def test_nobody_holds_a_lock_that_is_not_there(path: Path) -> None:
    assert holder_of(path) is None


def test_a_lock_in_a_missing_directory_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        LockFile.take(tmp_path / "missing" / "lock", ME)


def test_the_lock_of_a_killed_process_is_free(path: Path) -> None:
    with subprocess.Popen(  # noqa: S603  # our own script
        [sys.executable, "-c", HOLDS, str(path)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == "taken\n"
        with pytest.raises(LockTaken, match="process 77"):
            LockFile.take(path, ME)
        other.kill()
        other.wait(10)
        assert path.exists()
        LockFile.take(path, ME).release()
