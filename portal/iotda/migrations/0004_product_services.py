from django.db import migrations, models

import portal.kinds.fields


class Migration(migrations.Migration):

    dependencies = [
        ('iotda', '0003_the_mirror_is_refreshed'),
    ]

    operations = [
        migrations.AddField(
            model_name='product',
            name='industry',
            field=models.TextField(blank=True, default='', verbose_name='industry'),
            preserve_default=False,
        ),
        migrations.AddField(
            model_name='product',
            name='service_capabilities',
            field=portal.kinds.fields.JsonText(blank=True, default=list, verbose_name='services'),
        ),
    ]
