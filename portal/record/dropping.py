"""Dropping bodies that a team does not keep any longer. Headers stay, and the record still verifies.

An entry `drop_bodies` comes first; it covers all bodies of its team up to the number in its `object_id`. The
triggers let a body be emptied only where such an entry covers it.
"""

from django.db import connection, transaction
from django.db.models import BigIntegerField, Case, Max, When
from django.db.models.functions import Cast

from portal.record import searching
from portal.record.models import Body, Entry, Stage
from portal.record.store import append

VERB, KIND = "drop_bodies", "portal/teams"
AT_ONCE = (
    500  # bodies of one transaction, which holds up all who append meanwhile: a few hundredths of a second
)
LOOKED = 20_000  # entries that are looked at for them
# The number in such an entry; none where somebody wrote something else there. The triggers read it alike.
NUMBER = Case(When(object_id__regex=r"^[0-9]{1,18}\Z", then=Cast("object_id", BigIntegerField())))


def drops(team_id):
    """The entries that dropped bodies of this team."""
    return Entry.objects.filter(verb=VERB, team_id=team_id, outcome="done")


def covered(team_id):
    """Number of the entry up to which bodies of this team are dropped, 0 if none is."""
    return drops(team_id).aggregate(most=Max(NUMBER))["most"] or 0


def dropper(entry):
    """The entry that dropped the body of this one, the first that covers it; None if none does."""
    if entry.verb == VERB:
        return None
    found = drops(entry.team_id).annotate(up_to=NUMBER)
    return found.filter(up_to__gte=entry.seq).order_by("seq").first()


def drop(team_id, before, line):
    """Empty the next bodies of the team's entries of before that moment; returns whether there may be more.

    `line` are the fields of the entry that says so, without its number and count.
    """
    start = covered(team_id)
    last = Entry.objects.filter(at__lt=before).aggregate(last=Max("seq"))["last"] or 0
    end = min(last, start + LOOKED)
    if end <= start:
        return False
    due = (
        Entry.objects.filter(seq__gt=start, seq__lte=end, team_id=team_id).exclude(verb=VERB).order_by("seq")
    )
    rows = list(due.values("seq", *searching.FIELDS)[:AT_ONCE])
    if not rows and end == last:
        return False
    up_to = rows[-1]["seq"] if len(rows) == AT_ONCE else end
    said = {"count": len(rows), "from": rows[0]["seq"] if rows else start + 1, "to": up_to}
    fields = {"stage": Stage.OUTCOME, "outcome": "done", "verb": VERB, "kind": KIND, "team_id": team_id}
    with transaction.atomic(durable=True):
        append({**line, **fields, "object_id": str(up_to), "body": {**line["body"], **said}})
        _empty({row["seq"]: searching.text(row, "{}") for row in rows})
    return up_to < last


def _empty(texts):
    """Empty these bodies, and leave to the search what their headers say."""
    nothing = Body._meta.get_field("salt").get_db_prep_save(b"", connection)
    with connection.cursor() as cursor:
        cursor.executemany(
            "UPDATE record_body SET text = '', salt = %s, search = %s, folding = %s WHERE seq = %s",
            [(nothing, text, searching.FOLDING, seq) for seq, text in texts.items()],
        )
