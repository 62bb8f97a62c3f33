-- Credits and projects. What the ledger promises stands here and not only in the program: these constraints and
-- triggers hold against any bug of the daemon, and against a careless hand on the file. (Whoever may write the file can
-- also drop a trigger or edit a balance: that, audit.sql finds.)
--
-- Money moves by triggers: inserting a project charges it, ending it captures or refunds, in the same statement. So
-- there is no failed project without its refund, and no refund without a failed project, in any state of the file.
--
-- Kinds are compared one by one where there are more than two: for a longer IN list SQLite fills a table at every insert.
--
-- Times are milliseconds since 1970 (UTC), amounts whole credits, timeouts seconds. 9007199254740991 is 2^53 - 1.

CREATE TABLE account (
    id                INTEGER PRIMARY KEY CHECK (id > 0),
    userId            TEXT NOT NULL UNIQUE CHECK (length(CAST(userId AS BLOB)) BETWEEN 1 AND 128),
    available         INTEGER NOT NULL DEFAULT 0 CHECK (available BETWEEN 0 AND 9007199254740991),
    -- Grants and adjustments so far.
    granted           INTEGER NOT NULL DEFAULT 0 CHECK (granted BETWEEN 0 AND 9007199254740991),
    -- Projects and credits in each status, so that statistics need no scan.
    pending           INTEGER NOT NULL DEFAULT 0 CHECK (pending >= 0),
    processing        INTEGER NOT NULL DEFAULT 0 CHECK (processing >= 0),
    completed         INTEGER NOT NULL DEFAULT 0 CHECK (completed >= 0),
    failed            INTEGER NOT NULL DEFAULT 0 CHECK (failed >= 0),
    pendingCredits    INTEGER NOT NULL DEFAULT 0 CHECK (pendingCredits >= 0),
    processingCredits INTEGER NOT NULL DEFAULT 0 CHECK (processingCredits >= 0),
    completedCredits  INTEGER NOT NULL DEFAULT 0 CHECK (completedCredits >= 0),
    failedCredits     INTEGER NOT NULL DEFAULT 0 CHECK (failedCredits >= 0),
    -- From creation to completion, summed over the completed.
    completedTime     INTEGER NOT NULL DEFAULT 0 CHECK (completedTime >= 0),
    -- Conservation: every credit that was given is available, held or spent.
    CHECK (available + pendingCredits + processingCredits + completedCredits = granted)
) STRICT;

CREATE TABLE project (
    row            INTEGER PRIMARY KEY CHECK (row > 0),
    id             BLOB NOT NULL CHECK (length(id) = 16),
    account        INTEGER NOT NULL REFERENCES account (id),
    status         TEXT NOT NULL DEFAULT 'pending'
        CHECK (status = 'pending' OR status = 'processing' OR status = 'completed' OR status = 'failed'),
    credits        INTEGER NOT NULL CHECK (credits BETWEEN 0 AND 9007199254740991),
    createdAt      INTEGER NOT NULL,
    updatedAt      INTEGER NOT NULL,
    startedAt      INTEGER,
    finishedAt     INTEGER,
    -- When the daemon itself fails it if nobody reports.
    deadline       INTEGER,
    idempotencyKey TEXT CHECK (length(CAST(idempotencyKey AS BLOB)) BETWEEN 1 AND 255),
    externalId     TEXT CHECK (length(CAST(externalId AS BLOB)) BETWEEN 1 AND 255),
    -- Whether externalId came with the creation.
    hadExternalId  INTEGER NOT NULL DEFAULT 0 CHECK (hadExternalId IN (0, 1)),
    name           TEXT,
    metadata       TEXT,
    -- NULL: the daemon's default.
    startTimeout   INTEGER CHECK (startTimeout > 0),
    lease          INTEGER CHECK (lease > 0),
    maxRuntime     INTEGER CHECK (maxRuntime > 0),
    errorCode      TEXT,
    errorMessage   TEXT,
    -- Contradicting reports after the verdict.
    refusedReports INTEGER NOT NULL DEFAULT 0 CHECK (refusedReports >= 0),
    -- What the last heartbeat said.
    progress       REAL CHECK (progress BETWEEN 0 AND 1),
    message        TEXT,
    cancelRequested INTEGER NOT NULL DEFAULT 0 CHECK (cancelRequested IN (0, 1)),
    -- The connection that held its lease has ended: the deadline is the end of the detach grace.
    detached       INTEGER NOT NULL DEFAULT 0 CHECK (detached IN (0, 1)),
    retryOf        BLOB REFERENCES project (id),
    -- When retention removed its history.
    trimmedAt      INTEGER CHECK (trimmedAt IS NULL OR finishedAt IS NOT NULL),
    CHECK ((status IN ('completed', 'failed')) = (finishedAt IS NOT NULL)),
    CHECK ((status IN ('completed', 'failed')) = (deadline IS NULL)),
    CHECK ((status = 'pending') <= (startedAt IS NULL)),
    CHECK ((status = 'failed') = (errorCode IS NOT NULL)),
    CHECK ((status = 'failed') = (errorMessage IS NOT NULL))
) STRICT;

