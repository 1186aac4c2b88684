"""What somebody may do to the record past its triggers: each at one entry.

Each takes a Tamperer at work and the number of an entry, and returns the number of the first bad entry, or
None where a check cannot name it.
"""

from uuid import UUID

from portal.record import reading
from tests.record.tampering import LAST, count_again
from tests.record.tampering import rewrite as rewrite_from

TEXTS = (
    *(
        "actor_id",
        "actor",
        "via",
        "team_id",
        "team",
        "space",
        "connection_id",
        "connection",
        "platform",
        "kind",
    ),
    *("verb", "object_id", "object_scope", "object_name", "operation", "correlation", "platform_code"),
    *("platform_request_id", "reason", "ticket", "summary", "words", "stage", "outcome", "body_digest"),
    *("prev_hash", "hash"),
)


def edit(db, seq):
    column = TEXTS[seq % len(TEXTS)]
    db.run(f"UPDATE record_entry SET {column} = 'forged' WHERE seq = {seq}")
    return seq if column != "hash" else None


def edit_number(db, seq):
    column = ["http_status", "duration_ms", "attempt", "version"][seq % 4]
    db.run(f"UPDATE record_entry SET {column} = 99 WHERE seq = {seq}")
    return seq


def edit_number_to_a_fraction(db, seq):
    """What no entry has: its numbers are whole. PostgreSQL rounds it, SQLite keeps it."""
    db.run(f"UPDATE record_entry SET http_status = 99.5 WHERE seq = {seq}")
    return seq


def edit_time(db, seq):
    db.run(f"UPDATE record_entry SET at = '2020-01-01 00:00:00.000001+00' WHERE seq = {seq}")
    return seq


def write_time_otherwise(db, seq):
    """The same moment, in a form that SQLite sorts behind all others of its day."""
    if not db.is_sqlite:
        return edit_time(db, seq)
    db.run(f"UPDATE record_entry SET at = replace(at, ' ', 'T') || 'Z' WHERE seq = {seq}")
    return seq


def write_id_otherwise(db, seq):
    """The same id, in a form that nobody looks for."""
    if not db.is_sqlite:
        return other_id(db, seq)
    (id,) = db.one(f"SELECT id FROM record_entry WHERE seq = {seq}")
    db.run(f"UPDATE record_entry SET id = %s WHERE seq = {seq}", [str(UUID(id))])
    return seq


def other_id(db, seq):
    db.run(f"UPDATE record_entry SET id = %s WHERE seq = {seq}", ["0" * 28 + "beef"])
    return seq


def forget_status(db, seq):
    value = "NULL" if db.one(f"SELECT http_status FROM record_entry WHERE seq = {seq}")[0] else "200"
    db.run(f"UPDATE record_entry SET http_status = {value} WHERE seq = {seq}")
    return seq


def other_key(db, seq):
    db.run(f"UPDATE record_entry SET key_id = '00000000' WHERE seq = {seq}")


def delete(db, seq):
    db.run(f"DELETE FROM record_entry WHERE seq = {seq}")
    db.run(f"DELETE FROM record_body WHERE seq = {seq}")
    return seq


def delete_and_close_the_gap(db, seq):
    delete(db, seq)
    for table in ("record_entry", "record_body"):
        db.run(f"UPDATE {table} SET seq = -seq WHERE seq > {seq}")
        db.run(f"UPDATE {table} SET seq = -seq - 1 WHERE seq < 0")
    db.run(f"UPDATE record_head SET seq = {LAST}")


def insert(db, seq):
    names = reading.NAMES
    taken = [
        name if name not in ("seq", "id") else {"seq": f"{LAST} + 1", "id": "%s"}[name] for name in names
    ]
    id = "0" * 28 + "beef"
    db.run(
        f"INSERT INTO record_entry ({', '.join(names)}, hash) SELECT {', '.join(taken)}, hash"
        f" FROM record_entry WHERE seq = {seq}",
        [id],
    )
    db.run(f"UPDATE record_head SET seq = {LAST}")


def insert_before_the_first(db, seq):
    """An entry with the number 0, shown in the list and counted by its filters."""
    taken = {"seq": "0", "id": "%s", "operation": "''"}
    names = reading.NAMES
    db.run(
        f"INSERT INTO record_entry ({', '.join(names)}, hash) SELECT"
        f" {', '.join(taken.get(name, name) for name in names)}, hash FROM record_entry WHERE seq = {seq}",
        ["0" * 28 + "beef"],
    )
    db.run(
        "INSERT INTO record_story (first_seq, last_seq, steps, operation, facet_id) SELECT 0, 0, 1, NULL,"
        " (SELECT id FROM record_facet f WHERE f.team_id = e.team_id AND f.actor_id = e.actor_id"
        " AND f.kind = e.kind AND f.verb = e.verb AND f.connection_id = e.connection_id AND f.space = e.space"
        " AND f.outcome = e.outcome) FROM record_entry e WHERE seq = 0"
    )
    count_again(db)
    return 0


