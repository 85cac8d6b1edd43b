"""Key pairs and public keys in files: how they are written, and who may read or write them.

A secret key is for its owner alone. A list of public keys may be read by all, and written by its
owner alone: who can write there decides who is let in. Files are replaced as a whole.
"""

from __future__ import annotations

import os
import re
import struct
import tempfile
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Final, NamedTuple

import zmq
from zmq.utils import z85

from ringleader.actors.errors import RingleaderError

if TYPE_CHECKING:
    from collections.abc import Iterable

KEY: Final = re.compile(r"[0-9A-Za-z.\-:+=^!/*?&<>()\[\]{}@%$#]{40}")
"""A key of 32 bytes as ZeroMQ writes it: 40 characters of Z85."""
NAME: Final = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9._-]{0,127}")
"""Names of nodes that are names of files, too."""

_OTHERS: Final = 0o077
_WRITE: Final = 0o022


class KeysError(RingleaderError):
    """Something is wrong with a key, or with the file that it should be in.

    Attributes:
        exit_code: of a command that meets it.
    """

    exit_code = 1


class KeyPair(NamedTuple):
    """What a node proves with who it is.

    Attributes:
        public: for everybody who talks to it.
        secret: for nobody else.
        since: from when on it is used, in seconds UTC.
    """

    public: str
    secret: str
    since: float

    def __repr__(self) -> str:
        return f"KeyPair(public={self.public!r}, since={self.since!r})"  # never the secret one


class PublicKey(NamedTuple):
    """A public key in a list.

    Attributes:
        text: the key.
        date: until when it is good; of a revoked one, since when it is not; in seconds UTC. None
            if there is no end.
    """

    text: str
    date: float | None = None


def new_pair(since: float) -> KeyPair:
    """Draw a pair from the operating system's randomness.

    A public key begins with a letter or a digit here: it can't be taken for an option of a command.
    """
    while True:
        public, secret = (key.decode() for key in zmq.curve_keypair())
        if public[0].isalnum():
            return KeyPair(public, secret, since)


def checked_key(text: str) -> str:
    """Return a public key as it is.

    Raises:
        KeysError: it is none.
    """
    if not KEY.fullmatch(text):
        raise KeysError(
            f"{text!r} is no public key: one has 40 characters, such as `ringleader keys show` "
            "prints on the other host; put it in single quotes"
        )
    try:
        z85.decode(text)
    except (ValueError, KeyError, struct.error) as error:
        raise KeysError(f"{text!r} is no public key: it has no 32 bytes behind it") from error
    return text


def checked_name(text: str) -> str:
    """Return the name of a node as it is.

    Raises:
        KeysError: it can't be one.
    """
    if not NAME.fullmatch(text):
        raise KeysError(
            f"{text!r} is no name of a node: letters, digits, '.', '_' and '-', at most 128, "
            "and no '.' at its beginning"
        )
    return text


def make_directory(path: Path) -> None:
    """Make a directory for its owner alone, if it is not there.

    Raises:
        KeysError: it can't be made.
    """
    try:
        path.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise KeysError(f"{path} can't be made: {error.strerror}") from error


def check_directory(path: Path) -> None:
    """Make sure that nobody else can put files into a directory; it may be missing.

    Raises:
        KeysError: others may.
    """
    try:
        status = path.stat()
    except FileNotFoundError:
        return
    except OSError as error:
        raise KeysError(f"{path} can't be read: {error.strerror}") from error
    if status.st_mode & _WRITE:
        found = status.st_mode & 0o777
        raise KeysError(
            f"{path} is not used: others may write there (mode {found:o}); chmod 700 {path}"
        )


