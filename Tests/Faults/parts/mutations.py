"""The mutants: what is broken, which of the harness's detectors must notice, and what that must say.

The schema defends itself against a broken program, several layers deep. So some mutants are here twice: once as they
are ("…, guarded": the schema refuses, which the clerks notice as a wrong answer) and once with those layers cut as
well, so that money really moves."""

from dataclasses import dataclass

from .saboteur import Rule, sql

# Layers of the schema.
CONSERVATION = sql(""",
    -- Conservation: every credit that was given is available, held or spent.
    CHECK (available + pendingCredits + processingCredits + completedCredits = granted)""", "")
NEVER_NEGATIVE = sql(
    "available         INTEGER NOT NULL DEFAULT 0 CHECK (available BETWEEN 0 AND 9007199254740991)",
    "available         INTEGER NOT NULL DEFAULT 0")
PAID = sql("WHEN NOT EXISTS (SELECT 1 FROM account WHERE id = NEW.account AND available >= NEW.credits)", "WHEN 0")
AGREES = sql("WHEN NEW.project IS NOT NULL AND NOT EXISTS (", "WHEN 0 AND NOT EXISTS (")
FIRST_VERDICT_STAYS = (
    sql("WHEN OLD.finishedAt IS NOT NULL\n    AND (NEW.status", "WHEN OLD.status = 'failed'\n    AND (NEW.status"),
    sql("OR (OLD.finishedAt IS NULL AND (NEW.status IS 'completed'", "OR (OLD.status <> 'failed' AND (NEW.status IS 'completed'"),
    sql("WHEN NEW.status IS OLD.status BEGIN", "WHEN 0 BEGIN"),
    sql("WHEN NEW.status IS NOT OLD.status AND NOT EXISTS (\n    SELECT 1 FROM account", "WHEN 0 AND NOT EXISTS (\n    SELECT 1 FROM account"))
ONE_OUTCOME = (
    sql("CREATE UNIQUE INDEX entryOutcome", "CREATE INDEX entryOutcome"),
    sql("OR EXISTS (SELECT 1 FROM entry WHERE project = NEW.project AND kind IN ('capture', 'refund') AND",
        "OR (0 AND"))
KEYS_ARE_UNIQUE = (
    sql("CREATE UNIQUE INDEX projectByKey", "CREATE INDEX projectByKey"),
    sql("CREATE UNIQUE INDEX projectByExternalId", "CREATE INDEX projectByExternalId"),
    sql("CREATE UNIQUE INDEX entryByKey", "CREATE INDEX entryByKey"),
    sql("""
    OR EXISTS (SELECT 1 FROM project WHERE idempotencyKey = NEW.idempotencyKey AND account = NEW.account)
    OR EXISTS (SELECT 1 FROM project WHERE externalId = NEW.externalId) BEGIN""", " BEGIN"),
    sql("OR EXISTS (SELECT 1 FROM entry WHERE idempotencyKey = NEW.idempotencyKey AND",
        "OR EXISTS (SELECT 1 FROM entry WHERE 0 AND"))

# Rules of the program.
LOOKS_FOR_KEYS = (
    Rule("skip", "WHERE p.idempotencyKey = ?1"), Rule("skip", "WHERE e.idempotencyKey = ?1"),
    Rule("skip", "WHERE p.externalId = ?1"))
# Of requests that come with an externalId, which only creations do.
ENOUGH_CREDITS = Rule("column", "writer: SELECT id, userId, available", "2 50\nWHERE p.externalId = ?1")
FIRST_VERDICT = Rule("column", "WHERE p.id = ?1", "4 completed processing")

# How money moves.
REFUND = "        available = available + {},\n        pending = pending - (OLD.status = 'pending'),\n"
ENTRY = """    INSERT INTO entry (account, project, kind, credits, at)
    VALUES (NEW.account, NEW.row, '{}', {}, NEW.{});
"""


@dataclass(frozen=True)
class Mutant:
    name: str
    by: str  # the detector, in kinds/mutants.py
    says: str  # a pattern that one of its findings must match: it is caught for what it is
    rules: tuple
    within: float = 60  # seconds in which another try may begin, on a busy machine
    until: tuple = ()  # the version of SQLite from which on it breaks nothing


