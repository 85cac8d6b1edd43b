"""Ids of other nodes' events that the log has let go of: they must not enter a second time.

A stream is read again from its beginning if its origin was put back to an older state, and other
nodes keep events for longer than the log does.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import msgspec

if TYPE_CHECKING:
    from collections.abc import Sequence

    from .sqlite import Readable, Tables

KEPT: Final = 1_209_600.0
"""Seconds for which an id is known once its event is removed: twice what others keep it for
(`bridge.retention`) if nobody has set that."""
_MARK: Final = b"\xa6origin"
"""The name of that field of an envelope, in MessagePack; an event that has it elsewhere does no
harm."""

_ids = msgspec.json.Decoder(list[str]).decode


def keep_ids(tables: Tables, sequences: str, now: float) -> None:
    """Know the ids of events that are about to be removed, and forget those of long ago.

    Args:
        tables: the file.
        sequences: of the events, as JSON.
        now: seconds UTC.
    """
    tables.write(
        "INSERT OR IGNORE INTO inbox_ids SELECT event_id, ? FROM events "
        "WHERE sequence IN (SELECT value FROM json_each(?)) AND instr(envelope, ?) > 0",
        (now, sequences, _MARK),
    )
    tables.write("DELETE FROM inbox_ids WHERE at < ?", (now - KEPT,))


def known_ids(tables: Readable, ids: Sequence[str]) -> set[str]:
    """Return which of some ids are known."""
    ((found,),) = tables.rows(
        "SELECT json_group_array(value) FROM json_each(?) "
        "WHERE EXISTS (SELECT 1 FROM inbox_ids WHERE event_id = value)",
        (msgspec.json.encode(ids).decode(),),
    )
    return set(_ids(found))
