"""Values in few words, for messages: whatever a publisher sends, its refusal can be printed."""

from __future__ import annotations

from reprlib import Repr

#: 2 ** 3.3219 is 10: an integer has about so many digits as its bits divided by this.
_BITS_OF_A_DIGIT = 3.3219
_FEW_DIGITS = 40


class _Short(Repr):
    """As `reprlib.repr`, and no integer is too long for it."""

    def repr_int(self, x: int, level: int) -> str:
        """Count the digits of a long integer; Python refuses to write one of thousands."""
        if abs(x) < 10**_FEW_DIGITS:
            return super().repr_int(x, level)
        return f"an integer of about {int(x.bit_length() / _BITS_OF_A_DIGIT) + 1} digits"


def shown(value: object) -> str:
    """Write any value, shortened, in characters that every terminal and log takes."""
    return ascii_only(_Short().repr(value))


def ascii_only(text: str) -> str:
    """Escape what UTF-8 can't encode, halves of surrogate pairs, and leave all else as it is."""
    return text.encode("utf-8", "backslashreplace").decode()
