"""What a WSGI server loads: `portal.wsgi:application`."""

import os

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.core.wsgi import get_wsgi_application

os.umask(0o077)  # what it writes (the SQLite database) is for its own user
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "portal.settings")
# Judged here and not in settings: migrate and collectstatic need no host name, whoever serves pages does.
if not (settings.ALLOWED_HOSTS or settings.DEBUG):
    raise ImproperlyConfigured("PORTAL_ALLOWED_HOSTS is empty: name the hosts that the portal answers to")
application = get_wsgi_application()

from portal.connections import installation  # noqa: E402 - it has models

installation.start()
