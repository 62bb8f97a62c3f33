-- Every invariant of the ledger, checked over all rows. Each statement returns what is wrong: nothing at all is a
-- clean audit. The method `audit` runs these same statements, and compares the texts of the schema as well; without the
-- daemon, on a backup:
--     sqlite3 -readonly backup.db < audit.sql

-- The file is whole, and each index says what its table says. (SQLite holds values to their CHECKs here only where it may
-- write to the file, as it does before a backup gets its name and before a restore. No count is given: SQLite 3.46 would
-- take it for the name of a table.)
SELECT 'damage' AS "check", 'file' AS subject, integrity_check AS detail
FROM pragma_integrity_check WHERE integrity_check <> 'ok';

-- The tables, indexes and guards are there, and nothing else. (What ANALYZE keeps does no harm.)
WITH expected (type, name) AS (VALUES
    ('table', 'account'), ('table', 'project'), ('table', 'entry'), ('table', 'event'), ('table', 'clock'),
    ('index', 'projectById'), ('index', 'projectByKey'), ('index', 'projectByExternalId'), ('index', 'projectByAccount'),
    ('index', 'projectByStatus'), ('index', 'projectByDeadline'), ('index', 'entryCharge'), ('index', 'entryOutcome'),
    ('index', 'entryByKey'), ('index', 'entryByAccount'), ('index', 'eventByProject'),
    ('trigger', 'projectCharge'), ('trigger', 'projectStart'), ('trigger', 'projectCapture'), ('trigger', 'projectRefund'),
    ('trigger', 'entryPost'), ('trigger', 'projectOnce'), ('trigger', 'projectBorn'), ('trigger', 'projectTerms'),
    ('trigger', 'projectPaid'), ('trigger', 'projectFixed'), ('trigger', 'projectVerdict'), ('trigger', 'projectBack'),
    ('trigger', 'projectAgain'), ('trigger', 'projectHeld'), ('trigger', 'projectSteps'), ('trigger', 'projectEnds'),
    ('trigger', 'projectApart'), ('trigger', 'projectTrimmed'), ('trigger', 'projectKept'), ('trigger', 'accountOnce'),
    ('trigger', 'accountBorn'), ('trigger', 'accountFixed'), ('trigger', 'accountKept'), ('trigger', 'entryOnce'),
    ('trigger', 'entryFits'), ('trigger', 'entryAgrees'), ('trigger', 'entryFixed'), ('trigger', 'entryKept'),
    ('trigger', 'eventOnce'), ('trigger', 'eventAgrees'), ('trigger', 'eventFixed'), ('trigger', 'eventKept')
)
SELECT 'schema' AS "check", type || ' ' || name AS subject, 'is missing' AS detail
FROM expected WHERE (type, name) NOT IN (SELECT type, name FROM sqlite_schema)
UNION ALL
SELECT 'schema', type || ' ' || name, 'is none of this ledger''s'
FROM sqlite_schema WHERE (type, name) NOT IN expected AND name NOT LIKE 'sqlite^_%' ESCAPE '^'
ORDER BY subject;

-- available = grants + adjustments - charges + refunds, and what was granted is what the entries say.
SELECT 'balance' AS "check", userId AS subject,
    'available ' || available || ' of ' || granted || ' granted, entries say ' || ifnull(entered, 0) || ' of '
        || ifnull(given, 0) AS detail
FROM account LEFT JOIN (
    SELECT account,
        sum(CASE kind WHEN 'charge' THEN -credits WHEN 'capture' THEN 0 ELSE credits END) AS entered,
        sum(iif(kind IN ('grant', 'adjustment'), credits, 0)) AS given
    FROM entry GROUP BY account
) AS e ON e.account = account.id
WHERE available <> ifnull(entered, 0) OR granted <> ifnull(given, 0);

-- Every credit that was given is available, held or spent.
SELECT 'conservation' AS "check", userId AS subject,
    'granted ' || granted || ', accounted for ' || (available + pendingCredits + processingCredits + completedCredits)
        AS detail
FROM account
WHERE available < 0 OR available + pendingCredits + processingCredits + completedCredits <> granted;

-- The totals that are kept are what the projects add up to.
SELECT 'totals' AS "check", userId AS subject, 'kept totals differ from the projects' AS detail
FROM account LEFT JOIN (
    SELECT account,
        sum(status = 'pending') AS pending, sum(iif(status = 'pending', credits, 0)) AS pendingCredits,
        sum(status = 'processing') AS processing, sum(iif(status = 'processing', credits, 0)) AS processingCredits,
        sum(status = 'completed') AS completed, sum(iif(status = 'completed', credits, 0)) AS completedCredits,
        sum(status = 'failed') AS failed, sum(iif(status = 'failed', credits, 0)) AS failedCredits,
        sum(iif(status = 'completed', max(finishedAt - createdAt, 0), 0)) AS completedTime
    FROM project GROUP BY account
) AS p ON p.account = account.id
WHERE account.pending <> ifnull(p.pending, 0) OR account.pendingCredits <> ifnull(p.pendingCredits, 0)
    OR account.processing <> ifnull(p.processing, 0) OR account.processingCredits <> ifnull(p.processingCredits, 0)
    OR account.completed <> ifnull(p.completed, 0) OR account.completedCredits <> ifnull(p.completedCredits, 0)
    OR account.failed <> ifnull(p.failed, 0) OR account.failedCredits <> ifnull(p.failedCredits, 0)
    OR account.completedTime <> ifnull(p.completedTime, 0);

