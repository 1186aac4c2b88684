"""`manage.py audit_verify`: is the record what was written?"""

import json
import sys

from django.core.management.base import BaseCommand

from portal.record import verifying
from portal.record.findings import EXIT


class Command(BaseCommand):
    help = "Check the whole record. Exit code 0: intact, 1: tampered with, 2: it cannot be told."
    requires_system_checks = []  # it is to tell of missing triggers itself

    def add_arguments(self, parser):
        parser.add_argument("--json", action="store_true", help="the report as JSON")

    def handle(self, *args, **options):
        report = verifying.verify()
        told = report.to_json()
        if options["json"]:
            self.stdout.write(json.dumps(told, ensure_ascii=False, indent=1))
        else:
            self._tell(report)
        sys.exit(EXIT[report.result])

    def _tell(self, report):
        self.stdout.write(str(report.result.label))
        for finding in report.sorted:
            self.stdout.write(f"- {finding.said.plain}")
        if report.left_out:
            self.stdout.write(f"- and {report.left_out} more")
        self.stdout.write(
            f"Checked in {report.seconds:.1f} s: {report.entries} entries, {report.bodies} bodies"
            f" ({report.dropped} dropped by a team's rule), {report.checkpoints} checkpoints (the last one of"
            f" {report.last_checkpoint} entries) and {report.copies} copies of checkpoints in files."
        )
