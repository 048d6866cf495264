"""The store: one table in SQLite. A row is a message and its dedup record in one, so the two cannot part."""

import sqlite3
import time
import uuid

SCHEMA = """
CREATE TABLE IF NOT EXISTS messages (
  seq           INTEGER PRIMARY KEY AUTOINCREMENT, -- in order of acceptance; never used twice
  sender        TEXT NOT NULL,
  msg_id        TEXT NOT NULL,
  server_msg_id TEXT NOT NULL UNIQUE,
  recipient     TEXT NOT NULL,
  body          TEXT,                              -- deleted with the ack
  digest        BLOB NOT NULL,
  accepted_at   INTEGER NOT NULL,
  acked_at      INTEGER,                           -- NULL: not acked, the message waits
  acked_uptime  INTEGER,
  UNIQUE (sender, msg_id)
) STRICT;
CREATE INDEX IF NOT EXISTS waiting ON messages (recipient, seq) WHERE acked_at IS NULL;
CREATE INDEX IF NOT EXISTS settled ON messages (acked_uptime) WHERE acked_at IS NOT NULL;
"""


def wall_clock_ms():
    return time.time_ns() // 1_000_000


class Store:
    def __init__(self, path):
        self.db = sqlite3.connect(path, isolation_level=None)  # BEGIN and COMMIT are written here, and nowhere implied.
        self.db.row_factory = sqlite3.Row
        self.db.execute("PRAGMA journal_mode = WAL")
        self.db.execute("PRAGMA synchronous = FULL")  # COMMIT returns when the disk has it.
        self.db.executescript(SCHEMA)
        # How long this store has been served, all processes together. A clock that somebody sets must not make
        # the server forget, so the dedup window is measured by this one. It stands still between two processes.
        (before,) = self.db.execute("SELECT coalesce(max(acked_uptime), 0) FROM messages").fetchone()
        self.began_ms = before - time.monotonic_ns() // 1_000_000

    def uptime_ms(self):
        return self.began_ms + time.monotonic_ns() // 1_000_000

    def begin(self):
        self.db.execute("BEGIN IMMEDIATE")

    def commit(self):
        self.db.execute("COMMIT")

    def rollback(self):
        if self.db.in_transaction:
            self.db.execute("ROLLBACK")

    def close(self):
        self.db.close()

    def find(self, sender, msg_id):
        return self._one("SELECT * FROM messages WHERE sender = ? AND msg_id = ?", sender, msg_id)

    def find_for(self, recipient, server_msg_id):
        """In one step: a message to somebody else is the same miss as an id that never was."""
        return self._one("SELECT * FROM messages WHERE server_msg_id = ? AND recipient = ?", server_msg_id, recipient)

    def inbox_holds(self, recipient, limit):
        """Whether that many messages wait. It counts no further than to the limit."""
        query = "SELECT count(*) FROM (SELECT 1 FROM messages WHERE recipient = ? AND acked_at IS NULL LIMIT ?)"
        (count,) = self.db.execute(query, (recipient, limit)).fetchone()
        return count >= limit

    def add(self, sender, msg_id, recipient, body, digest):
        self.db.execute(
            "INSERT INTO messages (sender, msg_id, server_msg_id, recipient, body, digest, accepted_at)"
            " VALUES (?, ?, ?, ?, ?, ?, ?)",
            (sender, msg_id, uuid.uuid4().hex, recipient, body, digest, wall_clock_ms()),
        )
        return self.find(sender, msg_id)

    def mark_acked(self, message):
        # Never before the acceptance, although the clock may have been set back since (IM-2-19).
        acked_at = max(wall_clock_ms(), message["accepted_at"])
        self.db.execute(
            "UPDATE messages SET acked_at = ?, acked_uptime = ?, body = NULL WHERE seq = ?",
            (acked_at, self.uptime_ms(), message["seq"]),
        )
        return self.find(message["sender"], message["msg_id"])

    def next_waiting(self, recipient, after_seq, limit):
        query = "SELECT * FROM messages WHERE recipient = ? AND acked_at IS NULL AND seq > ? ORDER BY seq LIMIT ?"
        return self.db.execute(query, (recipient, after_seq, limit)).fetchall()

    def forget_older_than(self, window_ms):
        """A record lives for the dedup window after its ack, and without an ack for ever (IM-4.2-6)."""
        oldest = self.uptime_ms() - window_ms
        self.db.execute("DELETE FROM messages WHERE acked_at IS NOT NULL AND acked_uptime < ?", (oldest,))

    def _one(self, query, *values):
        return self.db.execute(query, values).fetchone()