def refund(credits):
    return sql(REFUND.format("NEW.credits"), REFUND.format(credits))


def setting(name, told, real):
    """The daemon asks for one and gets the other."""
    return sql(f"PRAGMA {name} = {told}", f"PRAGMA {name} = {real}")


def lying(name, told, real):
    """And is told that it got what it asked for."""
    return (setting(name, told, real), sql(f"PRAGMA {name}", f"SELECT {told}", whole=True))


COMMIT = "writer: COMMIT"
EARLY_COMMIT = (Rule("skip", COMMIT, whole=True), Rule("before", "writer: BEGIN IMMEDIATE", "COMMIT", whole=True))
BALANCE = r"available = .* was due|insufficientCredits was due"

# The first ones are the short form.
FIRST = [
    Mutant("synchronous NORMAL", "power", r"lost", lying("synchronous", 2, 1)),
    Mutant("sync a no-op", "power", r"lost|corrupt", (Rule("no-sync", "l.db"),)),
    Mutant("swallow the error of a sync", "syncerror", r"serves after a sync that failed|exit code",
           (Rule("hide-error", "l.db"),)),
    Mutant("acknowledge before commit", "kill", r"lost|was due|acknowledged", EARLY_COMMIT),
    Mutant("skip the key check", "live", r"replayed.* was due|idempotencyConflict was due",
           (*LOOKS_FOR_KEYS, *KEYS_ARE_UNIQUE)),
    Mutant("refund twice", "live", BALANCE, (refund("2 * NEW.credits"), CONSERVATION)),
    Mutant("start without the WAL", "kill", r"was due|acknowledged", (Rule("forget-log", "/l.db"),)),
    Mutant("checkpoint from a second connection", "live",
           r"lost|corrupt|was due|acknowledged|ended by itself|malformed", (Rule("checkpointer", "/l.db"),),
           within=120, until=(3, 51, 3)),
]

