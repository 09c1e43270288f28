"""The posting functions and the triggers that make every other way into the books fail."""

from django.db import migrations

GUARDS = """
ALTER TABLE records_ledger_entry
    ADD CONSTRAINT ledger_entry_of_transfer FOREIGN KEY (transfer_id, unit)
        REFERENCES records_ledger_transfer (id, unit),
    ADD CONSTRAINT ledger_entry_of_account FOREIGN KEY (account_id, unit)
        REFERENCES records_ledger_account (id, unit);

CREATE FUNCTION ledger_sum_is_zero() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF (SELECT sum(amount) FROM records_ledger_entry WHERE transfer_id = NEW.transfer_id) <> 0 THEN
        RAISE EXCEPTION 'ledger: transfer % does not sum to zero', NEW.transfer_id
            USING ERRCODE = 'check_violation';
    END IF;
    RETURN NULL;
END $$;

CREATE CONSTRAINT TRIGGER ledger_sum_is_zero AFTER INSERT ON records_ledger_entry
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION ledger_sum_is_zero();

CREATE FUNCTION ledger_refuse() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'ledger: % on % is not allowed; books are corrected by a reversal', TG_OP, TG_TABLE_NAME
        USING ERRCODE = 'insufficient_privilege';
END $$;

CREATE TRIGGER ledger_entry_immutable BEFORE UPDATE OR DELETE ON records_ledger_entry
    FOR EACH STATEMENT EXECUTE FUNCTION ledger_refuse();
CREATE TRIGGER ledger_account_immutable BEFORE UPDATE OR DELETE ON records_ledger_account
    FOR EACH STATEMENT EXECUTE FUNCTION ledger_refuse();
CREATE TRIGGER ledger_transfer_kept BEFORE DELETE ON records_ledger_transfer
    FOR EACH STATEMENT EXECUTE FUNCTION ledger_refuse();

-- ``siyu.posting`` is set by the SET clause of the posting functions only, for their duration.
CREATE FUNCTION ledger_only_by_posting() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF current_setting('siyu.posting', true) IS DISTINCT FROM 'on' THEN
        RAISE EXCEPTION 'ledger: % is changed by the posting function only', TG_TABLE_NAME
            USING ERRCODE = 'insufficient_privilege';
    END IF;
    RETURN NULL;
END $$;

CREATE TRIGGER ledger_balance_guard BEFORE INSERT OR UPDATE OR DELETE ON records_ledger_balance
    FOR EACH STATEMENT EXECUTE FUNCTION ledger_only_by_posting();
CREATE TRIGGER ledger_transfer_guard BEFORE INSERT OR UPDATE ON records_ledger_transfer
    FOR EACH STATEMENT EXECUTE FUNCTION ledger_only_by_posting();
CREATE TRIGGER ledger_entry_guard BEFORE INSERT ON records_ledger_entry
    FOR EACH STATEMENT EXECUTE FUNCTION ledger_only_by_posting();
"""

