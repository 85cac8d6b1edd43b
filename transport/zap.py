"""Who is let in: the answers to the questions that ZeroMQ asks about keys (RFC 27, ZAP).

The library asks over a socket of the same process, before it lets anybody in who connects to a
socket with keys. It is answered in the thread that owns all sockets.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

import zmq
from zmq.utils import z85

from .socket_options import ZAP_DOMAIN

if TYPE_CHECKING:
    from collections.abc import Sequence

    from .complaints import Complaints
    from .keys import KeyRing, Standing
    from .socket_options import Context, Socket

PLACE: Final = "inproc://zeromq.zap.01"
VERSION: Final = b"1.0"

_PARTS: Final = 8
"""Address of who asks, an empty part, version, number, domain, peer's address, its id, mechanism.
The credentials follow."""
_WORDS: Final = {
    "unknown": "its key is unknown here; if it is right: ringleader keys allow NAME '%s'",
    "revoked": "its key '%s' is revoked",
    "expired": "its key '%s' has expired: it was replaced by another",
}


class Question(NamedTuple):
    """What the library wants to know.

    Attributes:
        sender: the address of the library's end.
        number: of the question.
        domain: of the socket that somebody connects to.
        address: of that somebody.
        mechanism: `CURVE`, `NULL` or `PLAIN`.
        credentials: for CURVE, the public key.
    """

    sender: bytes
    number: bytes
    domain: bytes
    address: str
    mechanism: bytes
    credentials: tuple[bytes, ...]

    @classmethod
    def read(cls, parts: Sequence[bytes]) -> Question | None:
        """Read a question; None if it is none."""
        if len(parts) < _PARTS or parts[1] or parts[2] != VERSION:
            return None
        sender, _, _, number, domain, address, _, mechanism, *credentials = parts
        return cls(
            sender, number, domain, address.decode(errors="replace"), mechanism, tuple(credentials)
        )

    @property
    def key(self) -> str:
        """The public key of who connects; empty if it shows none."""
        is_key = self.mechanism == b"CURVE" and len(self.credentials) == 1
        return z85.encode(self.credentials[0]).decode() if is_key else ""

    def answer(self, standing: Standing | None) -> list[bytes]:
        """Return the answer, whose user id is the public key."""
        if standing is not None and standing.word == "allowed":
            code, text, user = b"200", b"OK", self.key.encode()
        else:
            code, text, user = b"400", b"not allowed", b""
        return [self.sender, b"", VERSION, self.number, code, text, user, b""]


class ZapDesk:
    """Answers for the sockets of one context.

    Args:
        context: of the sockets.
        keys: that are let in.
        complaints: where refusals go.
    """

    def __init__(self, context: Context, keys: KeyRing, complaints: Complaints) -> None:
        self._keys, self._complaints = keys, complaints
        self.socket: Socket = context.socket(zmq.ROUTER)
        self.socket.linger = 0
        self.socket.bind(PLACE)
        self._let_in: set[str] = set()  # never more than there are keys

    def serve(self) -> list[str]:
        """Answer one question; return what there is to say about who was refused."""
        question = Question.read(self.socket.recv_multipart(zmq.DONTWAIT))
        if question is None:
            return []
        key = question.key if question.domain == ZAP_DOMAIN else ""
        standing = self._keys.standing(key) if key else None
        self.socket.send_multipart(question.answer(standing), zmq.DONTWAIT)
        if standing is None:
            return []
        if standing.word == "allowed":
            self._let_in.add(key)
            return []
        return self._refuse(question, standing)

    def _refuse(self, question: Question, standing: Standing) -> list[str]:
        why = _WORDS[standing.word] % question.key
        who = standing.name  # strangers can draw as many keys as they like: they are one cause
        said = self._complaints.about(
            f"{standing.word} key", who, f"refused {who or 'who'} is at {question.address}: {why}"
        )
        return [f"{question.address}: {why}"] if said else []

    @property
    def is_outdated(self) -> bool:
        """Whether somebody was let in who would not be any more."""
        return any(self._keys.standing(key).word != "allowed" for key in self._let_in)

    def start_anew(self) -> None:
        """Forget who was let in: all were cut off."""
        self._let_in.clear()

    def close(self) -> None:
        """Answer no more."""
        self.socket.close()