def read_pair(path: Path) -> KeyPair | None:
    """Read a key pair; None if there is no such file.

    Raises:
        KeysError: others may read it, or it holds no key pair.
    """
    text = _read(path, _OTHERS, "others may read it, or write to it", "600")
    if text is None:
        return None
    fields = dict(line.split(maxsplit=1) for line in _lines(text) if " " in line)
    try:
        pair = KeyPair(fields["public"], fields["secret"], _seconds(fields["since"]))
        matches = zmq.curve_public(pair.secret.encode()).decode() == pair.public
    except (KeyError, ValueError, zmq.ZMQError) as error:
        raise KeysError(_no_pair(path)) from error
    if not matches:
        raise KeysError(_no_pair(path))
    return pair


def _no_pair(path: Path) -> str:
    return f"{path} holds no key pair; move it away and run `ringleader keys new`"


def write_pair(path: Path, pair: KeyPair) -> None:
    """Write a key pair for its owner alone.

    Raises:
        KeysError: the file can't be written.
    """
    _replace(
        path,
        "# The secret key of this node: it stays on this host.\n"
        f"public {pair.public}\nsecret {pair.secret}\nsince {_date(pair.since)}\n",
        0o600,
    )


def read_keys(path: Path) -> tuple[PublicKey, ...]:
    """Read a list of public keys, one a line, each with a date behind it or without.

    Raises:
        KeysError: others may write to it, or there is something else in it.
    """
    text = _read(path, _WRITE, "others may write to it", "644")
    return tuple(_key_of(path, line) for line in _lines(text or ""))


def _key_of(path: Path, line: str) -> PublicKey:
    key, _, date = line.partition(" ")
    try:
        return PublicKey(checked_key(key), _seconds(date.strip()) if date.strip() else None)
    except (KeysError, ValueError) as error:
        raise KeysError(
            f"{path} has a line that is no public key, with or without a date: {line[:80]!r}"
        ) from error


def write_keys(path: Path, keys: Iterable[PublicKey], comment: str) -> None:
    """Write a list of public keys; without any, remove the file.

    Raises:
        KeysError: the file can't be written.
    """
    lines = [k.text if k.date is None else f"{k.text} {_date(k.date)}" for k in keys]
    if lines:
        make_directory(path.parent)
        _replace(path, "\n".join([f"# {comment}", *lines, ""]), 0o644)
    else:
        path.unlink(missing_ok=True)


def _read(path: Path, forbidden: int, reason: str, mode: str) -> str | None:
    """Read a file that nobody else has had a hand in."""
    try:
        with path.open(encoding="ascii") as file:
            status = os.fstat(file.fileno())
            text = file.read(1 << 20)
    except FileNotFoundError:
        return None
    except UnicodeDecodeError as error:
        raise KeysError(f"{path} is not text") from error
    except OSError as error:
        raise KeysError(f"{path} can't be read: {error.strerror}") from error
    if status.st_mode & forbidden:
        found = status.st_mode & 0o777
        raise KeysError(f"{path} is not used: {reason} (mode {found:o}); chmod {mode} {path}")
    if status.st_uid not in (os.geteuid(), 0):
        raise KeysError(f"{path} is not used: it belongs to user {status.st_uid}, not to this one")
    return text


def _lines(text: str) -> list[str]:
    """Return what is no comment; a key never stands behind a `# `."""
    lines = (line.strip() for line in text.splitlines())
    return [line for line in lines if line and not line.startswith("# ")]


def _replace(path: Path, text: str, mode: int) -> None:
    try:
        handle, name = tempfile.mkstemp(prefix=".", dir=path.parent)  # has mode 600
        try:
            with os.fdopen(handle, "w", encoding="ascii") as file:
                file.write(text)
                file.flush()
                os.fsync(file.fileno())
            Path(name).chmod(mode)
            Path(name).replace(path)
        except BaseException:
            Path(name).unlink(missing_ok=True)
            raise
    except OSError as error:
        raise KeysError(f"{path} can't be written: {error.strerror}") from error


def _date(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="seconds")


def _seconds(text: str) -> float:
    return datetime.fromisoformat(text).timestamp()
