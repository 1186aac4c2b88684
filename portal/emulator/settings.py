"""Settings of the emulator: it stands beside the portal, with its own database and no sign-in of Django's."""

SECRET_KEY = "the emulator signs nothing with this"
DEBUG = False
ALLOWED_HOSTS = ["*"]
INSTALLED_APPS = ["rest_framework", "portal.emulator"]
MIDDLEWARE = []
ROOT_URLCONF = "portal.emulator.urls"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
USE_TZ = True
USE_I18N = False
DATA_UPLOAD_MAX_MEMORY_SIZE = None  # server.py caps bodies before Django sees them
REST_FRAMEWORK = {"UNAUTHENTICATED_USER": None}

SQLITE = {
    "ENGINE": "django.db.backends.sqlite3",
    "CONN_MAX_AGE": None,  # one connection per client connection, closed with it
    "OPTIONS": {
        "transaction_mode": "IMMEDIATE",
        "timeout": 20,
        # NORMAL: a killed process loses nothing, a power cut may lose the last moments.
        "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL;",
    },
}
DATABASES = {  # the command puts both into --data
    "default": {**SQLITE, "NAME": "var/emulator/emulator.sqlite3"},
    "snapshot": {**SQLITE, "NAME": "var/emulator/snapshot.sqlite3"},
}
DATABASE_ROUTERS = ["portal.emulator.snapshot.Router"]

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"plain": {"format": "{levelname} {name}: {message}", "style": "{"}},
    "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "plain"}},
    # A refused request is the emulator's daily work: only its own bugs are worth a line.
    "loggers": {"django.request": {"handlers": ["stderr"], "level": "ERROR", "propagate": False}},
}
