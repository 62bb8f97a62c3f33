-- The guards: what the tables of v1_initial.sql and v3_clocks.sql cannot say by themselves. They hold against any bug of
-- the daemon, and against a careless hand on the file. (Whoever may write the file can also drop a trigger or edit a
-- balance: that, the daemon's start and audit.sql find.)
--
-- Money moves by triggers: inserting a project charges it, ending it captures or refunds, in the same statement. So
-- there is no failed project without its refund, and no refund without a failed project, in any state of the file.
--
-- How they are written:
-- - Without a list of columns (UPDATE OF …): such a trigger sleeps when a column goes by another name, as rowid does.
-- - Conditions are never NULL, which would count as false: IS and IS NOT instead of = and <>. With OR REPLACE a NULL is
--   still a NULL here, and becomes the column's default afterwards.
-- - What must not be is refused BEFORE: an outer OR IGNORE or OR FAIL holds inside of the triggers, too, and would keep
--   the project or the entry while the account stays as it was.
-- - INSERT OR REPLACE deletes what is in its way without asking any trigger: nothing may be in its way. Row numbers are
--   SQLite's to give; where it has yet to give one, a BEFORE trigger sees -1, which no row has.
-- - Kinds are compared one by one where there are more than two: for a longer IN list SQLite fills a table at every insert.
--
-- The file makes all guards anew, whichever there are: it also puts one back that was dropped by hand.

DROP TRIGGER IF EXISTS projectCharge;
DROP TRIGGER IF EXISTS projectStart;
DROP TRIGGER IF EXISTS projectCapture;
DROP TRIGGER IF EXISTS projectRefund;
DROP TRIGGER IF EXISTS entryPost;
DROP TRIGGER IF EXISTS projectOnce;
DROP TRIGGER IF EXISTS projectBorn;
DROP TRIGGER IF EXISTS projectTerms;
DROP TRIGGER IF EXISTS projectPaid;
DROP TRIGGER IF EXISTS projectFixed;
DROP TRIGGER IF EXISTS projectVerdict;
DROP TRIGGER IF EXISTS projectBack;
DROP TRIGGER IF EXISTS projectAgain;
DROP TRIGGER IF EXISTS projectHeld;
DROP TRIGGER IF EXISTS projectSteps;
DROP TRIGGER IF EXISTS projectEnds;
DROP TRIGGER IF EXISTS projectApart;
DROP TRIGGER IF EXISTS projectTrimmed;
DROP TRIGGER IF EXISTS projectKept;
DROP TRIGGER IF EXISTS accountOnce;
DROP TRIGGER IF EXISTS accountBorn;
DROP TRIGGER IF EXISTS accountFixed;
DROP TRIGGER IF EXISTS accountKept;
DROP TRIGGER IF EXISTS entryOnce;
DROP TRIGGER IF EXISTS entryFits;
DROP TRIGGER IF EXISTS entryAgrees;
DROP TRIGGER IF EXISTS entryFixed;
DROP TRIGGER IF EXISTS entryKept;
DROP TRIGGER IF EXISTS eventOnce;
DROP TRIGGER IF EXISTS eventAgrees;
DROP TRIGGER IF EXISTS eventFixed;
DROP TRIGGER IF EXISTS eventKept;

-- How money moves.

CREATE TRIGGER projectCharge AFTER INSERT ON project BEGIN
    INSERT INTO entry (account, project, kind, credits, at)
    VALUES (NEW.account, NEW.row, 'charge', NEW.credits, NEW.createdAt);
    UPDATE account SET
        available = available - NEW.credits,
        pending = pending + 1, pendingCredits = pendingCredits + NEW.credits
    WHERE id = NEW.account;
END;

CREATE TRIGGER projectStart AFTER UPDATE ON project
WHEN NEW.status IS NOT OLD.status AND NEW.status IS 'processing' BEGIN
    UPDATE account SET
        pending = pending - 1, pendingCredits = pendingCredits - NEW.credits,
        processing = processing + 1, processingCredits = processingCredits + NEW.credits
    WHERE id = NEW.account;
END;

CREATE TRIGGER projectCapture AFTER UPDATE ON project
WHEN NEW.status IS NOT OLD.status AND NEW.status IS 'completed' BEGIN
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

CREATE TRIGGER projectRefund AFTER UPDATE ON project
WHEN NEW.status IS NOT OLD.status AND NEW.status IS 'failed' BEGIN
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

-- A project's creation.

CREATE TRIGGER projectOnce BEFORE INSERT ON project
WHEN NEW.row IS NOT -1 OR EXISTS (SELECT 1 FROM project WHERE id = NEW.id)
    OR EXISTS (SELECT 1 FROM project WHERE idempotencyKey = NEW.idempotencyKey AND account = NEW.account)
    OR EXISTS (SELECT 1 FROM project WHERE externalId = NEW.externalId) BEGIN
    SELECT RAISE(ABORT, 'a project is created once');
END;

CREATE TRIGGER projectBorn BEFORE INSERT ON project
WHEN NEW.status IS NOT 'pending' OR NEW.updatedAt IS NOT NEW.createdAt
    OR NEW.hadExternalId IS NOT (NEW.externalId IS NOT NULL)
    OR NEW.refusedReports IS NOT 0 OR NEW.cancelRequested IS NOT 0 OR NEW.detached IS NOT 0
    OR NEW.progress IS NOT NULL OR NEW.message IS NOT NULL OR NEW.trimmedAt IS NOT NULL
    OR NEW.runtimeEnd IS NOT NULL OR NEW.pausedTime IS NOT NULL OR NEW.pausedUntil IS NOT NULL BEGIN
    SELECT RAISE(ABORT, 'a project begins as pending');
END;

-- 31536000 seconds, a year, is the most that the daemon can be told to wait. Metadata is answered as it stands here, and
-- an answer is one line.
CREATE TRIGGER projectTerms BEFORE INSERT ON project
WHEN ifnull(NEW.deadline > NEW.createdAt + ifnull(NEW.maxRuntime, 31536000) * 1000, 1)
    OR ifnull(NEW.startTimeout, 1) > 31536000 OR ifnull(NEW.lease, 1) > 31536000
    OR ifnull(NEW.maxRuntime, 1) > 31536000
    OR ifnull(instr(NEW.metadata, char(10)) > 0 OR substr(NEW.metadata, 1, 1) <> '{', 0) BEGIN
    SELECT RAISE(ABORT, 'a project has times of at most a year, and metadata in one line');
END;

CREATE TRIGGER projectPaid BEFORE INSERT ON project
WHEN NOT EXISTS (SELECT 1 FROM account WHERE id = NEW.account AND available >= NEW.credits) BEGIN
    SELECT RAISE(ABORT, 'the user has too few credits');
END;

-- A project's life.

CREATE TRIGGER projectFixed BEFORE UPDATE ON project
WHEN NEW.row IS NOT OLD.row OR NEW.id IS NOT OLD.id OR NEW.account IS NOT OLD.account
    OR NEW.credits IS NOT OLD.credits OR NEW.createdAt IS NOT OLD.createdAt
    OR NEW.idempotencyKey IS NOT OLD.idempotencyKey OR NEW.hadExternalId IS NOT OLD.hadExternalId
    OR NEW.startTimeout IS NOT OLD.startTimeout OR NEW.lease IS NOT OLD.lease OR NEW.maxRuntime IS NOT OLD.maxRuntime
    OR NEW.retryOf IS NOT OLD.retryOf
    -- Retention takes these two: see projectTrimmed.
    OR (NEW.trimmedAt IS OLD.trimmedAt AND (NEW.name IS NOT OLD.name OR NEW.metadata IS NOT OLD.metadata)) BEGIN
    SELECT RAISE(ABORT, 'what a project was created with stays');
END;

CREATE TRIGGER projectVerdict BEFORE UPDATE ON project
WHEN OLD.finishedAt IS NOT NULL
    AND (NEW.status IS NOT OLD.status OR NEW.startedAt IS NOT OLD.startedAt OR NEW.finishedAt IS NOT OLD.finishedAt
        OR NEW.errorCode IS NOT OLD.errorCode OR NEW.progress IS NOT OLD.progress
        OR NEW.cancelRequested IS NOT OLD.cancelRequested OR NEW.detached IS NOT OLD.detached
        OR NEW.runtimeEnd IS NOT OLD.runtimeEnd
        -- Retention takes these two.
        OR (NEW.trimmedAt IS OLD.trimmedAt
            AND (NEW.errorMessage IS NOT OLD.errorMessage OR NEW.message IS NOT OLD.message))) BEGIN
    SELECT RAISE(ABORT, 'the first verdict stays');
END;

CREATE TRIGGER projectBack BEFORE UPDATE ON project
WHEN NEW.status IS NOT OLD.status
    AND NOT ((OLD.status IS 'pending' AND NEW.status IS 'processing')
        OR (OLD.finishedAt IS NULL AND (NEW.status IS 'completed' OR NEW.status IS 'failed'))) BEGIN
    SELECT RAISE(ABORT, 'a status moves forwards only');
END;

-- A program that says it again has lost its way, though nothing would change. (Here the list of columns is meant.)
CREATE TRIGGER projectAgain BEFORE UPDATE OF status ON project WHEN NEW.status IS OLD.status BEGIN
    SELECT RAISE(ABORT, 'a status moves forwards only');
END;

CREATE TRIGGER projectHeld BEFORE UPDATE ON project
WHEN NEW.status IS NOT OLD.status AND NOT EXISTS (
    SELECT 1 FROM account WHERE id = OLD.account AND iif(OLD.status IS 'pending',
        pending > 0 AND pendingCredits >= OLD.credits, processing > 0 AND processingCredits >= OLD.credits)
) BEGIN
    SELECT RAISE(ABORT, 'the user holds what the project cost');
END;

CREATE TRIGGER projectSteps BEFORE UPDATE ON project
WHEN (NEW.startedAt IS NOT OLD.startedAt AND (OLD.status IS NOT 'pending' OR NEW.status IS OLD.status))
    OR (NEW.startedAt IS NULL AND (NEW.status IS 'processing' OR NEW.status IS 'completed'))
    OR (NEW.cancelRequested IS NOT OLD.cancelRequested
        AND (NEW.cancelRequested IS NOT 1 OR OLD.status IS NOT 'processing'))
    OR (NEW.refusedReports IS NOT OLD.refusedReports
        AND (NEW.refusedReports IS NOT OLD.refusedReports + 1 OR OLD.finishedAt IS NULL))
    OR (NEW.pausedUntil IS NOT NULL AND (NEW.status IS NOT 'processing' OR NEW.pausedUntil > NEW.deadline))
    OR (NEW.pausedTime IS NOT OLD.pausedTime
        AND (NEW.status IS NOT 'processing' OR ifnull(NEW.pausedTime NOT BETWEEN 1 AND 31536000000, 0))) BEGIN
    SELECT RAISE(ABORT, 'what happens to a project happens once, and in its order');
END;

-- The daemon puts off by 600 seconds what it could not refund, as a hand was at the account: beyond any terms. Pauses
-- put off the end of its terms; see projectSteps for how far.
CREATE TRIGGER projectEnds BEFORE UPDATE ON project
WHEN (NEW.deadline IS NOT OLD.deadline OR NEW.runtimeEnd IS NOT OLD.runtimeEnd) AND NEW.deadline IS NOT NULL
    AND ((NEW.deadline > OLD.createdAt + ifnull(OLD.maxRuntime, 31536000) * 1000 + ifnull(NEW.pausedTime, 0)
            AND ifnull(NEW.deadline > NEW.updatedAt + 600000, 1))
        OR ifnull(
            NEW.runtimeEnd > OLD.createdAt + ifnull(OLD.maxRuntime, 31536000) * 1000 + ifnull(NEW.pausedTime, 0), 0))
BEGIN
    SELECT RAISE(ABORT, 'a project ends within its terms');
END;

CREATE TRIGGER projectApart BEFORE UPDATE ON project
WHEN NEW.externalId IS NOT OLD.externalId AND (OLD.externalId IS NOT NULL
    OR EXISTS (SELECT 1 FROM project WHERE externalId = NEW.externalId)) BEGIN
    SELECT RAISE(ABORT, 'an externalId is recorded once, for one project');
END;

-- What is kept is kept for a day at least.
CREATE TRIGGER projectTrimmed BEFORE UPDATE ON project WHEN NEW.trimmedAt IS NOT OLD.trimmedAt BEGIN
    SELECT RAISE(ABORT, 'a history is removed once') WHERE OLD.trimmedAt IS NOT NULL;
    SELECT RAISE(ABORT, 'trimmedAt is set when retention removes name, metadata and messages')
    WHERE NEW.name IS NOT NULL OR NEW.metadata IS NOT NULL OR NEW.message IS NOT NULL
        OR NEW.errorMessage IS NOT iif(OLD.errorMessage IS NULL, NULL, 'removed by retention')
        OR ifnull(NEW.trimmedAt <= OLD.finishedAt + 86400000, 1);
END;

CREATE TRIGGER projectKept BEFORE DELETE ON project BEGIN
    SELECT RAISE(ABORT, 'projects are kept');
END;

-- Accounts.

CREATE TRIGGER accountOnce BEFORE INSERT ON account
WHEN NEW.id IS NOT -1 OR EXISTS (SELECT 1 FROM account WHERE userId = NEW.userId) BEGIN
    SELECT RAISE(ABORT, 'a user has one account');
END;

-- Credits come by entries only.
CREATE TRIGGER accountBorn BEFORE INSERT ON account
WHEN NEW.available IS NOT 0 OR NEW.granted IS NOT 0 OR NEW.pending IS NOT 0 OR NEW.processing IS NOT 0
    OR NEW.completed IS NOT 0 OR NEW.failed IS NOT 0 OR NEW.pendingCredits IS NOT 0 OR NEW.processingCredits IS NOT 0
    OR NEW.completedCredits IS NOT 0 OR NEW.failedCredits IS NOT 0 OR NEW.completedTime IS NOT 0 BEGIN
    SELECT RAISE(ABORT, 'an account begins empty');
END;

CREATE TRIGGER accountFixed BEFORE UPDATE ON account WHEN NEW.id IS NOT OLD.id OR NEW.userId IS NOT OLD.userId BEGIN
    SELECT RAISE(ABORT, 'an account stays its user''s');
END;

CREATE TRIGGER accountKept BEFORE DELETE ON account BEGIN
    SELECT RAISE(ABORT, 'accounts are kept');
END;

-- The ledger.

CREATE TRIGGER entryOnce BEFORE INSERT ON entry
WHEN NEW.id IS NOT -1
    OR EXISTS (SELECT 1 FROM entry WHERE project = NEW.project AND kind = 'charge' AND NEW.kind = 'charge')
    OR EXISTS (SELECT 1 FROM entry WHERE project = NEW.project AND kind IN ('capture', 'refund') AND NEW.kind <> 'charge')
    OR EXISTS (SELECT 1 FROM entry WHERE idempotencyKey = NEW.idempotencyKey AND account = NEW.account) BEGIN
    SELECT RAISE(ABORT, 'an entry is written once');
END;

CREATE TRIGGER entryFits BEFORE INSERT ON entry
WHEN NEW.project IS NULL AND NOT EXISTS (
    SELECT 1 FROM account
    WHERE id = NEW.account AND available + NEW.credits >= 0 AND granted + NEW.credits <= 9007199254740991
) BEGIN
    SELECT RAISE(ABORT, 'the user''s credits stay in their range');
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

-- The history.

CREATE TRIGGER eventOnce BEFORE INSERT ON event WHEN NEW.seq IS NOT -1 BEGIN
    SELECT RAISE(ABORT, 'an event is written once');
END;

CREATE TRIGGER eventAgrees BEFORE INSERT ON event
WHEN iif(NEW.kind IN ('granted', 'adjusted'), NEW.project IS NOT NULL,
    NOT EXISTS (SELECT 1 FROM project WHERE row = NEW.project AND account = NEW.account)) BEGIN
    SELECT RAISE(ABORT, 'an event is of its user''s project');
END;

CREATE TRIGGER eventFixed BEFORE UPDATE ON event BEGIN
    SELECT RAISE(ABORT, 'events never change');
END;

-- The newest of all stays in any case: the next event would get its number, and watchers go by that.
CREATE TRIGGER eventKept BEFORE DELETE ON event
WHEN NOT EXISTS (SELECT 1 FROM project WHERE row = OLD.project AND trimmedAt IS NOT NULL)
    OR OLD.seq IS (SELECT max(seq) FROM event) BEGIN
    SELECT RAISE(ABORT, 'events are kept');
END;
