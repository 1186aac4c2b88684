"""`manage.py audit_export`: the record as lines of JSON or as CSV, on standard output."""

import sys

from django.core.management.base import BaseCommand, CommandError

from portal.record import checkpoints, exporting, reading


class Command(BaseCommand):
    help = (
        "Write entries to standard output. JSON lines can be checked with portal/record/standalone.py and"
        " the checkpoints of a sink; see docs/audit.md."
    )

    def add_arguments(self, parser):
        parser.add_argument("--format", choices=["jsonl", "csv"], required=True)
        parser.add_argument("--from", dest="first", type=int, default=1, metavar="SEQ")
        parser.add_argument("--to", dest="last", type=int, default=None, metavar="SEQ")

    def handle(self, *args, format, first, last, **options):
        try:
            size = exporting.anchor().size if format == "jsonl" else reading.head()[0]
        except checkpoints.NotMade as error:
            raise CommandError(str(error)) from error
        rows = reading.rows(max(first, 1), size if last is None else min(last, size))
        lines = exporting.json_lines(rows, size) if format == "jsonl" else exporting.csv_lines(rows)
        try:
            for line in lines:
                sys.stdout.buffer.write(line.encode("utf-8", "replace"))
            sys.stdout.buffer.flush()
        except BrokenPipeError:
            sys.exit(1)  # who reads has had enough
