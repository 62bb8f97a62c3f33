-- Every invariant of the ledger, checked over all rows. Each statement returns what is wrong: nothing at all is a
-- clean audit. The method `audit` runs these same statements; without the daemon, on a backup:
--     sqlite3 -readonly backup.db < audit.sql

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

-- Every project has its history: its creation, and its verdict once it has ended; or none, where retention removed it.
SELECT 'history' AS "check", lower(hex(project.id)) AS subject, 'no event for ' || status AS detail
FROM project
WHERE trimmedAt IS NULL AND (
    NOT EXISTS (SELECT 1 FROM event WHERE event.project = project.row AND kind = 'created')
    OR (finishedAt IS NOT NULL
        AND NOT EXISTS (SELECT 1 FROM event WHERE event.project = project.row AND kind = project.status)));

-- No row refers to one that does not exist.
SELECT 'reference' AS "check", "table" || ' row ' || rowid AS subject, 'refers to a missing ' || parent AS detail
FROM pragma_foreign_key_check;