-- Every project has its one charge.
SELECT 'charge' AS "check", lower(hex(project.id)) AS subject, 'no charge of ' || project.credits AS detail
FROM project LEFT JOIN entry ON entry.project = project.row AND entry.kind = 'charge'
WHERE entry.credits IS NOT project.credits OR entry.account IS NOT project.account;

-- The outcome agrees with the status: completed is captured, failed is refunded, unfinished is neither.
SELECT 'outcome' AS "check", lower(hex(project.id)) AS subject,
    'status ' || status || ', outcome ' || ifnull(entry.kind, 'none') AS detail
FROM project LEFT JOIN entry ON entry.project = project.row AND entry.kind IN ('capture', 'refund')
WHERE entry.kind IS NOT CASE status WHEN 'completed' THEN 'capture' WHEN 'failed' THEN 'refund' END
    OR (entry.id IS NOT NULL AND (entry.credits <> project.credits OR entry.account <> project.account));

-- Every project has its history, and what its row says happened when its events say; or none, where retention removed it.
-- Of the reports that contradict a verdict, a hundred are kept and the others only counted. A pause takes the seconds that
-- its event begins with, and gives back those of the event that ends it; a project is paused when one has not ended, and no
-- longer than it was asked for.
SELECT 'history' AS "check", lower(hex(project.id)) AS subject, 'no event for ' || status AS detail
FROM project LEFT JOIN (
    SELECT project AS row, sum(kind = 'created') AS creations, min(iif(kind = 'created', at, NULL)) AS createdAt,
        sum(kind = 'processing') AS starts, min(iif(kind = 'processing', at, NULL)) AS startedAt,
        sum(kind = 'completed') AS completions, sum(kind = 'failed') AS failures,
        min(iif(kind IN ('completed', 'failed'), at, NULL)) AS finishedAt,
        sum(kind = 'externalIdRecorded') AS names, sum(kind = 'cancelRequested') AS cancellations,
        sum(kind = 'reportRefused') AS refusals,
        sum(iif(kind = 'paused', CAST(detail AS INTEGER), iif(kind = 'resumed', -CAST(detail AS INTEGER), 0))) AS pauses,
        sum(kind = 'paused') - sum(kind = 'resumed') AS openPauses,
        max(iif(kind = 'paused', at + CAST(detail AS INTEGER) * 1000, NULL)) AS pauseEnd
    FROM event WHERE project IS NOT NULL GROUP BY project
) AS told ON told.row = project.row
WHERE iif(trimmedAt IS NOT NULL, ifnull(creations, 0) <> 0,
    creations IS NOT 1 OR told.createdAt IS NOT project.createdAt
    OR starts IS NOT (project.startedAt IS NOT NULL) OR told.startedAt IS NOT project.startedAt
    OR completions IS NOT (status = 'completed') OR failures IS NOT (status = 'failed')
    OR told.finishedAt IS NOT project.finishedAt
    OR names IS NOT (externalId IS NOT NULL AND hadExternalId = 0) OR cancellations IS NOT cancelRequested
    OR refusals IS NOT min(refusedReports, 100) OR nullif(pauses * 1000, 0) IS NOT pausedTime
    OR (project.finishedAt IS NULL AND openPauses IS NOT (pausedUntil IS NOT NULL))
    OR (pausedUntil IS NOT NULL AND ifnull(pausedUntil > pauseEnd, 1)));

-- Every grant and every adjustment is in the history.
SELECT 'history' AS "check", userId AS subject,
    'of ' || ifnull(entries, 0) || ' grants and adjustments the history has ' || ifnull(events, 0) AS detail
FROM account
LEFT JOIN (
    SELECT account, count(*) AS entries FROM entry WHERE kind IN ('grant', 'adjustment') GROUP BY account
) AS written ON written.account = account.id
LEFT JOIN (
    SELECT account, count(*) AS events FROM event WHERE kind IN ('granted', 'adjusted') GROUP BY account
) AS told ON told.account = account.id
WHERE entries IS NOT events;

-- No project waits longer than its terms say; 31536000 seconds, a year, is the most that the daemon can be told to wait.
-- (Found, too, is one that the daemon puts off as it cannot refund it; its account is found with it.)
SELECT 'terms' AS "check", lower(hex(id)) AS subject, 'waits until ' || deadline AS detail
FROM project WHERE deadline > createdAt + ifnull(maxRuntime, 31536000) * 1000 + ifnull(pausedTime, 0)
UNION ALL
SELECT 'terms', lower(hex(id)), 'may run until ' || runtimeEnd
FROM project WHERE runtimeEnd > createdAt + ifnull(maxRuntime, 31536000) * 1000 + ifnull(pausedTime, 0);

-- Metadata is answered as it stands here, and an answer is one line.
SELECT 'metadata' AS "check", lower(hex(id)) AS subject, 'is no JSON object in one line' AS detail
FROM project
WHERE metadata GLOB '*[' || char(1) || '-' || char(31) || ']*' OR metadata NOT LIKE '{%}'
    OR instr(CAST(metadata AS BLOB), x'00') > 0;

-- No row refers to one that does not exist.
SELECT 'reference' AS "check", "table" || ' row ' || rowid AS subject, 'refers to a missing ' || parent AS detail
FROM pragma_foreign_key_check;
