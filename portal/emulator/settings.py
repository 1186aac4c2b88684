"""Settings of the emulator, which is a Django project of its own: with its own database, without users."""

SECRET_KEY = "the emulator signs nothing with this"
DEBUG = False
ALLOWED_HOSTS = ["*"]
INSTALLED_APPS = ["portal.emulator"]
MIDDLEWARE = []
ROOT_URLCONF = "portal.emulator.urls"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
USE_TZ = True
USE_I18N = False
DATA_UPLOAD_MAX_MEMORY_SIZE = None  # server.py caps bodies before Django sees them

SQLITE = {
    "ENGINE": "django.db.backends.sqlite3",
    "CONN_MAX_AGE": None,  # one connection per client connection, closed with it
    "OPTIONS": {
        "transaction_mode": "IMMEDIATE",
        "timeout": 20,
        # NORMAL: a killed process loses nothing, a power cut may lose the last writes.
        "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL;",
    },
}
# `manage.py emulator` puts both into its --data; other commands (makemigrations) need no data.
DATABASES = {"default": {**SQLITE, "NAME": ":memory:"}, "snapshot": {**SQLITE, "NAME": ":memory:"}}
DATABASE_ROUTERS = ["portal.emulator.snapshot.Router"]

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"plain": {"format": "{levelname} {name}: {message}", "style": "{"}},
    "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "plain"}},
    # Refused requests are normal here: only the emulator's own bugs are printed.
    "loggers": {"django.request": {"handlers": ["stderr"], "level": "ERROR", "propagate": False}},
}
