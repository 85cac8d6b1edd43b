"""What the bridge keeps in the file of the event log: outboxes, places in streams, and losses."""

from __future__ import annotations

from typing import Final

BRIDGE: Final = """
    CREATE TABLE outbox (                   -- what this node exports, one group of types a stream
        module_group TEXT NOT NULL,
        seq INTEGER NOT NULL,               -- 1, 2, ...; never reset
        epoch INTEGER NOT NULL,
        hash BLOB NOT NULL,                 -- over this entry and the one before it, 8 bytes
        at REAL NOT NULL,                   -- committed when, seconds UTC
        body BLOB,                          -- NULL: the last one that retention has removed
        PRIMARY KEY (module_group, seq)
    ) STRICT;

    CREATE TABLE outbox_epochs (            -- one for each start, in order of number
        number INTEGER PRIMARY KEY AUTOINCREMENT,
        module_group TEXT NOT NULL,
        epoch INTEGER NOT NULL,
        first INTEGER NOT NULL,             -- seq
        head INTEGER NOT NULL,              -- seq of the last entry; first - 1: there is none
        hash BLOB NOT NULL,                 -- of the last entry; zeros: there is none
        is_open INTEGER NOT NULL,           -- the last epoch of a group is
        UNIQUE (module_group, epoch)
    ) STRICT;

    CREATE TABLE inbox_places (             -- how far this node has read what others export
        origin TEXT NOT NULL,               -- node
        module_group TEXT NOT NULL,
        epoch INTEGER NOT NULL,
        next INTEGER NOT NULL,              -- seq
        hash BLOB NOT NULL,                 -- of the entry before that one
        heard INTEGER NOT NULL,             -- highest seq that was heard of
        visit INTEGER NOT NULL,             -- the highest one of a stream is where the reader is
        PRIMARY KEY (origin, module_group, epoch)
    ) STRICT, WITHOUT ROWID;

    CREATE TABLE inbox_hashes (             -- of entries that were read together
        origin TEXT NOT NULL,
        module_group TEXT NOT NULL,
        epoch INTEGER NOT NULL,
        first INTEGER NOT NULL,             -- seq
        last INTEGER NOT NULL,
        hashes BLOB NOT NULL,               -- 8 bytes each
        PRIMARY KEY (origin, module_group, epoch, first)
    ) STRICT;

    CREATE TABLE inbox_ids (                -- others' events that are in the log no more
        event_id TEXT PRIMARY KEY,
        at REAL NOT NULL                    -- removed when, seconds UTC
    ) STRICT, WITHOUT ROWID;
    CREATE INDEX inbox_ids_by_time ON inbox_ids (at);

    CREATE TABLE bridge_losses (            -- what this node will never get
        number INTEGER PRIMARY KEY AUTOINCREMENT,
        origin TEXT NOT NULL,
        module_group TEXT NOT NULL,
        epoch INTEGER NOT NULL,
        first INTEGER NOT NULL,             -- seq
        last INTEGER NOT NULL,
        reason TEXT NOT NULL,
        declared_at REAL NOT NULL,          -- seconds UTC
        is_told INTEGER NOT NULL DEFAULT 0, -- its event is in the log
        UNIQUE (origin, module_group, epoch, first, last, reason)
    ) STRICT;
    """
