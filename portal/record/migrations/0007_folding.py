from django.db import connection, migrations, models

from portal.record import guards, searching


def lift_triggers(apps, schema_editor):
    guards.remove()


def drop_old_function(apps, schema_editor):
    """Triggers find their facets by themselves now."""
    if connection.vendor == "postgresql":
        schema_editor.execute("DROP FUNCTION IF EXISTS record_facet_of(text, text, text, text, text, text)")


class Migration(migrations.Migration):
    """Which rules wrote a search text; those that are there were written by the rules of now."""

    dependencies = [
        ('record', '0006_verifications'),
    ]

    operations = [
        migrations.RunPython(lift_triggers, migrations.RunPython.noop),
        migrations.AddField(
            model_name='body',
            name='folding',
            field=models.CharField(default=searching.FOLDING, max_length=16),
            preserve_default=False,
        ),
        migrations.RunPython(drop_old_function, migrations.RunPython.noop),
    ]
