from django.core.management.base import BaseCommand, CommandError
from django.db import connection

from portal.record import on_postgresql


class Command(BaseCommand):
    help = (
        "Print the SQL that gives a PostgreSQL role what the portal needs, and no more of the record than"
        " adding to it. Run it as the tables' owner after each migration:"
        " manage.py audit_grants portal | psql ..."
    )
    requires_system_checks = ()

    def add_arguments(self, parser):
        parser.add_argument("role", help="name of the role that PORTAL_DATABASE_URL names")

    def handle(self, *, role, **options):
        if connection.vendor != "postgresql":
            raise CommandError("Only PostgreSQL has roles; on SQLite whoever owns the file owns the record.")
        for statement in on_postgresql.grants(connection.ops.quote_name(role)):
            self.stdout.write(f"{statement};")
