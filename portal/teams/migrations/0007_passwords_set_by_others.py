"""Makes passwords void that somebody else had set, so that their people choose one by mail.

Until now an owner or an administrator made accounts with a password of their choosing, and could sign in as
that person. The record tells which accounts those are, and whether their person changed the password since.
Accounts made by the command line stay as they are.
"""

import json
from datetime import timedelta

from django.contrib.auth.hashers import UNUSABLE_PASSWORD_PREFIX, make_password
from django.db import migrations
from django.db.models import F, Max

AT_ONCE = timedelta(minutes=1)  # an account and the entry that tells of it
SOME = 500


def make_void(apps, schema_editor):
    User = apps.get_model("teams", "User")
    made = made_by_others(apps)
    changed = last_own_change(apps, made)
    void = [id for id, seq in made.items() if changed.get(id, 0) < seq]
    for start in range(0, len(void), SOME):
        people = User.objects.filter(pk__in=void[start : start + SOME])
        for person in people.exclude(password__startswith=UNUSABLE_PASSWORD_PREFIX).exclude(password=""):
            person.password, person.must_reset = make_password(None), True
            person.save(update_fields=["password", "must_reset"])


def made_by_others(apps):
    """{id of an account: number of the entry that tells who else made it}"""
    entries = apps.get_model("record", "Entry").objects.filter(via="web", outcome="done")
    accounts = entries.filter(kind="portal/accounts", verb="account_create")
    accounts = accounts.exclude(actor_id="").exclude(actor_id=F("object_id"))
    made = dict(accounts.values_list("object_id", "seq"))
    for entry in entries.filter(kind="portal/members", verb__in=["member_add", "team_create"]).iterator():
        if person := person_made(apps, entry):
            made.setdefault(str(person.pk), entry.seq)
    return made


def person_made(apps, entry):
    """Whose account was made together with this member or team; None if it was there before."""
    User = apps.get_model("teams", "User")
    body = apps.get_model("record", "Body").objects.filter(seq=entry.seq).first()
    told = json.loads(body.text) if body and body.text else None
    if told is not None and not told.get("account_created"):
        return None
    if entry.verb == "member_add":
        people = User.objects.filter(pk=entry.object_id)
    elif owner := owner_in(told or {}):
        people = User.objects.filter(email__iexact=owner)
    else:
        people = User.objects.filter(memberships__team_id=entry.object_id, memberships__role="owner")
    if told is None:  # the team does not keep bodies for so long: the time tells
        people = people.filter(created_at__range=(entry.at - AT_ONCE, entry.at + AT_ONCE))
    return people.first()


def owner_in(told):
    """The address of a new team's first owner; the earliest versions wrote it one level higher."""
    return told.get("owner") or told.get("after", {}).get("owner")


def last_own_change(apps, made):
    """{id: number of the entry in which the person last chose a password}"""
    entries = apps.get_model("record", "Entry").objects.filter(kind="portal/accounts", via="web")
    own = entries.filter(verb__in=["password_change", "password_set"], actor_id=F("object_id"))
    return {id: seq for id, seq in own.values_list("object_id").annotate(Max("seq")) if id in made}


class Migration(migrations.Migration):
    dependencies = [("teams", "0006_invitations"), ("record", "0006_verifications")]

    operations = [migrations.RunPython(make_void, migrations.RunPython.noop, elidable=True)]
