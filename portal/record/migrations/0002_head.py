from django.db import migrations


def make_head(apps, schema_editor):
    apps.get_model("record", "Head").objects.get_or_create(pk=1)


class Migration(migrations.Migration):
    """The one row whose lock orders all appends."""

    dependencies = [("record", "0001_initial")]
    operations = [migrations.RunPython(make_head, migrations.RunPython.noop)]