-- Ids and keys are time-ordered where callers let them be, so these append.
CREATE UNIQUE INDEX projectById ON project (id);
CREATE UNIQUE INDEX projectByKey ON project (idempotencyKey, account) WHERE idempotencyKey IS NOT NULL;
CREATE UNIQUE INDEX projectByExternalId ON project (externalId) WHERE externalId IS NOT NULL;
CREATE INDEX projectByAccount ON project (account, status);
CREATE INDEX projectByStatus ON project (status);
CREATE INDEX projectByDeadline ON project (deadline) WHERE deadline IS NOT NULL;

-- The ledger.
CREATE TABLE entry (
    id             INTEGER PRIMARY KEY CHECK (id > 0),
    account        INTEGER NOT NULL REFERENCES account (id),
    project        INTEGER REFERENCES project (row),
    kind           TEXT NOT NULL CHECK (
        kind = 'charge' OR kind = 'capture' OR kind = 'refund' OR kind = 'grant' OR kind = 'adjustment'),
    credits        INTEGER NOT NULL CHECK (credits BETWEEN -9007199254740991 AND 9007199254740991),
    at             INTEGER NOT NULL,
    reason         TEXT,
    idempotencyKey TEXT CHECK (length(CAST(idempotencyKey AS BLOB)) BETWEEN 1 AND 255),
    CHECK (credits >= 0 OR kind = 'adjustment'),
    CHECK ((kind = 'charge' OR kind = 'capture' OR kind = 'refund') = (project IS NOT NULL)),
    CHECK ((kind IN ('grant', 'adjustment')) = (reason IS NOT NULL))
) STRICT;

-- One charge and one outcome a project.
CREATE UNIQUE INDEX entryCharge ON entry (project) WHERE kind = 'charge';
CREATE UNIQUE INDEX entryOutcome ON entry (project) WHERE kind IN ('capture', 'refund');
CREATE UNIQUE INDEX entryByKey ON entry (idempotencyKey, account) WHERE idempotencyKey IS NOT NULL;
CREATE INDEX entryByAccount ON entry (account);

-- The history. uid, gid and pid are the caller's, as attested by the kernel.
CREATE TABLE event (
    seq     INTEGER PRIMARY KEY CHECK (seq > 0),
    kind    TEXT NOT NULL CHECK (
        kind = 'created' OR kind = 'processing' OR kind = 'completed' OR kind = 'failed' OR kind = 'externalIdRecorded'
        OR kind = 'reportRefused' OR kind = 'cancelRequested' OR kind = 'granted' OR kind = 'adjusted'),
    account INTEGER NOT NULL REFERENCES account (id),
    project INTEGER REFERENCES project (row),
    at      INTEGER NOT NULL,
    uid     INTEGER NOT NULL,
    gid     INTEGER NOT NULL,
    pid     INTEGER NOT NULL,
    detail  TEXT
) STRICT;

CREATE INDEX eventByProject ON event (project) WHERE project IS NOT NULL;

-- How money moves.

CREATE TRIGGER projectCharge AFTER INSERT ON project BEGIN
    INSERT INTO entry (account, project, kind, credits, at)
    VALUES (NEW.account, NEW.row, 'charge', NEW.credits, NEW.createdAt);
    UPDATE account SET
        available = available - NEW.credits,
        pending = pending + 1, pendingCredits = pendingCredits + NEW.credits
    WHERE id = NEW.account;
END;

CREATE TRIGGER projectStart AFTER UPDATE OF status ON project WHEN NEW.status = 'processing' BEGIN
    UPDATE account SET
        pending = pending - 1, pendingCredits = pendingCredits - NEW.credits,
        processing = processing + 1, processingCredits = processingCredits + NEW.credits
    WHERE id = NEW.account;
