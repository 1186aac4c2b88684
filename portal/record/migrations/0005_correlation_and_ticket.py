from django.db import migrations, models

from portal.record import guards


def put_triggers_back(apps, schema_editor):
    guards.install()


class Migration(migrations.Migration):
    """What ties the entries of one request together. The triggers are put back at once, as in 0003."""

    dependencies = [("record", "0004_objects_within_a_scope")]
    operations = [
        migrations.RunPython(migrations.RunPython.noop, put_triggers_back),
        migrations.AddField(
            model_name="entry",
            name="ticket",
            field=models.CharField(blank=True, default="", max_length=64, verbose_name="ticket"),
        ),
        migrations.AddField(
            model_name="entry",
            name="correlation",
            field=models.CharField(blank=True, default="", max_length=36, verbose_name="correlation"),
        ),
        migrations.RunPython(put_triggers_back, migrations.RunPython.noop),
    ]
