"""`manage.py connection_add`: add a connection without the browser; validated like the form, and recorded."""

import json
from pathlib import Path

from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError

from portal.connections import service
from portal.connections.forms import SIGN_INS, ConnectionForm
from portal.connections.models import CREDENTIALS, LIMITS, Platform
from portal.teams.models import Team

IDS = ("project_id", "instance_id", "org_id", "region", "edition", "sign_in", "signature", "iam_endpoint")
OPTIONAL = (*IDS, *LIMITS)


class Command(BaseCommand):
    help = "Add a connection to a team. The file is a JSON object of credentials and ids."

    def add_arguments(self, parser):
        parser.add_argument("--team", required=True, help="name of the team")
        parser.add_argument("--platform", required=True, choices=Platform.values)
        parser.add_argument("--name", required=True)
        parser.add_argument("--endpoint", required=True, help="https://host[:port]")
        parser.add_argument(
            "--file", required=True, help=f"JSON with credentials and, as needed, {', '.join(OPTIONAL)}"
        )

    def handle(self, *args, team, platform, name, endpoint, file, **options):
        try:
            team = Team.objects.get(name=team)
        except Team.DoesNotExist:
            raise CommandError(f"There is no team named {team!r}.") from None
        given = read(file)
        given.setdefault("sign_in", guess(platform, given))
        form = ConnectionForm({**given, "name": name, "endpoint": endpoint}, team=team, platform=platform)
        if form.is_valid():
            refuse_unused(given, form)
            try:
                connection = service.create(
                    actor=None, team=team, values=form.values, credentials=form.credentials, via="command"
                )
            except ValidationError as error:
                form.add_error(None, error)
            else:
                self.stdout.write(f"connection {connection.pk} added")
                return
        lines = [f"{field}: {text}" for field, texts in form.errors.items() for text in texts]
        raise CommandError("The connection was not added.\n" + "\n".join(lines))


def read(file):
    """The JSON object in the file; raises CommandError. Its values never appear in a message."""
    try:
        given = json.loads(Path(file).read_text())
    except OSError as error:
        raise CommandError(f"The file cannot be read: {error.strerror}.") from None
    except ValueError:
        raise CommandError("The file does not hold JSON.") from None
    known = {name for names in CREDENTIALS.values() for name in names} | set(OPTIONAL)
    if not isinstance(given, dict) or not all(isinstance(value, str) for value in given.values()):
        raise CommandError("The file must hold one JSON object whose values are texts.")
    if unknown := sorted(set(given) - known):
        raise CommandError(
            f"Unknown names in the file: {', '.join(unknown)}. Known: {', '.join(sorted(known))}."
        )
    return given


def guess(platform, given):
    """The way to sign in whose credentials are all given; of several, the one that needs most of them."""
    ways = [way for way in SIGN_INS[platform] if set(CREDENTIALS[way]) <= set(given)]
    if not ways:
        needed = " or ".join(", ".join(CREDENTIALS[way]) for way in SIGN_INS[platform])
        raise CommandError(f"The file lacks credentials. It needs {needed}.")
    return max(ways, key=lambda way: len(CREDENTIALS[way])).value


def refuse_unused(given, form):
    """Refuse names that would be ignored: they are most likely mistakes."""
    if unused := sorted(name for name, value in given.items() if value and name not in form.fields):
        raise CommandError(
            f"Not used by this platform and sign-in: {', '.join(unused)}. The connection was not added."
        )
