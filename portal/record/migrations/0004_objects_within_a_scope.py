from django.db import migrations, models

from portal.record.migrations import _append_only


def put_triggers_back(apps, schema_editor):
    _append_only.install()


class Migration(migrations.Migration):
    """What an object's id is unique within. The triggers are put back at once, as in 0003."""

    dependencies = [("record", "0003_words")]
    operations = [
        migrations.RunPython(migrations.RunPython.noop, put_triggers_back),
        migrations.AddField(
            model_name="entry",
            name="object_scope",
            field=models.CharField(blank=True, default="", max_length=64, verbose_name="within"),
        ),
        migrations.RunPython(put_triggers_back, migrations.RunPython.noop),
    ]