# All transfers of the batch or none. Where one of several must be refused, a single row with status
# 'split' is returned and nothing was done: the caller halves the batch, which keeps its order.
# Locks, always in this order and in id order: originals that are reversed, then customers' balances.
POST = """
CREATE FUNCTION ledger_post(
    t_key text[], t_kind text[], t_unit text[], t_at timestamptz[], t_memo text[], t_reverses text[],
    t_pending boolean[], t_negative boolean[], t_hash bytea[], t_amount bigint[],
    l_transfer integer[], l_owner_kind text[], l_owner_id bigint[], l_kind text[], l_unit text[],
    l_amount bigint[]
) RETURNS TABLE (ordinal integer, status text, transfer_id bigint)
LANGUAGE plpgsql SET siyu.posting = 'on' AS $$
#variable_conflict use_column
DECLARE
    l_account bigint[];
    fresh boolean[];
    bad text;
BEGIN
    WITH named AS (
        SELECT DISTINCT * FROM unnest(l_owner_kind, l_owner_id, l_kind, l_unit) AS l(owner_kind, owner_id, kind, unit)
    ), opened AS (
        INSERT INTO records_ledger_account (owner_kind, owner_id, kind, unit)
        SELECT n.* FROM named n
        WHERE NOT EXISTS (
            SELECT FROM records_ledger_account a
            WHERE (a.owner_kind, a.owner_id, a.kind, a.unit) = (n.owner_kind, n.owner_id, n.kind, n.unit))
        ORDER BY 1, 2, 3, 4
        ON CONFLICT DO NOTHING
        RETURNING id, owner_kind
    )
    INSERT INTO records_ledger_balance (account_id, posted, held)
    SELECT id, 0, 0 FROM opened WHERE owner_kind = 'customer' ORDER BY id;

    SELECT array_agg(a.id ORDER BY l.n) INTO l_account
    FROM unnest(l_owner_kind, l_owner_id, l_kind, l_unit) WITH ORDINALITY AS l(owner_kind, owner_id, kind, unit, n)
    JOIN records_ledger_account a
        ON (a.owner_kind, a.owner_id, a.kind, a.unit) = (l.owner_kind, l.owner_id, l.kind, l.unit);

    PERFORM FROM records_ledger_transfer o WHERE o.key = ANY (t_reverses) ORDER BY o.id FOR UPDATE;
    PERFORM FROM records_ledger_balance b WHERE b.account_id = ANY (l_account) ORDER BY b.account_id FOR UPDATE;

    SELECT array_agg(k.first AND o.id IS NULL ORDER BY k.n) INTO fresh
    FROM (
        SELECT key, n, row_number() OVER (PARTITION BY key ORDER BY n) = 1 AS first
        FROM unnest(t_key) WITH ORDINALITY AS u(key, n)
    ) k LEFT JOIN records_ledger_transfer o ON o.key = k.key;

    SELECT (array_agg(v.status ORDER BY v.status = 'insufficient', v.status DESC))[1] INTO bad FROM (
        SELECT CASE
            WHEN o.id IS NULL OR o.state <> 'posted' OR o.unit <> r.unit THEN 'not_reversible'
            WHEN o.reversed_amount + sum(r.amount) OVER (PARTITION BY o.id ORDER BY r.n) > o.amount
                THEN 'exceeds' END AS status
        FROM unnest(t_reverses, t_unit, t_amount, fresh) WITH ORDINALITY AS r(key, unit, amount, fresh, n)
        LEFT JOIN records_ledger_transfer o ON o.key = r.key
        WHERE r.key IS NOT NULL AND r.fresh
        UNION ALL
        SELECT 'insufficient' FROM (
            SELECT l.amount < 0 AND NOT t_negative[l.transfer] AS guarded,
                b.posted - b.held + sum(CASE WHEN t_pending[l.transfer] THEN least(l.amount, 0) ELSE l.amount END)
                    OVER (PARTITION BY b.account_id ORDER BY l.transfer, l.amount DESC) AS available
            FROM unnest(l_transfer, l_account, l_amount) AS l(transfer, account_id, amount)
            JOIN records_ledger_balance b ON b.account_id = l.account_id
            WHERE fresh[l.transfer]
        ) c WHERE c.guarded AND c.available < 0
    ) v WHERE v.status IS NOT NULL;

    IF bad IS NOT NULL THEN
        RETURN QUERY SELECT 1, CASE WHEN cardinality(t_key) = 1 THEN bad ELSE 'split' END, NULL::bigint;
        RETURN;
    END IF;

    RETURN QUERY
    WITH given AS MATERIALIZED (
        SELECT * FROM unnest(t_key, t_kind, t_unit, t_at, t_memo, t_reverses, t_pending, t_hash, t_amount, fresh)
            WITH ORDINALITY AS t(key, kind, unit, at, memo, reverses, pending, hash, amount, fresh, n)
    ), added AS (
        INSERT INTO records_ledger_transfer (key, kind, unit, state, at, memo, reverses_id, amount, content_hash)
        SELECT g.key, g.kind, g.unit, CASE WHEN g.pending THEN 'pending' ELSE 'posted' END, g.at, g.memo,
            o.id, g.amount, g.hash
        FROM given g LEFT JOIN records_ledger_transfer o ON o.key = g.reverses
        WHERE g.fresh ORDER BY g.n
        ON CONFLICT (key) DO NOTHING
        RETURNING id, key, unit, state, reverses_id, amount
    ), legs AS (
        SELECT d.id AS transfer_id, d.unit, d.state, l.account_id, l.amount
        FROM unnest(l_transfer, l_account, l_amount) WITH ORDINALITY AS l(transfer, account_id, amount, n)
        JOIN given g ON g.n = l.transfer AND g.fresh
        JOIN added d ON d.key = g.key
        ORDER BY l.n
    ), written AS (
        INSERT INTO records_ledger_entry (transfer_id, account_id, unit, amount)
        SELECT transfer_id, account_id, unit, amount FROM legs
    ), moved AS (
        UPDATE records_ledger_balance b SET posted = b.posted + s.posted, held = b.held + s.held
        FROM (
            SELECT account_id, coalesce(sum(amount) FILTER (WHERE state = 'posted'), 0) AS posted,
                coalesce(-sum(least(amount, 0)) FILTER (WHERE state = 'pending'), 0) AS held
            FROM legs GROUP BY account_id
        ) s WHERE s.account_id = b.account_id
    ), taken_back AS (
        UPDATE records_ledger_transfer o SET reversed_amount = o.reversed_amount + s.amount
        FROM (SELECT reverses_id, sum(amount) AS amount FROM added WHERE reverses_id IS NOT NULL GROUP BY 1) s
        WHERE o.id = s.reverses_id
    )
    SELECT g.n::integer,
        CASE WHEN d.id IS NULL AND o.id IS NULL THEN 'raced'
             WHEN d.id IS NOT NULL AND g.fresh THEN 'new'
             WHEN g.hash = coalesce(first.hash, o.content_hash) THEN 'same'
             ELSE 'reused' END,
        coalesce(d.id, o.id)
    FROM given g
    LEFT JOIN given first ON first.key = g.key AND first.fresh
    LEFT JOIN added d ON d.key = g.key
    LEFT JOIN records_ledger_transfer o ON o.key = g.key
    ORDER BY g.n;
END $$;

CREATE FUNCTION ledger_settle(t_key text[], into_state text)
RETURNS TABLE (ordinal integer, status text, transfer_id bigint)
LANGUAGE plpgsql SET siyu.posting = 'on' AS $$
#variable_conflict use_column
DECLARE
    ids bigint[];
BEGIN
    PERFORM FROM records_ledger_transfer o
        WHERE o.key = ANY (t_key)
           OR o.id IN (SELECT r.reverses_id FROM records_ledger_transfer r WHERE r.key = ANY (t_key))
        ORDER BY o.id FOR UPDATE;
    SELECT coalesce(array_agg(o.id), '{}') INTO ids
        FROM records_ledger_transfer o WHERE o.key = ANY (t_key) AND o.state = 'pending';
    PERFORM FROM records_ledger_balance b
        WHERE b.account_id IN (SELECT e.account_id FROM records_ledger_entry e WHERE e.transfer_id = ANY (ids))
        ORDER BY b.account_id FOR UPDATE;
    UPDATE records_ledger_balance b
        SET posted = b.posted + CASE WHEN into_state = 'posted' THEN s.amount ELSE 0 END, held = b.held - s.held
        FROM (SELECT e.account_id, sum(e.amount) AS amount, -sum(least(e.amount, 0)) AS held
              FROM records_ledger_entry e WHERE e.transfer_id = ANY (ids) GROUP BY 1) s
        WHERE s.account_id = b.account_id;
    IF into_state = 'void' THEN
        UPDATE records_ledger_transfer o SET reversed_amount = o.reversed_amount - s.amount
        FROM (SELECT r.reverses_id, sum(r.amount) AS amount FROM records_ledger_transfer r
              WHERE r.id = ANY (ids) AND r.reverses_id IS NOT NULL GROUP BY 1) s
        WHERE o.id = s.reverses_id;
    END IF;
    UPDATE records_ledger_transfer o SET state = into_state WHERE o.id = ANY (ids);
    RETURN QUERY
    SELECT k.n::integer,
        CASE WHEN o.id = ANY (ids) THEN 'new' WHEN o.state = into_state THEN 'same' ELSE 'refused' END, o.id
    FROM unnest(t_key) WITH ORDINALITY AS k(key, n)
    LEFT JOIN records_ledger_transfer o ON o.key = k.key ORDER BY k.n;
END $$;
"""

