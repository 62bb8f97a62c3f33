-- Clocks that are set, and projects that are paused. After it comes v3_guards.sql.

-- After the clock was set back: when the runtime of the project ends; earlier than maxRuntime after its creation.
ALTER TABLE project ADD COLUMN runtimeEnd INTEGER;

-- Milliseconds by which pauses have put off the end of its runtime, if they have.
ALTER TABLE project ADD COLUMN pausedTime INTEGER;

-- It is paused, and nobody need report before.
ALTER TABLE project ADD COLUMN pausedUntil INTEGER;

-- Two more kinds. A CHECK cannot be changed, so the table is made anew.
ALTER TABLE event RENAME TO earlierEvent;

CREATE TABLE event (
    seq     INTEGER PRIMARY KEY CHECK (seq > 0),
    kind    TEXT NOT NULL CHECK (
        kind = 'created' OR kind = 'processing' OR kind = 'completed' OR kind = 'failed' OR kind = 'externalIdRecorded'
        OR kind = 'reportRefused' OR kind = 'cancelRequested' OR kind = 'granted' OR kind = 'adjusted' OR kind = 'paused'
        OR kind = 'resumed'),
    account INTEGER NOT NULL REFERENCES account (id),
    project INTEGER REFERENCES project (row),
    at      INTEGER NOT NULL,
    uid     INTEGER NOT NULL,
    gid     INTEGER NOT NULL,
    pid     INTEGER NOT NULL,
    detail  TEXT
) STRICT;

INSERT INTO event SELECT seq, kind, account, project, at, uid, gid, pid, detail FROM earlierEvent ORDER BY seq;

DROP TABLE earlierEvent;

CREATE INDEX eventByProject ON event (project) WHERE project IS NOT NULL;

-- What is known of the machine's clock: one row, once a daemon has run.
CREATE TABLE clock (
    id        INTEGER PRIMARY KEY CHECK (id = 1),
    -- What the wall clock showed, and how long the machine had run then, when they were last noted. In milliseconds.
    wall      INTEGER NOT NULL,
    uptime    INTEGER NOT NULL CHECK (uptime >= 0),
    -- For how many milliseconds the two have agreed until then, since one of them jumped: retention waits for that.
    agreed    INTEGER NOT NULL CHECK (agreed >= 0),
    -- Whether any project may have a runtimeEnd.
    isSetBack INTEGER NOT NULL DEFAULT 0 CHECK (isSetBack IN (0, 1))
) STRICT;
