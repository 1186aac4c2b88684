"""The record's triggers on SQLite, and the search index that they keep (see guards.py)."""

REFUSE = "SELECT RAISE(ABORT, 'the record is append-only')"

# An entry is a step of its operation's story unless it was denied or is a note.
_STEP = "NEW.operation <> '' AND NEW.stage IN ('intent', 'outcome')"
_FACET = "team_id, actor_id, kind, verb, connection_id, space, outcome"
_FACET_OF_NEW = ", ".join(f"NEW.{name}" for name in _FACET.split(", "))
_SAME_FACET = " AND ".join(f"{{0}}.{name} = {{1}}.{name}" for name in _FACET.split(", "))
_DROPPED = (
    "EXISTS (SELECT 1 FROM record_entry drops, record_entry entry WHERE entry.seq = OLD.seq"
    " AND drops.verb = 'drop_bodies' AND drops.team_id = entry.team_id AND drops.outcome = 'done'"
    " AND entry.verb <> 'drop_bodies' AND drops.object_id NOT GLOB '*[^0-9]*'"
    " AND length(drops.object_id) BETWEEN 1 AND 18 AND CAST(drops.object_id AS INTEGER) >= OLD.seq)"
)
_NOT_NEXT = "BEFORE INSERT ON {0} WHEN NEW.number IS NOT (SELECT coalesce(max(number), {1}) + 1 FROM {0})"

