"""Links of accounts to single sign-on are bound to the issuer that told of the person.

Each link holds the last ID token that it was used with, and that names its issuer.
"""

import hashlib

from django.conf import settings
from django.db import migrations


def bind(apps, schema_editor):
    links = apps.get_model("socialaccount", "SocialAccount")
    for link in links.objects.filter(provider="sso"):
        token = link.extra_data.get("id_token") or {}
        issuer = str(token.get("iss") or settings.OIDC_ISSUER).rstrip("/")
        link.provider = f"sso:{hashlib.sha256(issuer.encode()).hexdigest()}"
        link.save(update_fields=["provider"])


class Migration(migrations.Migration):
    dependencies = [
        ("teams", "0009_places"),
        ("socialaccount", "0006_alter_socialaccount_extra_data"),
    ]

    operations = [migrations.RunPython(bind, migrations.RunPython.noop)]
