-- The same tables, keys and rules as ours, as far as one create touches them; and the same job as one function.
CREATE TABLE account (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    user_id text NOT NULL UNIQUE,
    available bigint NOT NULL CHECK (available >= 0),
    granted bigint NOT NULL,
    pending bigint NOT NULL DEFAULT 0 CHECK (pending >= 0),
    pending_credits bigint NOT NULL DEFAULT 0 CHECK (pending_credits >= 0),
    CHECK (available + pending_credits = granted)
);
CREATE TABLE project (
    "row" bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    id uuid NOT NULL UNIQUE,
    account bigint NOT NULL REFERENCES account,
    status text NOT NULL DEFAULT 'pending' CHECK (status IN ('pending', 'processing', 'completed', 'failed')),
    credits bigint NOT NULL CHECK (credits >= 0),
    created_at bigint NOT NULL,
    updated_at bigint NOT NULL,
    deadline bigint,
    idempotency_key text
);
CREATE UNIQUE INDEX project_by_key ON project (idempotency_key, account) WHERE idempotency_key IS NOT NULL;
CREATE INDEX project_by_account ON project (account, status);
CREATE INDEX project_by_status ON project (status);
CREATE INDEX project_by_deadline ON project (deadline) WHERE deadline IS NOT NULL;
CREATE TABLE entry (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    account bigint NOT NULL REFERENCES account,
    project bigint REFERENCES project,
    kind text NOT NULL CHECK (kind IN ('grant', 'adjustment', 'charge', 'capture', 'refund')),
    credits bigint NOT NULL,
    at bigint NOT NULL
);
CREATE UNIQUE INDEX entry_charge ON entry (project) WHERE kind = 'charge';
CREATE INDEX entry_by_account ON entry (account);
CREATE TABLE event (
    seq bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    kind text NOT NULL,
    account bigint NOT NULL REFERENCES account,
    project bigint REFERENCES project,
    at bigint NOT NULL,
    uid bigint NOT NULL
);
CREATE INDEX event_by_project ON event (project) WHERE project IS NOT NULL;
CREATE SEQUENCE request;

-- Time-ordered, as our ids are.
CREATE FUNCTION make_id(at bigint) RETURNS uuid LANGUAGE sql AS $$
    SELECT (lpad(to_hex(at), 12, '0') || '7' || substr(md5(random()::text), 1, 19))::uuid
$$;

CREATE FUNCTION create_project(for_user text, cost bigint, key text) RETURNS uuid LANGUAGE plpgsql AS $$
DECLARE
    found_id uuid;
    payer bigint;
    now_ms bigint := (extract(epoch FROM clock_timestamp()) * 1000)::bigint;
    new_id uuid := make_id(now_ms);
    new_row bigint;
BEGIN
    SELECT p.id INTO found_id FROM project p JOIN account a ON a.id = p.account
        WHERE p.idempotency_key = key AND a.user_id = for_user;
    IF FOUND THEN RETURN found_id; END IF;
    UPDATE account SET available = available - cost, pending = pending + 1, pending_credits = pending_credits + cost
        WHERE user_id = for_user AND available >= cost RETURNING id INTO payer;
    IF NOT FOUND THEN RAISE EXCEPTION 'insufficientCredits'; END IF;
    INSERT INTO project (id, account, credits, created_at, updated_at, deadline, idempotency_key)
        VALUES (new_id, payer, cost, now_ms, now_ms, now_ms + 3600000, key) RETURNING "row" INTO new_row;
    INSERT INTO entry (account, project, kind, credits, at) VALUES (payer, new_row, 'charge', cost, now_ms);
    INSERT INTO event (kind, account, project, at, uid) VALUES ('created', payer, new_row, now_ms, 0);
    RETURN new_id;
END $$;

INSERT INTO account (user_id, available, granted, pending, pending_credits)
    SELECT 'user-' || n, 1099511627776, 1099511627776 + 10 * :'per_user'::bigint, :'per_user'::bigint, 10 * :'per_user'::bigint
    FROM generate_series(0, 999) n;
INSERT INTO project (id, account, credits, created_at, updated_at, deadline, idempotency_key)
    SELECT make_id(1700000000000 + n), 1 + n % 1000, 10, 1700000000000 + n, 1700000000000 + n, 1700003600000 + n,
        lpad(nextval('request')::text, 36, '0')
    FROM generate_series(0, 1000 * :'per_user'::bigint - 1) n;
INSERT INTO entry (account, project, kind, credits, at) SELECT account, "row", 'charge', credits, created_at FROM project;
INSERT INTO event (kind, account, project, at, uid) SELECT 'created', account, "row", created_at, 0 FROM project;
VACUUM ANALYZE;
CHECKPOINT;
