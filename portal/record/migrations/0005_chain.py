import django.db.models.deletion
from django.db import connection, migrations, models

from portal.record import adopting, guards
from portal.record.migrations import _append_only


def lift_triggers(apps, schema_editor):
    guards.remove()


def put_old_triggers_back(apps, schema_editor):
    _append_only.install()


def adopt(apps, schema_editor):
    adopting.adopt(apps)
    _append_only.install()  # until migrate puts today's in their place


def forget(apps, schema_editor):
    guards.remove()
    if connection.vendor == "sqlite":
        schema_editor.execute("DROP TABLE record_search")


class Migration(migrations.Migration):
    """The chain, and what pages and proofs need beside it; entries of before are adopted into it.

    All in one transaction: at no moment does anybody meet a record that can be changed.
    """

    dependencies = [
        ('record', '0004_objects_within_a_scope'),
    ]

    operations = [
        migrations.RunPython(lift_triggers, put_old_triggers_back),
        migrations.CreateModel(
            name='Checkpoint',
            fields=[
                ('number', models.BigIntegerField(primary_key=True, serialize=False)),
                ('size', models.BigIntegerField()),
                ('root', models.CharField(max_length=64)),
                ('head_hash', models.CharField(blank=True, max_length=64)),
                ('at', models.DateTimeField()),
                ('key_id', models.CharField(max_length=16)),
                ('signature', models.CharField(max_length=128)),
            ],
            options={
                'ordering': ['-number'],
            },
        ),
        migrations.CreateModel(
            name='Facet',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('team_id', models.CharField(max_length=36)),
                ('actor_id', models.CharField(max_length=36)),
                ('kind', models.CharField(max_length=40)),
                ('verb', models.CharField(max_length=30)),
                ('connection_id', models.CharField(max_length=36)),
                ('outcome', models.CharField(max_length=12)),
                ('count', models.BigIntegerField()),
                ('newest', models.BigIntegerField()),
            ],
        ),
        migrations.CreateModel(
            name='Sink',
            fields=[
                ('address', models.CharField(max_length=500, primary_key=True, serialize=False)),
                ('delivered', models.BigIntegerField(default=0)),
                ('delivered_at', models.DateTimeField(null=True)),
                ('error', models.CharField(blank=True, max_length=400)),
                ('error_at', models.DateTimeField(null=True)),
            ],
        ),
        migrations.CreateModel(
            name='Story',
            fields=[
                ('first_seq', models.BigIntegerField(primary_key=True, serialize=False)),
                ('last_seq', models.BigIntegerField()),
                ('steps', models.PositiveIntegerField()),
                ('operation', models.CharField(max_length=36, null=True, unique=True)),
            ],
            options={
                'verbose_name_plural': 'stories',
                'ordering': ['-first_seq'],
            },
        ),
        migrations.CreateModel(
            name='Tile',
            fields=[
                ('number', models.BigIntegerField(primary_key=True, serialize=False)),
                ('root', models.CharField(max_length=64)),
            ],
        ),
        migrations.RemoveIndex(
            model_name='entry',
            name='entry_team',
        ),
        migrations.RemoveIndex(
            model_name='entry',
            name='entry_actor',
        ),
        migrations.RemoveIndex(
            model_name='entry',
            name='entry_kind',
        ),
        migrations.RemoveIndex(
            model_name='entry',
            name='entry_verb',
        ),
        migrations.RemoveIndex(
            model_name='entry',
            name='entry_outcome',
        ),
        migrations.RemoveIndex(
            model_name='entry',
            name='entry_operation',
        ),
        migrations.AddField(
            model_name='body',
            name='search',
            field=models.TextField(blank=True, default=''),
        ),
        migrations.AddField(
            model_name='entry',
            name='correlation',
            field=models.CharField(blank=True, default='', max_length=36, verbose_name='correlation id'),
        ),
        migrations.AddField(
            model_name='entry',
            name='ticket',
            field=models.CharField(blank=True, default='', max_length=64, verbose_name='ticket'),
        ),
        migrations.AlterField(
            model_name='body',
            name='text',
            field=models.TextField(blank=True),
        ),
        migrations.AddIndex(
            model_name='entry',
            index=models.Index(fields=['operation', 'seq'], name='entry_operation'),
        ),
        migrations.AddIndex(
            model_name='entry',
            index=models.Index(condition=models.Q(('object_id', ''), _negated=True), fields=['object_id', '-seq'], name='entry_id'),
        ),
        migrations.AddIndex(
            model_name='entry',
            index=models.Index(fields=['correlation'], name='entry_correlation'),
        ),
        migrations.AddIndex(
            model_name='entry',
            index=models.Index(condition=models.Q(('ticket', ''), _negated=True), fields=['ticket', '-seq'], name='entry_ticket'),
        ),
        migrations.AddIndex(
            model_name='entry',
            index=models.Index(condition=models.Q(('platform_request_id', ''), _negated=True), fields=['platform_request_id'], name='entry_request'),
        ),
        migrations.AddIndex(
            model_name='entry',
            index=models.Index(condition=models.Q(('verb', 'drop_bodies')), fields=['team_id', '-seq'], name='entry_drops'),
        ),
        migrations.AddConstraint(
            model_name='facet',
            constraint=models.UniqueConstraint(fields=('team_id', 'actor_id', 'kind', 'verb', 'connection_id', 'outcome'), name='one_facet'),
        ),
        migrations.AddField(
            model_name='story',
            name='facet',
            field=models.ForeignKey(db_constraint=False, db_index=False, on_delete=django.db.models.deletion.DO_NOTHING, to='record.facet'),
        ),
        migrations.AddIndex(
            model_name='story',
            index=models.Index(fields=['facet', '-first_seq'], name='story_facet'),
        ),
        migrations.RunPython(adopt, forget),
    ]
