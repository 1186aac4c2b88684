"""The record's triggers and functions on PostgreSQL (see guards.py).

The functions that write the head, stories and facets run with the rights of their owner. So the role of the
portal needs no right to write these tables (docs/audit.md says which it needs), and it cannot lead them
astray: they look for tables in the schema of the record only.
"""

from django.db import connection

REFUSE = "RAISE EXCEPTION 'the record is append-only'"
FOLLOW = """
DECLARE
    story record_story%ROWTYPE; theirs record_facet%ROWTYPE; mine bigint; is_step boolean;
BEGIN
    UPDATE record_head SET seq = NEW.seq, hash = NEW.hash
        WHERE id = 1 AND seq + 1 = NEW.seq AND hash = NEW.prev_hash;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'the record is append-only';
    END IF;
    is_step := NEW.operation <> '' AND NEW.stage IN ('intent', 'outcome');
    IF is_step THEN
        SELECT * INTO story FROM record_story WHERE operation = NEW.operation;
    END IF;
    IF story.first_seq IS NOT NULL THEN
        SELECT * INTO theirs FROM record_facet WHERE id = story.facet_id;
        IF theirs.outcome <> NEW.outcome THEN
            UPDATE record_facet SET count = count + 1, newest = greatest(newest, story.first_seq)
                WHERE team_id = theirs.team_id AND actor_id = theirs.actor_id AND kind = theirs.kind
                AND verb = theirs.verb AND connection_id = theirs.connection_id AND space = theirs.space
                AND outcome = NEW.outcome
                RETURNING id INTO mine;
            IF NOT FOUND THEN
                INSERT INTO record_facet
                    (team_id, actor_id, kind, verb, connection_id, space, outcome, count, newest)
                    VALUES (theirs.team_id, theirs.actor_id, theirs.kind, theirs.verb, theirs.connection_id,
                    theirs.space, NEW.outcome, 1, story.first_seq) RETURNING id INTO mine;
            END IF;
            UPDATE record_story SET last_seq = NEW.seq, steps = steps + 1, facet_id = mine
                WHERE first_seq = story.first_seq;
            UPDATE record_facet SET count = count - 1, newest = coalesce((SELECT max(first_seq)
                FROM record_story WHERE facet_id = theirs.id), 0) WHERE id = theirs.id;
        ELSE
            UPDATE record_story SET last_seq = NEW.seq, steps = steps + 1 WHERE first_seq = story.first_seq;
        END IF;
        IF theirs.actor_id = NEW.actor_id THEN
            RETURN NEW;
        END IF;
    END IF;
    UPDATE record_facet SET count = count + 1, newest = NEW.seq
        WHERE team_id = NEW.team_id AND actor_id = NEW.actor_id AND kind = NEW.kind AND verb = NEW.verb
        AND connection_id = NEW.connection_id AND space = NEW.space AND outcome = NEW.outcome
        RETURNING id INTO mine;
    IF NOT FOUND THEN
        INSERT INTO record_facet
            (team_id, actor_id, kind, verb, connection_id, space, outcome, count, newest)
            VALUES (NEW.team_id, NEW.actor_id, NEW.kind, NEW.verb, NEW.connection_id, NEW.space, NEW.outcome,
            1, NEW.seq)
            RETURNING id INTO mine;
    END IF;
    INSERT INTO record_story (first_seq, last_seq, steps, operation, facet_id) VALUES (NEW.seq, NEW.seq, 1,
        CASE WHEN is_step AND story.first_seq IS NULL THEN NEW.operation END, mine);
    RETURN NEW;
END
"""
DROP_BODY = """
BEGIN
    IF NEW.seq = OLD.seq AND NEW.text = '' AND length(NEW.salt) = 0 AND EXISTS (
        SELECT 1 FROM record_entry drops, record_entry entry WHERE entry.seq = OLD.seq
        AND drops.verb = 'drop_bodies' AND drops.team_id = entry.team_id AND drops.outcome = 'done'
        AND entry.verb <> 'drop_bodies' AND CASE WHEN drops.object_id ~ '^[0-9]{1,18}$'
            THEN drops.object_id::bigint >= OLD.seq ELSE false END
    ) THEN
        RETURN NEW;
    END IF;
    RAISE EXCEPTION 'the record is append-only';
END
"""
LOCK = "BEGIN RETURN QUERY SELECT seq, hash FROM record_head WHERE id = 1 FOR UPDATE; END"
BY_TRIGGER = f"""
BEGIN
    IF pg_trigger_depth() < 2 THEN
        {REFUSE};
    END IF;
    RETURN coalesce(NEW, OLD);
END
"""
BODY_IN_ORDER = f"""
BEGIN
    IF NOT EXISTS (SELECT 1 FROM record_entry WHERE seq = NEW.seq) THEN
        {REFUSE};
    END IF;
    RETURN NEW;
END
"""
# One of a number that is there meets the primary key: whoever makes the same at the same moment is told so.
IN_ORDER = f"""
BEGIN
    IF NEW.number <> (SELECT coalesce(max(number), {{1}}) + 1 FROM {{0}})
        AND NOT EXISTS (SELECT 1 FROM {{0}} WHERE number = NEW.number)
    THEN
        {REFUSE};
    END IF;
    RETURN NEW;
END
"""
# {name: (parameters, result, body)}
FUNCTIONS = {
    "record_is_append_only": ("", "trigger", f"BEGIN {REFUSE}; END"),
    "record_follow": ("", "trigger", FOLLOW),
    "record_drop_body": ("", "trigger", DROP_BODY),
    "record_body_in_order": ("", "trigger", BODY_IN_ORDER),
    "record_by_trigger": ("", "trigger", BY_TRIGGER),
    "record_checkpoint_in_order": ("", "trigger", IN_ORDER.format("record_checkpoint", 0)),
    "record_tile_in_order": ("", "trigger", IN_ORDER.format("record_tile", -1)),
    "record_lock_head": ("", "TABLE (seq bigint, hash varchar)", f"#variable_conflict use_column\n{LOCK}"),
}
_NO_CHANGE = "BEFORE DELETE OR UPDATE ON {table} FOR EACH ROW EXECUTE FUNCTION record_is_append_only()"
_NO_TRUNCATE = "BEFORE TRUNCATE ON {table} FOR EACH STATEMENT EXECUTE FUNCTION record_is_append_only()"
_NO_DELETE = "BEFORE DELETE ON {table} FOR EACH ROW EXECUTE FUNCTION record_is_append_only()"
_BY_TRIGGER = "BEFORE {what} ON {{table}} FOR EACH ROW EXECUTE FUNCTION record_by_trigger()"
_BEFORE = "BEFORE {what} ON {{table}} FOR EACH ROW EXECUTE FUNCTION {function}()"
# {table: {end of the trigger's name: its text}}, written exactly as PostgreSQL prints it, because `found`
# gives its texts.
_TRIGGERS = {
    "record_entry": {
        "no_change": _NO_CHANGE,
        "no_truncate": _NO_TRUNCATE,
        "follow": _BEFORE.format(what="INSERT", function="record_follow"),
    },
    "record_body": {
        "in_order": _BEFORE.format(what="INSERT", function="record_body_in_order"),
        "no_delete": _NO_DELETE,
        "no_truncate": _NO_TRUNCATE,
        "no_update": _BEFORE.format(what="UPDATE", function="record_drop_body"),
    },
    "record_head": {
        "by_trigger": _BY_TRIGGER.format(what="INSERT OR UPDATE"),
        "no_delete": _NO_DELETE,
        "no_truncate": _NO_TRUNCATE,
    },
    "record_story": {
        "by_trigger": _BY_TRIGGER.format(what="INSERT OR DELETE OR UPDATE"),
        "no_truncate": _NO_TRUNCATE,
    },
    "record_facet": {
        "by_trigger": _BY_TRIGGER.format(what="INSERT OR DELETE OR UPDATE"),
        "no_truncate": _NO_TRUNCATE,
    },
    "record_checkpoint": {
        "no_change": _NO_CHANGE,
        "no_truncate": _NO_TRUNCATE,
        "in_order": _BEFORE.format(what="INSERT", function="record_checkpoint_in_order"),
    },
    "record_tile": {
        "no_change": _NO_CHANGE,
        "no_truncate": _NO_TRUNCATE,
        "in_order": _BEFORE.format(what="INSERT", function="record_tile_in_order"),
    },
}
TRIGGERS = {
    f"{table}_{end}": (table, text.format(table=table))
    for table, triggers in _TRIGGERS.items()
    for end, text in triggers.items()
}
GUARDED = tuple(_TRIGGERS)
INDEX = "CREATE INDEX record_body_search ON record_body USING gin (search gin_trgm_ops)"
_IDS = ", ".join(f"'{table}'::regclass" for table in GUARDED)
LOCK_HEAD = (
    "SELECT seq, hash, (SELECT CASE WHEN bool_and(tgenabled = 'A') THEN count(*) END FROM pg_trigger"
    f" WHERE NOT tgisinternal AND tgrelid IN ({_IDS})) FROM record_lock_head()"
)


