from django.apps import AppConfig
from django.core.checks import Tags, register
from django.db.backends.signals import connection_created
from django.db.models.signals import post_migrate, pre_migrate


class RecordConfig(AppConfig):
    name = "portal.record"

    def ready(self):
        from portal.record import authorizing, guards

        connection_created.connect(authorizing.watch)
        pre_migrate.connect(authorizing.lift, sender=self)
        pre_migrate.connect(guards.make_way, sender=self)
        post_migrate.connect(guards.install, sender=self)
        post_migrate.connect(authorizing.put_back, sender=self)
        register(guards.check, Tags.database)
        register(guards.check_owner, Tags.database, deploy=True)