TRIGGERS = {
    "record_entry_no_update": f"BEFORE UPDATE ON record_entry BEGIN {REFUSE}",
    "record_entry_no_delete": f"BEFORE DELETE ON record_entry BEGIN {REFUSE}",
    "record_entry_in_order": (
        "BEFORE INSERT ON record_entry WHEN NOT EXISTS (SELECT 1 FROM record_head WHERE id = 1"
        " AND seq + 1 = NEW.seq AND hash = NEW.prev_hash)"
        f" OR EXISTS (SELECT 1 FROM record_entry WHERE seq = NEW.seq OR id = NEW.id) BEGIN {REFUSE}"
    ),
    "record_entry_follow": (
        "AFTER INSERT ON record_entry BEGIN"
        " UPDATE record_head SET seq = NEW.seq, hash = NEW.hash WHERE id = 1;"
        # The operation's story goes on, with the same facet but for the outcome.
        f" INSERT INTO record_facet ({_FACET}, count, newest)"
        " SELECT facet.team_id, facet.actor_id, facet.kind, facet.verb, facet.connection_id, facet.space,"
        " NEW.outcome, 0, 0"
        " FROM record_story story JOIN record_facet facet ON facet.id = story.facet_id"
        f" WHERE {_STEP} AND story.operation = NEW.operation ON CONFLICT DO NOTHING;"
        " UPDATE record_story SET last_seq = NEW.seq, steps = steps + 1, facet_id = (SELECT other.id"
        " FROM record_facet facet, record_facet other WHERE facet.id = record_story.facet_id"
        f" AND {_SAME_FACET.format('other', 'facet').removesuffix(' AND other.outcome = facet.outcome')}"
        " AND other.outcome = NEW.outcome)"
        f" WHERE {_STEP} AND operation = NEW.operation;"
        # Else, or for somebody else's act, a story of its own.
        f" INSERT INTO record_facet ({_FACET}, count, newest) VALUES ({_FACET_OF_NEW}, 0, 0)"
        " ON CONFLICT DO NOTHING;"
        " INSERT INTO record_story (first_seq, last_seq, steps, operation, facet_id)"
        f" SELECT NEW.seq, NEW.seq, 1, CASE WHEN {_STEP} AND NOT EXISTS"
        " (SELECT 1 FROM record_story WHERE operation = NEW.operation) THEN NEW.operation END, facet.id"
        f" FROM record_facet facet WHERE {_SAME_FACET.format('facet', 'NEW')}"
        f" AND NOT ({_STEP} AND EXISTS (SELECT 1 FROM record_story story JOIN record_facet theirs"
        " ON theirs.id = story.facet_id WHERE story.operation = NEW.operation"
        " AND theirs.actor_id = NEW.actor_id))"
    ),
    "record_body_no_update": (
        "BEFORE UPDATE ON record_body WHEN NOT (NEW.seq = OLD.seq AND NEW.text = '' AND length(NEW.salt) = 0"
        f" AND {_DROPPED}) BEGIN {REFUSE}"
    ),
    "record_body_no_delete": f"BEFORE DELETE ON record_body BEGIN {REFUSE}",
    "record_body_in_order": (
        "BEFORE INSERT ON record_body WHEN NOT EXISTS (SELECT 1 FROM record_entry WHERE seq = NEW.seq)"
        f" OR EXISTS (SELECT 1 FROM record_body WHERE seq = NEW.seq) BEGIN {REFUSE}"
    ),
    "record_body_find": (
        "AFTER INSERT ON record_body BEGIN"
        " INSERT INTO record_search(rowid, search) VALUES (NEW.seq, NEW.search)"
    ),
    "record_body_forget": (
        "AFTER UPDATE ON record_body BEGIN"
        " INSERT INTO record_search(record_search, rowid, search) VALUES ('delete', OLD.seq, OLD.search);"
        " INSERT INTO record_search(rowid, search) VALUES (NEW.seq, NEW.search)"
    ),
    "record_story_count": (
        "AFTER INSERT ON record_story BEGIN"
        " UPDATE record_facet SET count = count + 1, newest = NEW.first_seq WHERE id = NEW.facet_id"
    ),
    "record_story_recount": (
        "AFTER UPDATE OF facet_id ON record_story WHEN OLD.facet_id <> NEW.facet_id BEGIN"
        " UPDATE record_facet SET count = count - 1, newest = coalesce((SELECT max(first_seq)"
        " FROM record_story WHERE facet_id = OLD.facet_id), 0) WHERE id = OLD.facet_id;"
        " UPDATE record_facet SET count = count + 1, newest = max(newest, NEW.first_seq)"
        " WHERE id = NEW.facet_id"
    ),
    "record_head_no_delete": f"BEFORE DELETE ON record_head BEGIN {REFUSE}",
    "record_head_forward": (
        "BEFORE UPDATE ON record_head WHEN NOT (NEW.id = OLD.id AND NEW.seq = OLD.seq + 1"
        f" AND EXISTS (SELECT 1 FROM record_entry WHERE seq = NEW.seq AND hash = NEW.hash)) BEGIN {REFUSE}"
    ),
    "record_head_only_one": (
        f"BEFORE INSERT ON record_head WHEN EXISTS (SELECT 1 FROM record_head) BEGIN {REFUSE}"
    ),
    "record_checkpoint_no_update": f"BEFORE UPDATE ON record_checkpoint BEGIN {REFUSE}",
    "record_checkpoint_no_delete": f"BEFORE DELETE ON record_checkpoint BEGIN {REFUSE}",
    "record_checkpoint_in_order": f"{_NOT_NEXT.format('record_checkpoint', 0)} BEGIN {REFUSE}",
    "record_tile_no_update": f"BEFORE UPDATE ON record_tile BEGIN {REFUSE}",
    "record_tile_no_delete": f"BEFORE DELETE ON record_tile BEGIN {REFUSE}",
    "record_tile_in_order": f"{_NOT_NEXT.format('record_tile', -1)} BEGIN {REFUSE}",
}
# Only the pieces, not their places: three characters are looked up, and the text itself decides.
SEARCH = (
    "CREATE VIRTUAL TABLE record_search USING fts5(search, content='record_body', content_rowid='seq',"
    " detail=none, columnsize=0, tokenize='trigram case_sensitive 1')"
)
_OURS = "type = 'trigger' AND tbl_name LIKE 'record\\_%' ESCAPE '\\'"
LOCK_HEAD = (  # the transaction is IMMEDIATE, so nobody else can write
    "SELECT seq, hash, (SELECT schema_version FROM pragma_schema_version) FROM record_head WHERE id = 1"
)


def triggers():
    return {name: f"CREATE TRIGGER {name} {text}; END" for name, text in TRIGGERS.items()}


def found(cursor):
    """{name: text} of the triggers on tables of the record, whoever made them."""
    cursor.execute(f"SELECT name, sql FROM sqlite_master WHERE {_OURS}")
    return dict(cursor.fetchall())


def on_tables(cursor):
    """{name: table} of the same."""
    cursor.execute(f"SELECT name, tbl_name FROM sqlite_master WHERE {_OURS}")
    return dict(cursor.fetchall())


def drop(name, table):
    return f'DROP TRIGGER "{name}"'


def create(name):
    return [f"DROP TRIGGER IF EXISTS {name}", triggers()[name]]


def make_functions(cursor):
    """SQLite's triggers hold all they do."""


def make_search(cursor):
    """Make the search index if it is missing, and fill it."""
    cursor.execute("SELECT sql FROM sqlite_master WHERE name = 'record_search'")
    if cursor.fetchone() != (SEARCH,):
        cursor.execute("DROP TABLE IF EXISTS record_search")
        cursor.execute(SEARCH)
        cursor.execute("INSERT INTO record_search(record_search) VALUES ('rebuild')")
