"""The keys of a node: its own pair, and the public keys of those that it lets in.

In the directory are `node.key`, while a rotation is under way `next.key`, and for each peer
`allowed/NAME.pub` and `revoked/NAME.pub`. A key that was revoked once is never let in again.

A rotation: the next pair is drawn, and its public key announced, to people (`keys rotate`) and to
peers (`announced`, which they `learn`). Peers let in both. At the date the next pair takes the
place of the first, because a socket that listens has one secret key at a time; a peer that still
expects the first one is let in under its own key, but does not trust this node's answer. So both
are good at all peers during the overlap, and one of them here.
"""

from __future__ import annotations

import os
from contextlib import suppress
from difflib import get_close_matches
from typing import TYPE_CHECKING, Final, Literal, NamedTuple

from .key_files import (
    KeysError,
    PublicKey,
    check_directory,
    checked_key,
    checked_name,
    make_directory,
    new_pair,
    read_keys,
    read_pair,
    write_keys,
    write_pair,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path

    from .key_files import KeyPair

OVERLAP: Final = 7 * 24 * 3600.0
"""Seconds for which the old key of a peer is let in beside the one that it has announced."""

Word = Literal["allowed", "expired", "revoked", "unknown"]

NODE: Final = "node.key"
NEXT: Final = "next.key"
ALLOWED: Final = "allowed"
REVOKED: Final = "revoked"
SUFFIX: Final = ".pub"


class Standing(NamedTuple):
    """What is known of a public key.

    Attributes:
        word: whether it is let in: only if it is `allowed`.
        name: whose it is, if that is known.
        date: until when it is let in, or since when not any more; in seconds UTC, or None.
        is_configured: whether it is let in because the configuration names it.
    """

    word: Word
    name: str = ""
    date: float | None = None
    is_configured: bool = False


UNKNOWN: Final = Standing("unknown")


class KeyRing:
    """The keys of a node, as its files have them.

    Args:
        directory: with the files; it may be missing.
        now: tells seconds UTC.
        configured: public keys of peers, by name, beside those in the files.

    Raises:
        KeysError: a key file of our own can't be used. If one of a peer's can't, that peer is not
            let in, and `faults` says why.
    """

    def __init__(
        self,
        directory: Path,
        now: Callable[[], float],
        configured: Mapping[str, str] | None = None,
    ) -> None:
        self.directory, self._now = directory, now
        self._configured = {n: checked_key(key) for n, key in (configured or {}).items() if key}
        self._reads = 0
        self._read()
        self._last: tuple[int, frozenset[str]] = (self._reads, frozenset())

    # ---------------------------------------------------------------- what is known

    @property
    def pair(self) -> KeyPair:
        """The pair that is in use.

        Raises:
            KeysError: there is none yet.
        """
        if self._own is None:
            raise KeysError(f"there is no key in {self.directory}; run `ringleader keys new`")
        return self._own

    def require(self) -> None:
        """Make sure that there is a pair.

        Raises:
            KeysError: there is none yet.
        """
        _ = self.pair

    @property
    def has_pair(self) -> bool:
        """Whether there is a pair."""
        return self._own is not None

    @property
    def next_pair(self) -> KeyPair | None:
        """The pair that will be used from its date on."""
        return self._next

    @property
    def announced(self) -> str:
        """The public key that peers should know: the next one, if there is one."""
        return (self._next or self.pair).public

    @property
    def faults(self) -> tuple[str, ...]:
        """What is wrong with files of peers."""
        return self._faults

    def standing(self, key: str) -> Standing:
        """Tell whether a public key is let in, and whose it is."""
        found = self._standings.get(key, UNKNOWN)
        if found.word == "allowed" and found.date is not None and found.date <= self._now():
            return found._replace(word="expired")
        return found

    def keys_of(self, name: str) -> tuple[str, ...]:
        """Return the public keys of a peer that are let in, the newest first."""
        return tuple(
            key
            for key, known in reversed(self._standings.items())
            if known.name == name and self.standing(key).word == "allowed"
        )

    def entries(self) -> list[tuple[str, Standing]]:
        """Return all public keys of others, by name and in the order in which they came."""
        found = [(key, self.standing(key)) for key in self._standings]
        return sorted(found, key=lambda entry: entry[1].name)

    # ---------------------------------------------------------------- what time and others change

    def refresh(self) -> bool:
        """Read the files again if they have changed, and put the next pair in its place if due.

        Tell whether anything may be otherwise than at the last time, also because a key has expired
        or because this ring itself was told to change something.

        Raises:
            KeysError: a key file of our own can't be used any more; what was known is kept.
        """
        if self._promote() or _signature(self.directory) != self._signature:
            self._read()
        expired = frozenset(key for key, s in self.entries() if s.word == "expired")
        state = (self._reads, expired)
        changed, self._last = state != self._last, state
        return changed

    def _promote(self) -> bool:
        if self._next is None or self._next.since > self._now():
            return False
        with suppress(FileNotFoundError):  # the node, or a command beside it, has done so
            self._path(NEXT).replace(self._path(NODE))
        return True

    # ---------------------------------------------------------------- what people change

    def generate(self) -> KeyPair:
        """Draw the pair of this node, and store it.

        Raises:
            KeysError: there is one already, or the directory can't be written to.
        """
        if self._own is not None:
            raise KeysError(
                f"{self._path(NODE)} is there already; `ringleader keys rotate` changes the key "
                "without locking this node out of its peers"
            )
        make_directory(self.directory)
        write_pair(self._path(NODE), new_pair(self._now()))
        self._read()
        return self.pair

    def rotate(self, after: float) -> KeyPair:
        """Draw the pair that is used `after` so many seconds, and store it.

        Raises:
            KeysError: there is no pair yet, or a rotation is under way.
        """
        if self._next is not None:
            raise KeysError(
                "a rotation is under way: the next key is drawn already; `ringleader keys show` "
                "says which it is, and when it is used"
            )
        pair = self.pair  # raises if there is none
        write_pair(self._path(NEXT), new_pair(max(self._now() + after, pair.since)))
        self._read()
        if self._promote():
            self._read()
        return self._next or self.pair

    def allow(self, name: str, key: str, *, overlap: float | None = None) -> None:
        """Let in who has this key, under this name.

        Args:
            name: of the peer.
            key: its public key.
            overlap: seconds after which the keys that it has now are not let in any more; None
                leaves them as they are.

        Raises:
            KeysError: it is no key or no name; or it is revoked, our own, or another peer's.
        """
        checked_name(name)
        known = self.standing(checked_key(key))
        if known.word == "revoked":
            raise KeysError(f"the key {key!r} of {known.name} is revoked; ask for a new one")
        if known.name not in ("", name):
            raise KeysError(f"the key {key!r} is the one of {known.name} already")
        if key in {pair.public for pair in (self._own, self._next) if pair is not None}:
            raise KeysError(f"the key {key!r} is this node's own; it needs the other one's")
        before = [k for k in self._keys(ALLOWED, name) if k.text != key]
        if overlap is not None:
            end = self._now() + overlap
            before = [PublicKey(k.text, end if k.date is None else k.date) for k in before]
        self._store(ALLOWED, name, [*before, PublicKey(key)])

    def learn(self, name: str, key: str) -> bool:
        """Take in what a peer has announced, over a connection that proved who it is.

        What it had before ends after `OVERLAP`. A peer that nobody has allowed, and a key that
        can't be allowed, are not taken in. Tell whether it is new.
        """
        if self.standing(key).word != "unknown" or not self.keys_of(name):
            return False
        try:
            self.allow(name, key, overlap=OVERLAP)
        except KeysError:
            return False
        return True

    def revoke(self, name: str, key: str | None = None) -> list[str]:
        """Let in a key of a peer no more, ever; without a key, all that it has. Return which.

        Raises:
            KeysError: it has none.
        """
        checked_name(name)
        mine = [k for k, s in self.entries() if s.name == name and s.word != "revoked"]
        gone = [k for k in mine if key in (None, k)]
        if not gone:
            names = sorted({s.name for _, s in self.entries() if s.word != "revoked"})
            near = get_close_matches(name, names, 1) or names[:5]
            what = "no key" if key is None else f"no key {key!r}"
            hint = f"; there are keys of {', '.join(near)}" if near else ""
            raise KeysError(f"{name} has {what} that is let in{hint}")
        revoked = [*self._keys(REVOKED, name), *(PublicKey(k, self._now()) for k in gone)]
        self._store(REVOKED, name, revoked)  # first: nobody must be let in if this is all
        self._store(ALLOWED, name, [k for k in self._keys(ALLOWED, name) if k.text not in gone])
        return gone

    # ---------------------------------------------------------------- files

    def _path(self, *parts: str) -> Path:
        return self.directory.joinpath(*parts)

    def _keys(self, folder: str, name: str) -> tuple[PublicKey, ...]:
        return read_keys(self._path(folder, name + SUFFIX))

    def _store(self, folder: str, name: str, keys: list[PublicKey]) -> None:
        make_directory(self.directory)
        write_keys(self._path(folder, name + SUFFIX), keys, f"public keys of {name}: {folder}")
        self._read()

    def _read(self) -> None:
        signature = _signature(self.directory)  # before: what changes meanwhile is seen next time
        for folder in (self.directory, self._path(ALLOWED), self._path(REVOKED)):
            check_directory(folder)
        own, following = read_pair(self._path(NODE)), read_pair(self._path(NEXT))
        standings: dict[str, Standing] = {}
        faults: list[str] = []
        for name, key in self._configured.items():
            standings[key] = Standing("allowed", name, is_configured=True)
        for word in (ALLOWED, REVOKED):  # the second wins
            for name, keys, fault in _lists(self._path(word)):
                standings |= {key.text: Standing(word, name, key.date) for key in keys}
                faults += [fault] if fault else []
        self._own, self._next, self._signature = own, following, signature
        self._standings, self._faults = standings, tuple(faults)
        self._reads += 1


def _lists(folder: Path) -> Iterator[tuple[str, tuple[PublicKey, ...], str]]:
    """Read all lists of a folder: name, keys, and what is wrong."""
    for path in sorted(folder.glob(f"*{SUFFIX}")):
        try:
            yield checked_name(path.name.removesuffix(SUFFIX)), read_keys(path), ""
        except KeysError as error:
            yield "", (), str(error)


def _signature(directory: Path) -> frozenset[tuple[str, int, int, int]]:
    """Return what changes when a file does."""
    found: set[tuple[str, int, int, int]] = set()
    for folder in (directory, directory / ALLOWED, directory / REVOKED):
        with suppress(OSError), os.scandir(folder) as entries:
            for entry in entries:
                status = entry.stat()
                found.add((entry.path, status.st_mtime_ns, status.st_ino, status.st_mode))
    return frozenset(found)
