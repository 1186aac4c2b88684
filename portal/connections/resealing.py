"""Seals all stored secrets anew with the newest of PORTAL_CREDENTIAL_KEYS, while the portal runs.

Every model with `sealed_places` takes part ({column: place} of a row), and so do second factors. Afterwards
the older keys are needed only by backups, and for an hour by forms that are kept for people who sign in again
(portal/web/kept.py).
"""

from django.apps import apps
from django.db import transaction

from portal.record.store import append
from portal.sealing import CannotOpen, keys, reseal
from portal.teams.recording import line
from portal.teams.signin import second_factors

KIND, VERB = "portal/keys", "credentials_rotate"


def reseal_all():
    """{"sealed": how many, "unreadable": [what could not be opened]}; recorded. Raises DatabaseError."""
    done, unreadable = 0, []
    for model in apps.get_models():
        if hasattr(model, "sealed_places"):
            for row in model._default_manager.order_by("pk").iterator():
                for column, place in row.sealed_places().items():
                    text = getattr(row, column)
                    try:
                        sealed = text and reseal(text, place)
                    except CannotOpen:
                        unreadable.append(f"{model._meta.verbose_name} {row.pk}")
                        continue
                    # What changed meanwhile was sealed with the newest key by whoever changed it.
                    if sealed:
                        done += model._base_manager.filter(pk=row.pk, **{column: text}).update(
                            **{column: sealed}
                        )
    more, lost = second_factors.reseal_all()
    found = {"sealed": done + more, "unreadable": unreadable + lost, "key_id": next(iter(keys()))}
    with transaction.atomic(durable=True):
        append(line(VERB, kind=KIND, actor=None, via="command", body=found))
    return found
