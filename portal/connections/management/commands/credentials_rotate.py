"""`manage.py credentials_rotate`: after a new key was put in front of PORTAL_CREDENTIAL_KEYS."""

from django.core.management.base import BaseCommand, CommandError

from portal.connections.resealing import reseal_all


class Command(BaseCommand):
    help = "Seal all stored secrets anew with the first of PORTAL_CREDENTIAL_KEYS."

    def handle(self, *args, **options):
        found = reseal_all()
        self.stdout.write(f"{found['sealed']} secrets were sealed with the key {found['key_id']}")
        if unreadable := found["unreadable"]:
            raise CommandError(
                "No key opens what is sealed in: "
                + ", ".join(unreadable[:20])
                + (f" and {len(unreadable) - 20} more" if len(unreadable) > 20 else "")
                + ". Enter these credentials again, or add the key that is missing."
            )
        self.stdout.write("The older keys may go, when no other machine seals with them any more.")
