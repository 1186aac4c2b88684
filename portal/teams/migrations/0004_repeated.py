import json

from django.db import migrations, models


def say_that_they_are_denials(apps, schema_editor):
    rows = apps.get_model("teams", "Repeated").objects
    for row in rows.all():
        line = {**json.loads(row.line), "stage": "denied", "outcome": "denied"}
        rows.filter(pk=row.pk).update(line=json.dumps(line))


class Migration(migrations.Migration):
    """Not denials alone are folded. What was counted so far is written as it would have been; its count does
    not go on, because `fold` is part of what makes things the same."""

    dependencies = [("teams", "0003_repeated_denial")]
    operations = [
        migrations.RenameModel("RepeatedDenial", "Repeated"),
        migrations.AddField(
            "repeated", "fold", models.CharField(default="denied", max_length=10), preserve_default=False
        ),
        migrations.RunPython(say_that_they_are_denials, migrations.RunPython.noop),
    ]
