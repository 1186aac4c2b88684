from django.db import migrations, models

from portal.record.migrations import _append_only


def put_triggers_back(apps, schema_editor):
    _append_only.install()


class Migration(migrations.Migration):
    """What the portal says of an entry, as a code and parameters.

    On SQLite a new column remakes the table, which drops its triggers. They are put back in the same transaction:
    at no moment does anybody meet a record that can be changed.
    """

    dependencies = [("record", "0002_head")]
    operations = [
        migrations.RunPython(migrations.RunPython.noop, put_triggers_back),
        migrations.AddField("entry", "words", models.TextField(blank=True, default=""), preserve_default=False),
        migrations.RunPython(put_triggers_back, migrations.RunPython.noop),
    ]
