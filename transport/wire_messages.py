"""What nodes say to each other, one struct a message; `wire` puts them into frames.

A struct is an array on the wire: its tag, then its fields in the order they have here. Fields are
only ever added at the end, with a default: who knows fewer ignores the rest, who knows more
supplies the default. `docs/wire.md` says the same to those who don't read Python.

Numbers of entries are below 2**62, so that one more still is a signed 64-bit number everywhere.
"""

from __future__ import annotations

from typing import Annotated, Final

from msgspec import Meta, Struct

MOST_NUMBER: Final = 2**62
"""The highest number of an entry, an epoch or a request."""
MOST_ITEMS: Final = 1_000
"""Heads, peers, cursors or segments in one message, at most."""
MOST_BODIES: Final = 10_000
"""Entries in one message, at most."""

Number = Annotated[int, Meta(ge=0, le=MOST_NUMBER)]
Epoch = Annotated[int, Meta(ge=0, le=2**63 - 1)]
Name = Annotated[str, Meta(max_length=255)]
Words = Annotated[str, Meta(max_length=1_000)]
Seconds = Annotated[float, Meta(ge=0, le=1e12)]
Hash = Annotated[bytes, Meta(min_length=8, max_length=8)]
Bodies = Annotated[list[bytes], Meta(max_length=MOST_BODIES)]
VersionRange = tuple[Annotated[int, Meta(ge=0, le=255)], Annotated[int, Meta(ge=0, le=255)]]


class Head(Struct, frozen=True, array_like=True, gc=False):
    """How far one of the sender's streams has come.

    Attributes:
        group: which stream of the sender's.
        epoch: the open one.
        head: the newest `seq` that is committed; 0 if there never was one.
        low: the oldest one that can be read; `head + 1` if none can.
        hash: of the newest one; empty if it is not told.
    """

    group: Name
    epoch: Epoch
    head: Number
    low: Number
    hash: Annotated[bytes, Meta(max_length=8)] = b""


class Peer(Struct, frozen=True, array_like=True, gc=False):
    """A node that the sender talks to: an introduction.

    Attributes:
        node: its id.
        endpoint: where its publishing socket is.
        public_key: its CURVE key (Z85), empty without encryption.
    """

    node: Name
    endpoint: Words
    public_key: Name


class Cursor(Struct, frozen=True, array_like=True, gc=False):
    """Up to where the sender has committed a stream of the receiver's.

    Attributes:
        group: which stream of the receiver's.
        epoch: which epoch of it.
        next: the first `seq` that is not committed yet.
    """

    group: Name
    epoch: Epoch
    next: Number


class Start(Struct, frozen=True, array_like=True, gc=False):
    """An epoch that the sender knows.

    Attributes:
        epoch: which one.
        start: its first `seq`.
    """

    epoch: Epoch
    start: Number


Heads = Annotated[list[Head], Meta(max_length=MOST_ITEMS)]
Peers = Annotated[list[Peer], Meta(max_length=MOST_ITEMS)]
Cursors = Annotated[list[Cursor], Meta(max_length=MOST_ITEMS)]
Starts = Annotated[list[Start], Meta(max_length=MOST_ITEMS)]


class Hello(Struct, frozen=True, array_like=True, tag=1, gc=False):
    """Reader to owner, first of all and again after each silence: who reads."""

    node: Name
    epoch: Epoch
    versions: VersionRange
    endpoint: Words = ""
    public_key: Name = ""
    cursors: Cursors = []


class HelloOk(Struct, frozen=True, array_like=True, tag=2, gc=False):
    """Owner to reader: welcome; all that follows is in `version`."""

    node: Name
    epoch: Epoch
    version: Annotated[int, Meta(ge=0, le=255)]
    heads: Heads = []
    peers: Peers = []


class Refused(Struct, frozen=True, array_like=True, tag=3, gc=False):
    """Owner to reader: not you; `reason` is taken, version, unknown or not allowed, and why."""

    reason: Words


class Welcome(Struct, frozen=True, array_like=True, tag=4, gc=False):
    """Published to each new subscriber by itself: the fast path works from here on."""

    node: Name
    epoch: Epoch
    heads: Heads = []


