"""The database as anybody can read it: Python and plain SQL, with nothing of the daemon's."""

import sqlite3
import uuid

# By project, in one look at the entries and with no help of an index: files with thousands are looked at thousands of
# times.
MONEY = """
    SELECT project, sum(kind = 'charge') AS charges, sum(iif(kind = 'charge', credits, 0)) AS charged,
        sum(kind = 'refund') AS refunds, sum(iif(kind = 'refund', credits, 0)) AS refunded,
        sum(kind = 'capture') AS captures, sum(iif(kind = 'capture', credits, 0)) AS captured
    FROM entry WHERE project IS NOT NULL GROUP BY project"""

# What must hold in every file, whoever wrote it: (finding, SQL that returns what is wrong).
RULES = [
    ("a balance below zero", "SELECT userId FROM account WHERE available < 0"),
    ("a balance that the entries do not add up to", """
        SELECT userId, available, granted FROM account WHERE
            available <> (SELECT ifnull(sum(CASE kind WHEN 'charge' THEN -credits WHEN 'capture' THEN 0 ELSE credits END), 0)
                          FROM entry WHERE entry.account = account.id)
            OR granted <> (SELECT ifnull(sum(credits), 0) FROM entry
                           WHERE entry.account = account.id AND kind IN ('grant', 'adjustment'))"""),
    ("credits that came from nowhere or went there", """
        SELECT userId FROM account WHERE granted <> available + (
            SELECT ifnull(sum(credits), 0) FROM project WHERE project.account = account.id AND status <> 'failed')"""),
    ("not exactly one charge of what the project cost", f"""
        SELECT hex(id), status FROM project LEFT JOIN ({MONEY}) ON project = row
        WHERE charges IS NOT 1 OR charged IS NOT credits"""),
    ("a failed project without exactly its refund, or a refund without failure", f"""
        SELECT hex(id), status FROM project LEFT JOIN ({MONEY}) ON project = row
        WHERE refunds IS NOT (status = 'failed') OR refunded IS NOT iif(status = 'failed', credits, 0)"""),
    ("a completed project without exactly its capture, or a capture without completion", f"""
        SELECT hex(id), status FROM project LEFT JOIN ({MONEY}) ON project = row
        WHERE captures IS NOT (status = 'completed') OR captured IS NOT iif(status = 'completed', credits, 0)"""),
    ("a project's money on another account", """
        SELECT entry.id FROM entry JOIN project ON project.row = entry.project WHERE project.account <> entry.account"""),
    ("a key that was used twice", """
        SELECT account, idempotencyKey FROM (
            SELECT account, idempotencyKey FROM project UNION ALL SELECT account, idempotencyKey FROM entry)
        WHERE idempotencyKey IS NOT NULL GROUP BY 1, 2 HAVING count(*) > 1"""),
    ("a history without the project's steps", """
        SELECT hex(id), status FROM project LEFT JOIN (
            SELECT project, sum(kind = 'created') AS begins, sum(kind = 'completed') AS good, sum(kind = 'failed') AS bad
            FROM event WHERE project IS NOT NULL GROUP BY project) ON project = row
        WHERE begins IS NOT 1 OR good IS NOT (status = 'completed') OR bad IS NOT (status = 'failed')"""),
    ("an entry or a project of nobody", "SELECT * FROM pragma_foreign_key_check"),
]


class Ledger:
    """A file that nobody has open: a copy with its WAL, or the daemon's own when that has ended.
    Opening it takes in the WAL, so it changes the file."""

    def __init__(self, path):
        self.connection = sqlite3.connect(path, isolation_level=None)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.connection.close()

    def ask(self, sql):
        return self.connection.execute(sql).fetchall()

    def is_empty(self):
        """The daemon had not yet made its tables."""
        return not self.ask("SELECT 1 FROM sqlite_schema WHERE name = 'account'")

    def damage(self):
        """What SQLite itself finds."""
        found = [text for (text,) in self.ask("PRAGMA integrity_check")]
        return [] if found == ["ok"] else found

    def broken_rules(self):
        return [f"{what}: {rows[:3]}" for what, sql in RULES if (rows := self.ask(sql))]

    def accounts(self):
        return {user: (available, granted) for user, available, granted in self.ask(
            "SELECT userId, available, granted FROM account")}

    def projects(self):
        """By key."""
        return {key: (user, credits, status, bool(cancel), str(uuid.UUID(bytes=id)))
                for key, user, credits, status, cancel, id in self.ask(
                    "SELECT idempotencyKey, userId, credits, status, cancelRequested, project.id"
                    " FROM project JOIN account ON account.id = account")}

    def entries(self):
        """Grants and adjustments by key."""
        return {key: (user, credits) for key, user, credits in self.ask(
            "SELECT idempotencyKey, userId, credits FROM entry JOIN account ON account.id = account"
            " WHERE kind IN ('grant', 'adjustment')")}
