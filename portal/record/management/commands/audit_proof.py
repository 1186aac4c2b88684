"""`manage.py audit_proof SEQ`: the proof that an entry is in the record, for who has a checkpoint of it."""

import json

from django.core.management.base import BaseCommand, CommandError

from portal.record import checkpoints, exporting


class Command(BaseCommand):
    help = "Write an inclusion proof as JSON, which verify.py of an export takes."

    def add_arguments(self, parser):
        parser.add_argument("seq", type=int)

    def handle(self, *args, seq, **options):
        try:
            proof = exporting.proof(seq)
        except checkpoints.NotMade as error:
            raise CommandError(str(error)) from error
        if proof is None:
            raise CommandError(f"There is no entry {seq}.")
        self.stdout.write(json.dumps(proof, ensure_ascii=False, indent=1))
