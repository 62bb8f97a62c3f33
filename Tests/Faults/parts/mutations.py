"""The mutants: what is broken, which of the harness's detectors must notice, and what that must say.

The schema defends itself against a broken program, several layers deep. So some mutants are here twice: once as they are
("…-guarded": the schema refuses, which the clerks notice as a wrong answer) and once with those layers cut as well, so that
money really moves."""

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
    sql("WHEN OLD.status IN ('completed', 'failed')\n    -- Retention", "WHEN OLD.status = 'failed'\n    -- Retention"),
    sql("WHEN NEW.status = 'pending' OR NEW.status = OLD.status BEGIN", "WHEN NEW.status = 'pending' BEGIN"))
ONE_OUTCOME = (
    sql("CREATE UNIQUE INDEX entryOutcome", "CREATE INDEX entryOutcome"),
    sql("\n    OR EXISTS (SELECT 1 FROM entry WHERE project = NEW.project AND kind IN ('capture', 'refund') AND NEW.kind <> 'charge')",
        ""))
KEYS_ARE_UNIQUE = (
    sql("CREATE UNIQUE INDEX projectByKey", "CREATE INDEX projectByKey"),
    sql("CREATE UNIQUE INDEX projectByExternalId", "CREATE INDEX projectByExternalId"),
    sql("CREATE UNIQUE INDEX entryByKey", "CREATE INDEX entryByKey"),
    sql("""
    OR EXISTS (SELECT 1 FROM project WHERE idempotencyKey = NEW.idempotencyKey AND account = NEW.account)
    OR EXISTS (SELECT 1 FROM project WHERE externalId = NEW.externalId) BEGIN""", " BEGIN"),
    sql("\n    OR EXISTS (SELECT 1 FROM entry WHERE idempotencyKey = NEW.idempotencyKey AND account = NEW.account) BEGIN", " BEGIN"))

# Rules of the program.
LOOKS_FOR_KEYS = (
    Rule("skip", "WHERE p.idempotencyKey = ?1"), Rule("skip", "WHERE e.idempotencyKey = ?1"),
    Rule("skip", "writer: SELECT p.row, p.account, p.id, a.userId, p.status, p.credits, p.externalId"))
ENOUGH_CREDITS = Rule("column", "writer: SELECT id, userId, available", "2 50")
FIRST_VERDICT = Rule("column", "WHERE p.id = ?1", "4 completed processing")

# How money moves.
REFUND = "        available = available + NEW.credits,\n        pending = pending - (OLD.status = 'pending'),\n"
CHARGE = "        available = available - NEW.credits,\n"
OUTCOME_ENTRY = """    INSERT INTO entry (account, project, kind, credits, at)
    VALUES (NEW.account, NEW.row, '{}', {}, NEW.{});
"""


@dataclass(frozen=True)
class Mutant:
    name: str
    by: str  # the detector, in kinds/mutants.py
    says: str  # a pattern that one of its findings must match: it is caught for what it is
    rules: tuple
    within: float = 60  # seconds of trying, on a busy machine


def credits_moved(old, new):
    return (sql(old, new), CONSERVATION)


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
SHORT = [
    Mutant("acknowledge before commit", "kill", r"lost|was due|acknowledged", EARLY_COMMIT),
    Mutant("skip the key check", "live", r"replayed.* was due|idempotencyConflict was due",
           (*LOOKS_FOR_KEYS[:2], Rule("skip", "WHERE p.externalId = ?1"), *KEYS_ARE_UNIQUE)),
    Mutant("refund twice", "live", BALANCE, credits_moved(REFUND, REFUND.replace("+ NEW.credits", "+ 2 * NEW.credits"))),
    Mutant("start without the WAL", "kill", r"was due|acknowledged", (Rule("forget-log", "/l.db"),)),
    Mutant("checkpoint from a second connection", "live", r"lost|corrupt|was due|acknowledged|ended by itself|malformed",
           (Rule("checkpointer", "/l.db"),), within=120),
]