class Evt(Struct, frozen=True, array_like=True, tag=5, gc=False):
    """Published after a commit: one or many entries, without gaps between them.

    Attributes:
        first: the `seq` of the first body.
        prev: the hash of the entry before it.
        bodies: of the entries `first`, `first + 1`, ...
    """

    group: Name
    epoch: Epoch
    first: Number
    prev: Hash
    bodies: Bodies


class Hb(Struct, frozen=True, array_like=True, tag=6, gc=False):
    """Published every second, idle too. `time` (s UTC) is for people; nothing depends on it."""

    node: Name
    epoch: Epoch
    time: float
    heads: Heads = []


class Pull(Struct, frozen=True, array_like=True, tag=7, gc=False):
    """Reader to owner: give me what follows. Asking twice changes nothing.

    Attributes:
        req: comes back in the answer.
        epoch: that the reader is in; 0 if it was never in one.
        next: the `seq` that it wants.
        hash: of the entry before that, as the reader has it.
        heard: the highest `seq` of the epoch that the reader ever heard of.
    """

    req: Number
    group: Name
    epoch: Epoch
    next: Number
    hash: Hash
    heard: Number


class Batch(Struct, frozen=True, array_like=True, tag=8, gc=False):
    """Owner to reader: entries from where they were wanted on; none if there are none yet.

    Attributes:
        end: the newest `seq` of this epoch.
        is_last: this epoch is open: there is none after it.
    """

    req: Number
    group: Name
    epoch: Epoch
    first: Number
    prev: Hash
    bodies: Bodies
    end: Number
    is_last: bool


class Next(Struct, frozen=True, array_like=True, tag=9, gc=False):
    """Owner to reader: that epoch ended at `end`; the one after it begins at `start`."""

    req: Number
    group: Name
    epoch: Epoch
    end: Number
    next_epoch: Epoch
    start: Number


class Gone(Struct, frozen=True, array_like=True, tag=10, gc=False):
    """Owner to reader: nothing up to `upto` can be read any more; `hash` is that of `upto`."""

    req: Number
    group: Name
    epoch: Epoch
    upto: Number
    hash: Hash


class Ahead(Struct, frozen=True, array_like=True, tag=11, gc=False):
    """Owner to reader: you know more than I do; my log was rolled back.

    The epoch was closed at `end`, whose hash is `hash`; the one after it begins at `start`.
    """

    req: Number
    group: Name
    epoch: Epoch
    end: Number
    hash: Hash
    next_epoch: Epoch
    start: Number


class Diverged(Struct, frozen=True, array_like=True, tag=12, gc=False):
    """Owner to reader: same epoch, other content; go on in `new_epoch`, that has all there is.

    Attributes:
        first: the first entry of the epoch that can't be read in the new one either.
        upto: the last such entry; below `first` if there is none.
    """

    req: Number
    group: Name
    epoch: Epoch
    new_epoch: Epoch
    start: Number
    first: Number = 1
    upto: Number = 0


class Unknown(Struct, frozen=True, array_like=True, tag=13, gc=False):
    """Owner to reader: I know nothing of that epoch, but of these; `low` as in `Head`."""

    req: Number
    group: Name
    segments: Starts
    low: Number


class Busy(Struct, frozen=True, array_like=True, tag=14, gc=False):
    """Owner to reader: not now; ask again after so many seconds, and a random part more."""

    req: Number
    group: Name
    retry_after: Seconds


class Ack(Struct, frozen=True, array_like=True, tag=15, gc=False):
    """Reader to owner: up to `seq` all is on my disk. For retention and lag only."""

    group: Name
    epoch: Epoch
    seq: Number


class Bye(Struct, frozen=True, array_like=True, tag=16, gc=False):
    """Published, and sent by a reader to its owners: I stop, cleanly; this was all."""

    node: Name
    epoch: Epoch
    heads: Heads = []


class Remote(Struct, frozen=True, array_like=True, tag=17, gc=False):
    """Either way between reader and owner: a word of remote refs, which the bridge only carries."""

    data: bytes


Message = (
    Hello
    | HelloOk
    | Refused
    | Welcome
    | Evt
    | Hb
    | Pull
    | Batch
    | Next
    | Gone
    | Ahead
    | Diverged
    | Unknown
    | Busy
    | Ack
    | Bye
    | Remote
)
"""All there is."""

Answer = Batch | Next | Gone | Ahead | Diverged | Unknown | Busy
"""What an owner says to a `Pull`; a `Busy` is no answer yet."""