def reorder(db, seq):
    for table in ("record_entry", "record_body"):
        db.run(f"UPDATE {table} SET seq = -1 WHERE seq = {seq}")
        db.run(f"UPDATE {table} SET seq = {seq} WHERE seq = {seq} - 1")
        db.run(f"UPDATE {table} SET seq = {seq} - 1 WHERE seq = -1")
    return seq - 1


def swap_bodies(db, seq):
    columns = ("text", "salt", "search")
    one, other = (
        db.one(f"SELECT {', '.join(columns)} FROM record_body WHERE seq = {each}") for each in (seq, seq - 1)
    )
    for values, each in ((one, seq - 1), (other, seq)):
        db.run(f"UPDATE record_body SET text = %s, salt = %s, search = %s WHERE seq = {each}", list(values))
    return seq - 1


def edit_body(db, seq):
    db.run(f"UPDATE record_body SET text = '{{}}' WHERE seq = {seq}")
    return seq


def empty_body(db, seq):
    db.run(f"UPDATE record_body SET text = '', salt = '' WHERE seq = {seq}")
    return seq


def delete_body(db, seq):
    db.run(f"DELETE FROM record_body WHERE seq = {seq}")
    return seq


def search_text(db, seq):
    db.run(f"UPDATE record_body SET search = 'nothing to see' WHERE seq = {seq}")
    return seq


def search_index(db, seq):
    if db.is_sqlite:
        db.run(
            "INSERT INTO record_search(record_search, rowid, search)"
            f" SELECT 'delete', seq, search FROM record_body WHERE seq = {seq}"
        )
    else:
        db.run("DROP INDEX record_body_search")
        db.run(
            "CREATE INDEX record_body_search ON record_body USING gin (search gin_trgm_ops)"
            f" WHERE seq <> {seq}"
        )


def _story(db, seq):
    """The list row that the entry belongs to, or another one."""
    return db.one(f"SELECT max(first_seq) FROM record_story WHERE first_seq <= {seq}")[0]


def story_steps(db, seq):
    db.run(f"UPDATE record_story SET steps = steps + 1 WHERE first_seq = {_story(db, seq)}")
    return _story(db, seq)


def story_end(db, seq):
    db.run(f"UPDATE record_story SET last_seq = last_seq + 1 WHERE first_seq = {_story(db, seq)}")
    return _story(db, seq)


def story_facet(db, seq):
    """Shown under somebody else's filters; the counts are right again."""
    story = _story(db, seq)
    db.run(
        "UPDATE record_story SET facet_id = (SELECT id FROM record_facet f"
        f" WHERE f.id <> record_story.facet_id ORDER BY count DESC LIMIT 1) WHERE first_seq = {story}"
    )
    count_again(db)
    return story


def story_gone(db, seq):
    story = _story(db, seq)
    db.run(f"DELETE FROM record_story WHERE first_seq = {story}")
    return story


def story_more(db, seq):
    db.run(
        "INSERT INTO record_story (first_seq, last_seq, steps, operation, facet_id)"
        f" SELECT {LAST} + {seq}, last_seq, steps, NULL, facet_id FROM record_story WHERE first_seq = 1"
    )


def facet_count(db, seq):
    db.run(
        "UPDATE record_facet SET count = count + 1 WHERE id ="
        f" (SELECT facet_id FROM record_story WHERE first_seq = {_story(db, seq)})"
    )


def facet_name(db, seq):
    db.run(
        "UPDATE record_facet SET actor_id = 'somebody' WHERE id ="
        f" (SELECT facet_id FROM record_story WHERE first_seq = {_story(db, seq)})"
    )


def head_back(db, seq):
    db.run(f"UPDATE record_head SET seq = {seq} - 1")
    return seq - 1


def head_hash(db, seq):
    db.run("UPDATE record_head SET hash = 'forged'")
    return db.one(f"SELECT {LAST}")[0]


def rewrite(db, seq):
    rewrite_from(db, seq, reason="never said")
    db.run("DELETE FROM record_tile")


def rewrite_without_checkpoints(db, seq):
    rewrite(db, seq)
    db.run("DELETE FROM record_checkpoint")
    db.run("UPDATE record_sink SET delivered = 0")


def change_a_checkpoint(db, seq):
    db.run("UPDATE record_checkpoint SET root = head_hash WHERE number = 2")


def delete_a_checkpoint(db, seq):
    db.run("DELETE FROM record_checkpoint WHERE number = 2")


CHANGES = (
    *(
        edit,
        edit_number,
        edit_number_to_a_fraction,
        edit_time,
        forget_status,
        other_key,
        delete,
        delete_and_close_the_gap,
        insert,
    ),
    *(write_time_otherwise, write_id_otherwise, other_id, insert_before_the_first),
    *(reorder, swap_bodies, edit_body, empty_body, delete_body, search_text, search_index),
    *(story_steps, story_end, story_facet, story_gone, story_more, facet_count, facet_name),
    *(head_back, head_hash, rewrite, rewrite_without_checkpoints, change_a_checkpoint, delete_a_checkpoint),
)