END;

CREATE TRIGGER projectCapture AFTER UPDATE OF status ON project WHEN NEW.status = 'completed' BEGIN
    INSERT INTO entry (account, project, kind, credits, at)
    VALUES (NEW.account, NEW.row, 'capture', NEW.credits, NEW.finishedAt);
    UPDATE account SET
        pending = pending - (OLD.status = 'pending'),
        pendingCredits = pendingCredits - iif(OLD.status = 'pending', NEW.credits, 0),
        processing = processing - (OLD.status = 'processing'),
        processingCredits = processingCredits - iif(OLD.status = 'processing', NEW.credits, 0),
        completed = completed + 1, completedCredits = completedCredits + NEW.credits,
        completedTime = completedTime + max(NEW.finishedAt - NEW.createdAt, 0)
    WHERE id = NEW.account;
END;

CREATE TRIGGER projectRefund AFTER UPDATE OF status ON project WHEN NEW.status = 'failed' BEGIN
    INSERT INTO entry (account, project, kind, credits, at)
    VALUES (NEW.account, NEW.row, 'refund', NEW.credits, NEW.finishedAt);
    UPDATE account SET
        available = available + NEW.credits,
        pending = pending - (OLD.status = 'pending'),
        pendingCredits = pendingCredits - iif(OLD.status = 'pending', NEW.credits, 0),
        processing = processing - (OLD.status = 'processing'),
        processingCredits = processingCredits - iif(OLD.status = 'processing', NEW.credits, 0),
        failed = failed + 1, failedCredits = failedCredits + NEW.credits
    WHERE id = NEW.account;
END;

CREATE TRIGGER entryPost AFTER INSERT ON entry WHEN NEW.kind IN ('grant', 'adjustment') BEGIN
    UPDATE account SET available = available + NEW.credits, granted = granted + NEW.credits WHERE id = NEW.account;
END;

-- What can never be.

CREATE TRIGGER projectBorn BEFORE INSERT ON project WHEN NEW.status <> 'pending' BEGIN
    SELECT RAISE(ABORT, 'a project begins as pending');
END;

CREATE TRIGGER projectVerdict BEFORE UPDATE OF status, finishedAt, errorCode, errorMessage ON project
WHEN OLD.status IN ('completed', 'failed')
    -- Retention takes the message, once, and nothing else.
    AND NOT (OLD.trimmedAt IS NULL AND NEW.trimmedAt IS NOT NULL AND NEW.status = OLD.status
        AND NEW.finishedAt = OLD.finishedAt AND NEW.errorCode IS OLD.errorCode) BEGIN
    SELECT RAISE(ABORT, 'the first verdict stays');
END;

CREATE TRIGGER projectBack BEFORE UPDATE OF status ON project
WHEN NEW.status = 'pending' OR NEW.status = OLD.status BEGIN
    SELECT RAISE(ABORT, 'a status moves forwards only');
END;

CREATE TRIGGER projectFixed BEFORE UPDATE OF row, id, account, credits, createdAt, idempotencyKey, hadExternalId, retryOf ON project
BEGIN
    SELECT RAISE(ABORT, 'what a project was created with stays');
END;

CREATE TRIGGER projectKept BEFORE DELETE ON project BEGIN
    SELECT RAISE(ABORT, 'projects are kept');
END;

CREATE TRIGGER accountFixed BEFORE UPDATE OF id, userId ON account BEGIN
    SELECT RAISE(ABORT, 'an account stays its user''s');
END;

CREATE TRIGGER accountKept BEFORE DELETE ON account BEGIN
    SELECT RAISE(ABORT, 'accounts are kept');
END;