def triggers():
    return {name: f"CREATE TRIGGER {name} {text}" for name, (_table, text) in TRIGGERS.items()}


def found(cursor):
    """{name: text} of the enabled triggers whose functions are what they should be."""
    # `true` (pretty) leaves out the schema of tables on the search path, so a table of another schema cannot
    # match.
    cursor.execute(
        "SELECT tgname, pg_get_triggerdef(pg_trigger.oid, true), proname, prosrc FROM pg_trigger"
        " JOIN pg_proc ON pg_proc.oid = tgfoid WHERE tgenabled = 'A' AND NOT tgisinternal"
        " AND tgrelid IN (SELECT to_regclass(name) FROM unnest(%s::text[]) name)",
        [list(GUARDED)],
    )
    return {
        name: text
        for name, text, function, source in cursor.fetchall()
        if function in FUNCTIONS and source == _source(function)
    }


def on_tables(cursor):
    """{name: table} of all triggers on tables of the record, whoever made them."""
    cursor.execute(
        "SELECT tgname, tgrelid::regclass::text FROM pg_trigger WHERE NOT tgisinternal AND tgrelid IN"
        " (SELECT to_regclass(name) FROM unnest(%s::text[]) name)",
        [list(GUARDED)],
    )
    return dict(cursor.fetchall())


