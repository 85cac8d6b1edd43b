"""The file of the event log: events, consumers, what they have in hand, dead letters, the bridge.

One file for a node, across all its runs; the node's process owns it, one thread writes it.
"""

from __future__ import annotations

from typing import Final

from .bridge_schema import BRIDGE

WHAT: Final = "the event log"

SCHEMA: Final = (
    """
    CREATE TABLE events (
        sequence INTEGER PRIMARY KEY AUTOINCREMENT,
        event_id TEXT NOT NULL UNIQUE,
        event_type TEXT NOT NULL,           -- wire value
        source TEXT NOT NULL,
        time REAL NOT NULL,                 -- seconds UTC
        correlation_id TEXT,
        causation_id TEXT,
        envelope BLOB NOT NULL,             -- MessagePack, without the sequence
        payload BLOB NOT NULL               -- MessagePack, canonical
    ) STRICT;
    CREATE INDEX events_by_type ON events (event_type, sequence);
    CREATE INDEX events_by_time ON events (time);
    CREATE INDEX events_by_correlation ON events (correlation_id) WHERE correlation_id IS NOT NULL;

    CREATE TABLE segments (                 -- which start of the node wrote from where on
        epoch INTEGER PRIMARY KEY,
        first_sequence INTEGER NOT NULL,
        started_at REAL NOT NULL
    ) STRICT;

    CREATE TABLE consumers (
        name TEXT PRIMARY KEY,
        types TEXT,                         -- JSON list of wire values; NULL: all
        idempotent INTEGER NOT NULL,
        cursor INTEGER NOT NULL,
        owner TEXT NOT NULL DEFAULT '',
        lease REAL,                         -- seconds
        lease_until REAL,                   -- seconds UTC
        created_at REAL NOT NULL,
        seen_at REAL NOT NULL
    ) STRICT, WITHOUT ROWID;

    CREATE TABLE in_hand (
        consumer TEXT NOT NULL REFERENCES consumers (name) ON DELETE CASCADE,
        sequence INTEGER NOT NULL,
        attempt INTEGER NOT NULL,           -- 1: handed out for the first time
        handed_back INTEGER NOT NULL DEFAULT 0,  -- it waits to be handed out again
        PRIMARY KEY (consumer, sequence)
    ) STRICT, WITHOUT ROWID;

    CREATE TABLE dead_letters (             -- one for each event (or message) and subscriber
        number INTEGER PRIMARY KEY AUTOINCREMENT,
        event_id TEXT,                      -- NULL: a message that is no event
        event_type TEXT NOT NULL,           -- wire value, or the message's class
        payload BLOB,                       -- MessagePack; NULL if it can't be written
        handler_name TEXT NOT NULL,         -- the subscriber's path
        error TEXT NOT NULL,
        retry_count INTEGER NOT NULL DEFAULT 0,
        created_at REAL NOT NULL,           -- seconds UTC, as all times here
        last_retry_at REAL,
        source TEXT NOT NULL,
        status TEXT NOT NULL
            CHECK (status IN ('pending', 'retrying', 'recovered', 'abandoned', 'dropped')),
        reason TEXT NOT NULL,               -- the outcome
        fingerprint TEXT NOT NULL DEFAULT '',
        report TEXT NOT NULL DEFAULT '',    -- the death report, as JSON
        envelope BLOB,                      -- MessagePack
        consumer TEXT NOT NULL DEFAULT '',  -- the durable consumer, if it was one's
        message TEXT NOT NULL DEFAULT '',   -- what can't be retried, in words
        next_retry_at REAL,
        event_time REAL,
        updated_at REAL NOT NULL
    ) STRICT;
    CREATE UNIQUE INDEX dead_letters_by_delivery ON dead_letters (event_id, handler_name)
        WHERE event_id IS NOT NULL;
    CREATE INDEX dead_letters_by_status ON dead_letters (status, created_at);
    CREATE INDEX dead_letters_due ON dead_letters (next_retry_at) WHERE next_retry_at IS NOT NULL;
    CREATE INDEX dead_letters_by_type ON dead_letters (event_type, created_at);
    """,
    BRIDGE,
)