-- INSERT OR REPLACE deletes what is in its way without asking the triggers above: nothing may be in its way. (Where a
-- row's number is still to be given, these see -1, which no row has.)

CREATE TRIGGER projectOnce BEFORE INSERT ON project
WHEN EXISTS (SELECT 1 FROM project WHERE row = NEW.row) OR EXISTS (SELECT 1 FROM project WHERE id = NEW.id)
    OR EXISTS (SELECT 1 FROM project WHERE idempotencyKey = NEW.idempotencyKey AND account = NEW.account)
    OR EXISTS (SELECT 1 FROM project WHERE externalId = NEW.externalId) BEGIN
    SELECT RAISE(ABORT, 'a project is created once');
END;

CREATE TRIGGER projectApart BEFORE UPDATE OF externalId ON project
WHEN OLD.externalId IS NOT NULL OR NEW.externalId IS NULL
    OR EXISTS (SELECT 1 FROM project WHERE externalId = NEW.externalId) BEGIN
    SELECT RAISE(ABORT, 'an externalId is recorded once, for one project');
END;

CREATE TRIGGER accountOnce BEFORE INSERT ON account
WHEN EXISTS (SELECT 1 FROM account WHERE id = NEW.id) OR EXISTS (SELECT 1 FROM account WHERE userId = NEW.userId) BEGIN
    SELECT RAISE(ABORT, 'a user has one account');
END;

CREATE TRIGGER entryOnce BEFORE INSERT ON entry
WHEN EXISTS (SELECT 1 FROM entry WHERE id = NEW.id)
    OR EXISTS (SELECT 1 FROM entry WHERE project = NEW.project AND kind = 'charge' AND NEW.kind = 'charge')
    OR EXISTS (SELECT 1 FROM entry WHERE project = NEW.project AND kind IN ('capture', 'refund') AND NEW.kind <> 'charge')
    OR EXISTS (SELECT 1 FROM entry WHERE idempotencyKey = NEW.idempotencyKey AND account = NEW.account) BEGIN
    SELECT RAISE(ABORT, 'an entry is written once');
END;

CREATE TRIGGER eventOnce BEFORE INSERT ON event WHEN EXISTS (SELECT 1 FROM event WHERE seq = NEW.seq) BEGIN
    SELECT RAISE(ABORT, 'an event is written once');
END;

-- The account's CHECKs are not enough: an outer OR IGNORE or OR FAIL holds inside of the triggers, too, and would keep the
-- project or the entry while the account stays as it was.

CREATE TRIGGER projectPaid BEFORE INSERT ON project
WHEN NOT EXISTS (SELECT 1 FROM account WHERE id = NEW.account AND available >= NEW.credits) BEGIN
    SELECT RAISE(ABORT, 'the user has too few credits');
END;

CREATE TRIGGER entryFits BEFORE INSERT ON entry
WHEN NEW.kind IN ('grant', 'adjustment') AND NOT EXISTS (
    SELECT 1 FROM account
    WHERE id = NEW.account AND available + NEW.credits >= 0 AND granted + NEW.credits <= 9007199254740991
) BEGIN
    SELECT RAISE(ABORT, 'the user''s credits stay in their range');
END;

-- An account is born empty: credits come by entries only.
CREATE TRIGGER accountBorn BEFORE INSERT ON account
WHEN NEW.available <> 0 OR NEW.granted <> 0 OR NEW.pendingCredits <> 0 OR NEW.processingCredits <> 0
    OR NEW.completedCredits <> 0 OR NEW.failedCredits <> 0 BEGIN
    SELECT RAISE(ABORT, 'an account begins empty');
END;

-- A project's entries are written by the triggers above; this refuses any other.
CREATE TRIGGER entryAgrees BEFORE INSERT ON entry
WHEN NEW.project IS NOT NULL AND NOT EXISTS (
    SELECT 1 FROM project
    WHERE row = NEW.project AND account = NEW.account AND credits = NEW.credits
        AND (NEW.kind = 'charge' OR (NEW.kind = 'capture' AND status = 'completed')
            OR (NEW.kind = 'refund' AND status = 'failed'))
) BEGIN
    SELECT RAISE(ABORT, 'an entry agrees with its project');
END;

CREATE TRIGGER entryFixed BEFORE UPDATE ON entry BEGIN
    SELECT RAISE(ABORT, 'entries never change');
END;

CREATE TRIGGER entryKept BEFORE DELETE ON entry BEGIN
    SELECT RAISE(ABORT, 'entries are kept');
END;

CREATE TRIGGER eventFixed BEFORE UPDATE ON event BEGIN
    SELECT RAISE(ABORT, 'events never change');
END;

CREATE TRIGGER projectTrimmed BEFORE UPDATE OF trimmedAt ON project WHEN OLD.trimmedAt IS NOT NULL BEGIN
    SELECT RAISE(ABORT, 'a history is removed once');
END;

CREATE TRIGGER eventKept BEFORE DELETE ON event
WHEN NOT EXISTS (SELECT 1 FROM project WHERE row = OLD.project AND trimmedAt IS NOT NULL) BEGIN
    SELECT RAISE(ABORT, 'events are kept');
END;