def drop(name, table):
    return f'DROP TRIGGER "{name}" ON {table}'


def create(name):
    table = TRIGGERS[name][0]
    return [
        f"DROP TRIGGER IF EXISTS {name} ON {table}",
        triggers()[name],
        f"ALTER TABLE {table} ENABLE ALWAYS TRIGGER {name}",
    ]


def make_functions(cursor):
    schema = _schema()
    for name, (parameters, result, _body) in FUNCTIONS.items():
        cursor.execute(
            f"CREATE OR REPLACE FUNCTION {name}({parameters}) RETURNS {result} LANGUAGE plpgsql"
            f" SECURITY DEFINER SET search_path = {schema}, pg_temp AS $record${_source(name)}$record$"
        )
        # Else anybody could let a table of their own trigger record_follow, which moves the head.
        cursor.execute(f"REVOKE EXECUTE ON FUNCTION {name}({parameters}) FROM PUBLIC")


def make_search(cursor):
    """Make the search index if it is missing."""
    cursor.execute("SELECT to_regclass('record_body_search') IS NULL")
    if cursor.fetchone()[0]:
        cursor.execute("CREATE EXTENSION IF NOT EXISTS pg_trgm")
        cursor.execute(INDEX)


def _source(name):
    return FUNCTIONS[name][2]


# What the portal's role may do; everything else is done by the functions above.
GRANTS = {
    "record_entry": "SELECT, INSERT",
    # A trigger lets only retention update.
    "record_body": "SELECT, INSERT, UPDATE (salt, text, search, folding)",
    "record_head": "SELECT",
    "record_story": "SELECT",
    "record_facet": "SELECT",
    "record_checkpoint": "SELECT, INSERT",
    "record_tile": "SELECT, INSERT",
}


def grants(role):
    """SQL statements that give a role, whose name is quoted, what the portal needs."""
    # What a role makes in this schema could stand in for an operator or function that the owner's use.
    yield f"REVOKE CREATE ON SCHEMA {_schema()} FROM PUBLIC, {role}"
    yield f"GRANT USAGE ON SCHEMA {_schema()} TO {role}"
    yield f"GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA {_schema()} TO {role}"
    yield f"GRANT USAGE, SELECT ON ALL SEQUENCES IN SCHEMA {_schema()} TO {role}"
    for table, rights in GRANTS.items():
        yield f"REVOKE ALL ON {table} FROM {role}"
        yield f"GRANT {rights} ON {table} TO {role}"
    yield f"GRANT EXECUTE ON FUNCTION record_lock_head() TO {role}"


def owned(cursor):
    """Tables of the record whose owner this connection is, or may act for."""
    cursor.execute(
        "SELECT relname FROM pg_class WHERE oid IN (SELECT to_regclass(name) FROM unnest(%s::text[]) name)"
        " AND pg_has_role(relowner, 'MEMBER') ORDER BY relname",
        [list(GUARDED)],
    )
    return [name for (name,) in cursor.fetchall()]


def _schema():
    with connection.cursor() as cursor:
        cursor.execute("SELECT quote_ident(current_schema())")
        return cursor.fetchone()[0]
