"""What is sent about connections, for acts.py."""

from portal.connections.models import Condition


def of_connection(what, data=None, **paused):
    def send(walk):
        connection = walk.connection()
        if paused:
            Condition.objects.update_or_create(pk=connection.pk, defaults=paused)
        return walk.send(f"/connections/{connection.pk}/{what}/", data)

    return send


def connection_form(walk, **changes):
    told = walk.connection()
    names = ("endpoint", "project_id", "instance_id", "sign_in", "region", "edition")
    kept = {name: getattr(told, name) for name in names}
    return {**kept, "signature": "auto", "platform": "iotda", "access_key": "", "secret_key": "", **changes}


def new_connection(walk):
    keys = {"access_key": "DEMOAK0000000000EXMP", "secret_key": "DemoSK00000000000000000000000000000Exmpl"}
    return walk.send("/connections/new/", connection_form(walk, name="another", **keys))


def edit_connection(walk):
    path = f"/connections/{walk.connection().pk}/edit/"
    return walk.send(path, connection_form(walk, name="renamed"))
