"""A Django site with django-auditlog and its admin, in a Python of its own (see auditlog.py).

Usage: auditlog_site.py ENGINE DATABASE SIZE. It fills the log up to SIZE rows, prints their number, and then
answers each line on standard input, an address of the admin's list, with JSON: how many milliseconds the page
took, its status and how many rows it shows.
"""

import json
import random
import sys
import time
from datetime import UTC, datetime, timedelta

import django
from django.conf import settings

BATCH = 2000
START = datetime(2025, 3, 1, 6, tzinfo=UTC)
NEEDLE = "独一无二的总线 Needle-Bus"


def configure(engine, name):
    databases = {"ENGINE": f"django.db.backends.{engine}", "NAME": name}
    if engine == "postgresql":
        databases = {**databases, **_server(name)}
    settings.configure(
        ALLOWED_HOSTS=["localhost"],
        DATABASES={"default": databases},
        DEFAULT_AUTO_FIELD="django.db.models.BigAutoField",
        INSTALLED_APPS=[
            *("django.contrib.admin", "django.contrib.auth", "django.contrib.contenttypes"),
            *("django.contrib.messages", "django.contrib.sessions", "django.contrib.staticfiles", "auditlog"),
        ],
        MIDDLEWARE=[
            "django.contrib.sessions.middleware.SessionMiddleware",
            "django.contrib.auth.middleware.AuthenticationMiddleware",
            "django.contrib.messages.middleware.MessageMiddleware",
        ],
        ROOT_URLCONF=__name__,
        SECRET_KEY="of a benchmark",
        STATIC_URL="/static/",
        TEMPLATES=[
            {
                "BACKEND": "django.template.backends.django.DjangoTemplates",
                "APP_DIRS": True,
                "OPTIONS": {
                    "context_processors": [
                        "django.template.context_processors.request",
                        "django.contrib.auth.context_processors.auth",
                        "django.contrib.messages.context_processors.messages",
                    ]
                },
            }
        ],
        USE_TZ=True,
    )
    django.setup()


def _server(url):
    """Settings for an address like postgresql://user@host:port/name."""
    from psycopg.conninfo import conninfo_to_dict

    told = conninfo_to_dict(url)
    names = {"dbname": "NAME", "user": "USER", "password": "PASSWORD", "host": "HOST", "port": "PORT"}
    return {names[name]: str(value) for name, value in told.items() if name in names}


def fill(size):
    from auditlog.models import LogEntry
    from django.contrib.auth.models import User
    from django.contrib.contenttypes.models import ContentType
    from django.core.management import call_command
    from django.db import connection

    call_command("migrate", verbosity=0)
    people = [User.objects.get_or_create(username=f"person-{n}@example.test")[0] for n in range(40)]
    types = list(ContentType.objects.all())
    there = LogEntry.objects.count()
    for first in range(there, size, BATCH):
        dice = random.Random(first)
        count = min(BATCH, size - first)
        rows = [_row(LogEntry, dice, number, people, types) for number in range(first, first + count)]
        LogEntry.objects.bulk_create(rows)
    if there < size and connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("VACUUM ANALYZE")
    return LogEntry.objects.count()


def _row(model, dice, number, people, types):
    """What the portal's record says of one step, as django-auditlog writes it."""
    thing = dice.randrange(200_000)
    name = f"{dice.choice(['Pump', 'Valve', '总线', 'Line', '传感器', 'Gate'])} {thing}"
    limits = [str(dice.randrange(500)), str(dice.randrange(500))]
    changes = {
        "name": [name, name],
        "limit": limits,
        "description": ["生产线的设备", "Line of the second hall"],
        "tags": ["{'hall': 'H1', 'shift': 'day'}", f"{{'hall': 'H{thing % 9}', 'shift': 'night'}}"],
        "path": ["", f"/v5/iot/project/things/obj-{thing:08}"],
        "request_id": ["", f"{dice.getrandbits(128):032x}"],
    }
    return model(
        content_type=dice.choice(types),
        object_pk=f"obj-{thing:08}",
        object_repr=NEEDLE if number == 0 else name,
        action=dice.choice([0, 1, 1, 1, 2]),
        changes=changes,
        actor=dice.choice(people),
        cid=f"{dice.getrandbits(128):032x}",
        timestamp=START + number * timedelta(seconds=6),
    )


def serve():
    from django.contrib.auth.models import User
    from django.test import Client

    admin = User.objects.filter(is_superuser=True).first() or User.objects.create_superuser("admin")
    browser = Client(HTTP_HOST="localhost")
    browser.force_login(admin)
    for line in sys.stdin:
        began = time.perf_counter()
        response = browser.get(line.strip())
        taken = (time.perf_counter() - began) * 1000
        rows = response.content.count(b"field-created")
        print(json.dumps({"ms": taken, "status": response.status_code, "rows": rows}), flush=True)


if __name__ == "__main__":
    engine, database, size = sys.argv[1:]
    configure(engine, database)
    from django.contrib import admin
    from django.urls import path

    urlpatterns = [path("admin/", admin.site.urls)]
    print(fill(int(size)), flush=True)
    serve()