REST = [
    # What is acknowledged and not there.
    Mutant("no start-up rewrite of the WAL", "syncerror", r"lost", (Rule("no-rewrite", "/l.db-wal$"),), within=600),
    Mutant("go on after a sync that failed, as after a full disk", "syncerror",
           r"serves after a sync that failed|exit code|lifecycled.* timed out", (Rule("call-it-full"),), within=120),
    Mutant("no sync of the folder", "power", r"lost|corrupt|does not start", (Rule("no-sync", "/d$"),)),
    Mutant("synchronous OFF", "power", r"lost|corrupt", lying("synchronous", 2, 0)),
    Mutant("sync after the answer", "power", r"lost", (Rule("late-sync", "/l.db-wal$"),)),
    Mutant("checkpoints do not sync the database", "checkpoint", r"lost|corrupt", (Rule("no-sync", "/l.db$"),)),
    Mutant("a commit now and then rolled back", "live", r"was due", (Rule("instead", COMMIT, "ROLLBACK", 40, True),)),
    Mutant("a refusal takes its neighbours with it", "live", r"was due",
           (Rule("instead", "ROLLBACK TO request", "ROLLBACK; BEGIN IMMEDIATE; SAVEPOINT request"),)),
    Mutant("start-up rewrite of the WAL writes zeros", "kill", r"was due|acknowledged",
           (Rule("zero-rewrite", "/l.db-wal$"),)),
    # Keys.
    Mutant("skip the key check, guarded", "live", r"replayed.* was due|idempotencyConflict was due",
           LOOKS_FOR_KEYS),
    Mutant("keys of projects are not kept", "live", r"replayed.* was due",
           (sql("VALUES (?1, ?2, ?3, ?4, ?4, ?5, ?6, ?7,", "VALUES (?1, ?2, ?3, ?4, ?4, ?5, NULL, ?7,"),)),
    # Money.
    Mutant("refund twice, guarded", "live", r"was due, not .*internalError",
           (refund("2 * NEW.credits"),)),
    Mutant("refund one too many", "live", BALANCE, (refund("NEW.credits + 1"), CONSERVATION)),
    Mutant("no refund", "live", BALANCE, (refund("0"), CONSERVATION)),
    Mutant("no charge", "live", BALANCE, (sql("        available = available - NEW.credits,\n", ""), CONSERVATION)),
    Mutant("a grant counts twice", "live", BALANCE, (sql(
        "SET available = available + NEW.credits, granted = granted + NEW.credits WHERE",
        "SET available = available + 2 * NEW.credits, granted = granted + 2 * NEW.credits WHERE"),)),
    Mutant("the first user pays for all", "live", BALANCE, (sql("""WHERE id = NEW.account;
END;

CREATE TRIGGER projectStart""", "WHERE id = 1;\nEND;\n\nCREATE TRIGGER projectStart"),)),
    Mutant("overdraw", "live", BALANCE, (ENOUGH_CREDITS, NEVER_NEGATIVE, PAID)),
    Mutant("overdraw, guarded", "live", BALANCE, (ENOUGH_CREDITS,)),
    Mutant("held without what is processed", "live", r"held = .* was due",
           (sql("pendingCredits + processingCredits, granted", "pendingCredits, granted"),)),
    Mutant("a second verdict counts", "live", r"terminalState was due|changed = False was due",
           (FIRST_VERDICT, *FIRST_VERDICT_STAYS, *ONE_OUTCOME, CONSERVATION)),
    Mutant("a second verdict counts, guarded", "live", r"was due, not .*internalError", (FIRST_VERDICT,)),
    Mutant("cancellation is not kept", "live", r"cancel", (sql("cancelRequested = 1", "cancelRequested = 0"),)),
    # The ledger, where no answer shows it.
    Mutant("charge without entry", "live", r"do not add up|not exactly one charge",
           (sql(ENTRY.format("charge", "NEW.credits", "createdAt"), ""),)),
    Mutant("capture without entry", "live", r"without exactly its capture",
           (sql(ENTRY.format("capture", "NEW.credits", "finishedAt"), ""),)),
    Mutant("capture of one too many", "live", r"without exactly its capture",
           (sql(ENTRY.format("capture", "NEW.credits", "finishedAt"),
                ENTRY.format("capture", "NEW.credits + 1", "finishedAt")), AGREES)),
    Mutant("history with holes", "live", r"a history without", (Rule("skip", "INSERT INTO event", every=50),)),
    Mutant("charge without entry, which the daemon's own audit finds", "kill", r"the ledger is inconsistent",
           (sql(ENTRY.format("charge", "NEW.credits", "createdAt"), ""),)),
    Mutant("bits flip on their way into the database", "kill",
           r"corrupt|malformed|damaged|inconsistent|does not start|was due|Unknown", (Rule("flip-bit", "/l.db$", every=5),)),
    Mutant("bits flip on their way into the WAL", "kill", r"was due|acknowledged|malformed|damaged",
           (Rule("flip-bit", "/l.db-wal$", every=100),)),
    # Reading and answering.
    Mutant("reads keep an old snapshot", "history", r"order|came after",
           (Rule("skip", "reader: COMMIT", every=3, whole=True),)),
    Mutant("reads keep an old snapshot for ever", "live", r"was due", (Rule("skip", "reader: COMMIT", whole=True),)),
    Mutant("an answer is swallowed", "live", r"was answered", (Rule("drop-reply", every=200),)),
    Mutant("an answer is given twice", "live", r"was answered|nothing was asked", (Rule("twice-reply", every=200),)),
    Mutant("no answer at all", "live", r"hung", (Rule("drop-reply"),)),
    # What the daemon itself refuses.
    Mutant("synchronous NORMAL, honestly", "kill", r"does not start .*SQLite does not take synchronous",
           (setting("synchronous", 2, 1),)),
    Mutant("foreign keys off, honestly", "kill", r"does not start .*SQLite does not take foreign_keys",
           (setting("foreign_keys", 1, 0),)),
    # The clocks.
    Mutant("the sweep never sees what is due", "overdue", r"overdue projects have become",
           (Rule("skip", "WHERE p.deadline <= ?1 ORDER BY"),)),
    Mutant("what is done before a deadline is settled stays", "overdue", r"a new key was answered",
           (Rule("skip", "ROLLBACK TO request"),)),
    Mutant("the lock keeps nobody out", "second", r"second daemon", (Rule("no-lock"),)),
]
