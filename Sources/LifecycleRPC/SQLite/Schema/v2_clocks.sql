-- Clocks that are set.

-- From when a project's times count, where that is before its creation, as the clock was set back since. Moves nothing but
-- its deadline.
ALTER TABLE project ADD COLUMN setBackTo INTEGER CHECK (setBackTo < createdAt);

CREATE INDEX projectSetBack ON project (row) WHERE setBackTo IS NOT NULL;

-- One row: what the wall clock showed when the machine started, and since when that has stayed so. Retention waits for it.
CREATE TABLE clock (
    id        INTEGER PRIMARY KEY CHECK (id = 1),
    startedAt INTEGER NOT NULL,
    since     INTEGER NOT NULL
) STRICT;
