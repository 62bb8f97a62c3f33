// The daemon's own SQL, text for text: `bench` traces both and refuses to measure while they differ.
#ifndef STATEMENTS_H
#define STATEMENTS_H

#define PROJECT \
    "SELECT p.row, p.account, p.id, a.userId, p.status, p.credits, p.externalId, p.name, p.errorCode, p.errorMessage, " \
    "p.createdAt, p.updatedAt, p.startedAt, p.finishedAt, p.deadline, p.metadata, p.startTimeout, p.lease, " \
    "p.maxRuntime, p.hadExternalId, p.refusedReports, p.progress, p.message, p.cancelRequested, p.detached, " \
    "p.retryOf, p.trimmedAt, iif(p.errorCode IS NULL, 0, ifnull(( SELECT credits FROM entry " \
    "WHERE project = p.row AND kind IN ('capture', 'refund') AND kind = 'refund' ), 0)), p.runtimeEnd, p.pausedTime, " \
    "p.pausedUntil FROM project AS p JOIN account AS a ON a.id = p.account"

#define PROJECT_BY_ID PROJECT " WHERE p.id = ?1"

#define PROJECT_BY_KEY \
    PROJECT " WHERE p.idempotencyKey = ?1 AND p.account = (SELECT id FROM account WHERE userId = ?2)"

#define ENTRY_BY_KEY \
    "SELECT e.id, e.kind, e.credits, e.at, p.id, e.reason " \
    "FROM entry AS e LEFT JOIN project AS p ON p.row = e.project " \
    "WHERE e.idempotencyKey = ?1 AND e.account = (SELECT id FROM account WHERE userId = ?2)"

#define ACCOUNT_BY_USER \
    "SELECT id, userId, available, pendingCredits + processingCredits, granted FROM account WHERE userId = ?1"

#define INSERT_PROJECT \
    "INSERT INTO project (id, account, credits, createdAt, updatedAt, deadline, idempotencyKey, externalId, " \
    "hadExternalId, name, metadata, startTimeout, lease, maxRuntime, retryOf) " \
    "VALUES (?1, ?2, ?3, ?4, ?4, ?5, ?6, ?7, ?7 IS NOT NULL, ?8, ?9, ?10, ?11, ?12, ?13)"

#define INSERT_EVENT \
    "INSERT INTO event (kind, account, project, at, uid, gid, pid, detail) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)"

#define FINISH_PROJECT \
    "UPDATE project SET status = ?3, errorCode = ?4, errorMessage = ?5, startedAt = ifnull(startedAt, ?6), " \
    "finishedAt = ?2, updatedAt = ?2, deadline = NULL, pausedUntil = NULL WHERE row = ?1"

#define TOTALS \
    "SELECT total(pending), sum((pendingCredits) >> 32), sum((pendingCredits) & 4294967295), " \
    "total(processing), sum((processingCredits) >> 32), sum((processingCredits) & 4294967295), " \
    "total(completed), sum((completedCredits) >> 32), sum((completedCredits) & 4294967295), " \
    "total(failed), sum((failedCredits) >> 32), sum((failedCredits) & 4294967295), " \
    "sum((completedTime) >> 32), sum((completedTime) & 4294967295) " \
    "FROM account WHERE userId = ?1"

#define SEARCH(AFTER, STATUS) \
    PROJECT " WHERE p.account = (SELECT id FROM account WHERE userId = ?1) AND " AFTER "p.status = '" STATUS "'"

#define PAGE(AFTER) \
    SEARCH(AFTER, "pending") " UNION ALL " SEARCH(AFTER, "processing") " UNION ALL " \
    SEARCH(AFTER, "completed") " UNION ALL " SEARCH(AFTER, "failed") " ORDER BY 1 DESC LIMIT ?5"

#define FIRST_PAGE PAGE("")
#define LATER_PAGE PAGE("p.row < (SELECT row FROM project WHERE id = ?4) AND ")

// As `LogKeeper.checkpointFrames`.
enum { CHECKPOINT_FRAMES = 4096 };

#endif
