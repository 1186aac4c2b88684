import base64
import json
import time
import zlib

from cryptography.fernet import Fernet
from django.contrib.sessions.backends.db import SessionStore
from django.db import migrations
from django.utils import timezone
from django.utils.crypto import salted_hmac

from portal.sealing import seal_bytes

# As they were when this was written; portal/web/kept.py may change.
SESSION_KEY = "kept"
SECONDS = 3600


def reseal(apps, schema_editor):
    """Open what sessions keep with the key of earlier versions, and seal it for its owner."""
    box = Fernet(base64.urlsafe_b64encode(salted_hmac("portal.web.kept", "", algorithm="sha256").digest()))
    store = SessionStore()
    sessions = apps.get_model("sessions", "Session").objects.filter(expire_date__gt=timezone.now())
    for key, before in sessions.values_list("session_key", "session_data").iterator():
        data = store.decode(before)
        if SESSION_KEY in data:
            entries = data[SESSION_KEY] if isinstance(data[SESSION_KEY], list) else []
            data[SESSION_KEY] = [new for entry in entries if (new := _resealed(box, entry))]
            # A portal that still runs may have written this session meanwhile: then it is left alone.
            sessions.filter(session_key=key, session_data=before).update(session_data=store.encode(data))


def _resealed(box, entry):
    """The entry as this version opens it; None when it is too old or does not open."""
    try:
        if entry["at"] <= time.time() - SECONDS:
            return None
        content = json.loads(zlib.decompress(box.decrypt(entry["sealed"].encode())))
        owner = content.pop("owner")
        return entry | {"sealed": seal_bytes(zlib.compress(json.dumps(content).encode()), f"kept:{owner}")}
    except Exception:  # noqa: BLE001 - input that is lost is typed again; a portal that does not start is worse
        return None


class Migration(migrations.Migration):
    """Kept input was sealed with Fernet, which binds nothing to its owner."""

    dependencies = [("sessions", "0001_initial")]
    operations = [migrations.RunPython(reseal, migrations.RunPython.noop)]
