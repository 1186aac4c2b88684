from django.db import migrations, models


def nobody_has_read_them(apps, schema_editor):
    """The rules of groups that the mirror has already: not shown yet, so what shows them is no drift."""
    groups = apps.get_model("iotda", "DeviceGroup").objects
    groups.filter(unshown=None).update(unshown=["dynamic_group_rule"])
    for group in groups.exclude(unshown=["dynamic_group_rule"]).iterator():
        group.unshown = [*group.unshown, "dynamic_group_rule"]
        group.save(update_fields=["unshown"])


class Migration(migrations.Migration):
    dependencies = [("iotda", "0007_devices_by_space_and_buses_by_group")]

    operations = [
        migrations.AddField(
            model_name="devicegroup",
            name="dynamic_group_rule",
            field=models.TextField(blank=True, default="", verbose_name="rule"),
            preserve_default=False,
        ),
        migrations.RunPython(nobody_has_read_them, migrations.RunPython.noop),
    ]