REST = [
    # What is acknowledged and not there.
    Mutant("a commit now and then rolled back", "live", r"was due", (Rule("instead", COMMIT, "ROLLBACK", 40, True),)),
    Mutant("a refusal takes its neighbours with it", "live", r"was due",
           (Rule("instead", "writer: ROLLBACK TO request", "ROLLBACK; BEGIN IMMEDIATE; SAVEPOINT request", whole=True),)),
    Mutant("start-up rewrite of the WAL writes nothing", "kill", r"was due|acknowledged", (Rule("zero-rewrite", "/l.db-wal"),)),
    # Keys.
    Mutant("skip the key check, guarded", "live", r"replayed.* was due|idempotencyConflict was due",
           (*LOOKS_FOR_KEYS[:2], Rule("skip", "WHERE p.externalId = ?1"))),
    Mutant("keys of projects are not kept", "live", r"replayed.* was due",
           (sql("VALUES (?1, ?2, ?3, ?4, ?4, ?5, ?6, ?7,", "VALUES (?1, ?2, ?3, ?4, ?4, ?5, NULL, ?7,"),)),
    # Money.
    Mutant("refund twice, guarded", "live", r"was due, not .*internalError",
           (sql(REFUND, REFUND.replace("+ NEW.credits", "+ 2 * NEW.credits")),)),
    Mutant("refund one too many", "live", BALANCE, credits_moved(REFUND, REFUND.replace("+ NEW.credits", "+ NEW.credits + 1"))),
    Mutant("no refund", "live", BALANCE, credits_moved(REFUND, REFUND.replace("+ NEW.credits", "+ 0"))),
    Mutant("no charge", "live", BALANCE, credits_moved(CHARGE, "")),
    Mutant("the first user pays for all", "live", BALANCE, (sql("""WHERE id = NEW.account;
END;

CREATE TRIGGER projectStart""", "WHERE id = 1;\nEND;\n\nCREATE TRIGGER projectStart"),)),
    Mutant("overdraw", "live", BALANCE, (ENOUGH_CREDITS, NEVER_NEGATIVE, PAID)),
    Mutant("overdraw, guarded", "live", BALANCE, (ENOUGH_CREDITS,)),
    Mutant("held without what is processed", "live", r"held = .* was due",
           (sql("pendingCredits + processingCredits, granted", "pendingCredits, granted"),)),
    Mutant("a second verdict counts", "live", r"terminalState was due",
           (FIRST_VERDICT, *FIRST_VERDICT_STAYS, *ONE_OUTCOME, CONSERVATION)),
    Mutant("a second verdict counts, guarded", "live", r"terminalState was due, not .*internalError", (FIRST_VERDICT,)),
    Mutant("cancellation is not kept", "live", r"cancel", (sql("cancelRequested = 1", "cancelRequested = 0"),)),
    # The ledger, where no answer shows it.
    Mutant("charge without entry", "ledger", r"do not add up|not exactly one charge",
           (sql(OUTCOME_ENTRY.format("charge", "NEW.credits", "createdAt"), ""),)),
    Mutant("capture without entry", "ledger", r"without exactly its capture",
           (sql(OUTCOME_ENTRY.format("capture", "NEW.credits", "finishedAt"), ""),)),
    Mutant("capture of one too many", "ledger", r"without exactly its capture",
           (sql(OUTCOME_ENTRY.format("capture", "NEW.credits", "finishedAt"),
                OUTCOME_ENTRY.format("capture", "NEW.credits + 1", "finishedAt")), AGREES)),
    Mutant("history with holes", "ledger", r"a history without", (Rule("skip", "INSERT INTO event", every=50),)),
    Mutant("charge without entry, after a kill", "kill", r"found|daemon", 
           (sql(OUTCOME_ENTRY.format("charge", "NEW.credits", "createdAt"), ""),)),
    Mutant("a bit flips on its way to the disk", "kill", r"corrupt|malformed|daemon", (Rule("flip-bit", "/l.db", every=200),)),
    # Reading and answering.
    Mutant("reads keep an old snapshot", "live", r"was due", (Rule("skip", "reader: COMMIT", whole=True),)),
    Mutant("an answer is swallowed", "live", r"was answered", (Rule("drop-reply", every=200),)),
    Mutant("an answer is given twice", "live", r"was answered|pop from empty", (Rule("twice-reply", every=200),)),
    # What the daemon itself refuses.
    Mutant("synchronous NORMAL, honestly", "kill", r"does not start .*SQLite does not take synchronous",
           (setting("synchronous", 2, 1),)),
    # The clocks.
    Mutant("the sweep never sees what is due", "overdue", r"overdue", (Rule("skip", "WHERE p.deadline <= ?1 ORDER BY"),)),
    Mutant("a second daemon", "second", r"second daemon", (Rule("no-lock", "/l.db"),)),
]

MUTANTS = SHORT + REST