BACK = """
DROP FUNCTION ledger_settle(text[], text);
DROP FUNCTION ledger_post(text[], text[], text[], timestamptz[], text[], text[], boolean[], boolean[], bytea[],
    bigint[], integer[], text[], bigint[], text[], text[], bigint[]);
DROP TRIGGER ledger_entry_guard ON records_ledger_entry;
DROP TRIGGER ledger_transfer_guard ON records_ledger_transfer;
DROP TRIGGER ledger_balance_guard ON records_ledger_balance;
DROP TRIGGER ledger_transfer_kept ON records_ledger_transfer;
DROP TRIGGER ledger_account_immutable ON records_ledger_account;
DROP TRIGGER ledger_entry_immutable ON records_ledger_entry;
DROP TRIGGER ledger_sum_is_zero ON records_ledger_entry;
DROP FUNCTION ledger_only_by_posting();
DROP FUNCTION ledger_refuse();
DROP FUNCTION ledger_sum_is_zero();
ALTER TABLE records_ledger_entry DROP CONSTRAINT ledger_entry_of_transfer,
    DROP CONSTRAINT ledger_entry_of_account;
"""


class Migration(migrations.Migration):
    dependencies = [("records_ledger", "0001_initial")]

    operations = [migrations.RunSQL(GUARDS + POST, BACK)]
