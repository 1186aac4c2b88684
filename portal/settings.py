"""Settings. Everything a deployer sets is a PORTAL_* variable, read here and nowhere else.

PORTAL_DATABASE_URL            sqlite:///PATH or postgresql://user:password@host:port/name?sslmode=...;
                               default: SQLite in the data directory
PORTAL_QUEUE_URL[_FILE]        redis://user:password@host:port/number, where background work waits; default:
                               in the database if it is PostgreSQL, else in a file beside it
PORTAL_DATA_DIR                default var/
PORTAL_SECRET_KEY[_FILE]       signs sessions and forms. Each key is made by `openssl rand -hex 32`. Several,
                               newest first, separated by blanks: the first is used, the others still open
                               what they closed (docs/security.md, Keys). So for the other three:
PORTAL_CREDENTIAL_KEYS[_FILE]  encrypts cloud credentials
PORTAL_RECORD_KEY[_FILE]       hashes the record and fingerprints secrets in it
PORTAL_CHECKPOINT_KEY[_FILE]   signs checkpoints of the record. With PostgreSQL default: made from
                               PORTAL_RECORD_KEY
PORTAL_CHECKPOINT_SINKS[_FILE] where checkpoints are brought, separated by blanks: file:/PATH,
                               syslog://host:port (UDP), syslog+tcp://host:port, https://host/path; default:
                               checkpoints.log in the data directory. Have one on another machine
PORTAL_ALLOWED_HOSTS           host names that the portal answers to
PORTAL_TRUSTED_PROXIES         how many proxies of your own stand in front; default 0. Above 0, the caller's
                               address and HTTPS are read from X-Forwarded-For and X-Forwarded-Proto
PORTAL_PROXY_ADDRESSES         addresses or ranges of the nearest proxy; default: this machine. These headers
                               of others are not read
PORTAL_SECURITY_CONTACT        mailto:... or https://..., shown in /.well-known/security.txt
PORTAL_MFA_REQUIRED_ROLES      roles whose people need a second factor, separated by commas: viewer, auditor,
                               operator, manager, owner (in any team), admin and portal-auditor; default:
                               owner,admin; in the demo none. `none` is nobody
PORTAL_OIDC_ISSUER             address of an OpenID Connect provider, for single sign-on; default: none
PORTAL_OIDC_CLIENT_ID          the portal's name there; its redirect address is /accounts/sso/callback/
PORTAL_OIDC_CLIENT_SECRET[_FILE]  what the provider knows the portal by
PORTAL_OIDC_NAME               what the button on the sign-in page calls it; default: single sign-on
PORTAL_OIDC_GROUPS_CLAIM       which claim lists a person's groups; default groups
PORTAL_OIDC_ROLES[_FILE]       what groups may do: `ops -> Plant 3:operator; admins -> admin`, separated by ;
                               or line ends. Who is in none of the groups gets in nowhere
PORTAL_PASSWORDS               all, or admins: only portal administrators sign in with a password; default all
PORTAL_IDLE_MINUTES            a session that is not used ends after so long; default 120
PORTAL_IDLE_MINUTES_POWERFUL   the same for owners, auditors and portal administrators; default 30
PORTAL_CONFIRM_MINUTES         who does something dangerous shows again who they are, if they last did so
                               longer ago; default 15
PORTAL_TOKEN_CALLS             calls of the API in a minute for each token; default 300
PORTAL_TEAM_CALLS              calls of the API in a minute for all tokens of a team; default 1000
PORTAL_HSTS_SUBDOMAINS         true: browsers are to use HTTPS for all hosts below the portal's name, too
PORTAL_PRIVATE_NETWORKS        address ranges that connections may reach besides public ones
PORTAL_ENDPOINT_PORTS          ports that connections may reach; default 443 and 8443
PORTAL_EMAIL_URL[_FILE]        where mails go: smtp://user:password@host:587 (STARTTLS), smtps://...:465,
                               smtp://host:25?tls=no, file:/DIR; default: nowhere, so nobody can be invited
PORTAL_EMAIL_FROM              the address that they come from; needed with PORTAL_EMAIL_URL
PORTAL_CA_BUNDLE               file of certificates that platforms are checked against
PORTAL_HTTPS_PROXY             proxy for calls to platforms
PORTAL_LOCK_SECONDS            how long a query waits for a lock of the database; default 20
PORTAL_REFRESH_SECONDS         how often the mirror of each kind is refreshed by itself; default 300, 0: never
PORTAL_FRESH_SECONDS           a list that is older is refreshed when it is opened; default 30
PORTAL_SETTLE_SECONDS          how long absence is watched before it counts; default 900
PORTAL_DEBUG                   true: error pages with code; never in production
PORTAL_DEMO                    true: set by `manage.py demo` and tests; allows loopback and plain HTTP
With SQLite, keys that are not given are made as files of mode 0600 in the data directory. With PostgreSQL
they must be given, the same on every machine.
"""

import logging.config
from pathlib import Path

from portal import bounds, environment

BASE_DIR = Path(__file__).resolve().parent.parent
DATA_DIR = environment.directory(environment.text("PORTAL_DATA_DIR") or BASE_DIR / "var")

DEBUG = environment.flag("PORTAL_DEBUG")
DEMO = environment.flag("PORTAL_DEMO")
PRODUCTION = not (DEMO or DEBUG)

DATABASES = {"default": environment.database("PORTAL_DATABASE_URL", DATA_DIR / "portal.sqlite3")}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

# Background work (portal/jobs/engine.py): tasks wait until the change that asks for them is committed.
QUEUE_URL = environment.queue("PORTAL_QUEUE_URL")
TASKS = {
    "default": {
        "BACKEND": "huey.contrib.djhuey.tasks_backend.HueyBackend",
        "ENQUEUE_ON_COMMIT": QUEUE_URL != "now:",
    }
}
HUEY = {"huey_class": "portal.jobs.engine.Engine", "name": "portal", "immediate": QUEUE_URL == "now:"}

# Mail (portal/mail). The demo keeps it in its data directory and shows it at /demo/mails/.
MAIL = environment.mail("PORTAL_EMAIL_URL")
if DEMO:
    MAIL = environment.mail_files(DATA_DIR / "mails")
MAIL_FROM = DEFAULT_FROM_EMAIL = environment.sender(
    "PORTAL_EMAIL_FROM", "" if MAIL and not DEMO else "IoT Portal <portal@example.test>"
)

# Refreshes of the mirror (portal/resources/refreshing.py)
REFRESH_SECONDS = environment.number("PORTAL_REFRESH_SECONDS", 300)
FRESH_SECONDS = environment.number("PORTAL_FRESH_SECONDS", 30)

# Machines share a PostgreSQL database: keys that each made for itself would not open what the others sealed.
KEYS_MAY_BE_MADE = DEMO or DATABASES["default"]["ENGINE"].endswith("sqlite3")
_stored = {"data_dir": DATA_DIR, "may_make": KEYS_MAY_BE_MADE}
SECRET_KEY, *SECRET_KEY_FALLBACKS = environment.keys("PORTAL_SECRET_KEY", **_stored)
_stored["older_may_be_short"] = True  # so that a short one of before can be replaced
CREDENTIAL_KEYS = environment.keys("PORTAL_CREDENTIAL_KEYS", **_stored)
RECORD_KEYS = environment.keys("PORTAL_RECORD_KEY", **_stored)
# A key of its own may be kept from those who have the record's key. Machines that share a database must have
# the same one, and installations of before have none.
CHECKPOINT_KEYS = (
    environment.keys("PORTAL_CHECKPOINT_KEY", **_stored | {"may_make": True})
    if KEYS_MAY_BE_MADE or environment.is_set("PORTAL_CHECKPOINT_KEY")
    else RECORD_KEYS
)
CHECKPOINT_SINKS = environment.sinks("PORTAL_CHECKPOINT_SINKS", f"file:{DATA_DIR / 'checkpoints.log'}")

ALLOWED_HOSTS = environment.words("PORTAL_ALLOWED_HOSTS")
if DEMO:
    ALLOWED_HOSTS += ["localhost", "127.0.0.1", "[::1]"]
TRUSTED_PROXIES = environment.number("PORTAL_TRUSTED_PROXIES", 0)
PROXY_ADDRESSES = environment.networks("PORTAL_PROXY_ADDRESSES") or environment.LOOPBACK
SECURITY_CONTACT = environment.text("PORTAL_SECURITY_CONTACT")

# What connections may reach (portal/connections/reach.py).
PRIVATE_NETWORKS = environment.networks("PORTAL_PRIVATE_NETWORKS")
ENDPOINT_PORTS = environment.numbers("PORTAL_ENDPOINT_PORTS", [443, 8443])
LOOPBACK_ALLOWED = DEMO
CA_BUNDLE = environment.text("PORTAL_CA_BUNDLE") or None
HTTPS_PROXY = environment.secret("PORTAL_HTTPS_PROXY") or None  # it may hold a password
SETTLE_SECONDS = environment.number("PORTAL_SETTLE_SECONDS", 900)
# Whoever is silent for longer is taken for dead. A slower call shows as in doubt; its answer still counts.
LEASE_SECONDS = 60
BEAT_SECONDS = 15  # a running operation says so, however long the platform takes
SHOW_SECRET_SECONDS = 3600

INSTALLED_APPS = [
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.messages",
    "django.contrib.sessions",
    "portal.web.apps.StaticFiles",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "allauth.socialaccount",
    "allauth.socialaccount.providers.openid_connect",
    "allauth.usersessions",
    "django_htmx",
    "rest_framework",
    "template_partials",
    "portal.web.apps.WebConfig",
    "portal.record",
    "portal.mail",
    "portal.teams",
    "portal.connections",
    "portal.kinds",
    "portal.operations",
    "portal.resources",
    "portal.audit",
    "portal.iotda",
    "portal.roma",
    "portal.enos",
    "portal.jobs",
    "portal.home",
]

MIDDLEWARE = [
    "portal.web.proxies.Forwarded",
    "portal.web.middleware.Head",
    "portal.record.correlation.PerRequest",
    "portal.connections.budget.Requests",
    "portal.web.middleware.WritableDatabase",
    "portal.home.middleware.Probes",
    "portal.web.middleware.ContentSecurityPolicy",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "portal.teams.bearer.Bearer",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "portal.web.middleware.SignIn",
    "allauth.account.middleware.AccountMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "portal.teams.middleware.CurrentTeam",
    "portal.teams.middleware.SecondFactor",
    "portal.web.bounding.Bounded",
    "portal.web.texts.StorableText",
    "portal.web.middleware.Toasts",
    "portal.web.middleware.Errors",
]

ROOT_URLCONF = "portal.urls"
WSGI_APPLICATION = "portal.wsgi.application"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "portal.home.context.shell",
            ],
            "builtins": [
                "portal.web.templatetags.web",
                "portal.resources.templatetags.resources",
                "django.templatetags.i18n",
                "django.templatetags.static",
            ],
        },
    }
]

# Shared by all processes: sign-in limits would otherwise count per process.
# So many entries that nobody can push out the mark of a code that was used.
CACHES = {
    "default": {
        "BACKEND": "django.core.cache.backends.db.DatabaseCache",
        "LOCATION": "portal_cache",
        "OPTIONS": {"MAX_ENTRIES": 100_000},
    }
}

# Sign-in
AUTH_USER_MODEL = "teams.User"
AUTHENTICATION_BACKENDS = ["portal.teams.accounts.Backend"]
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "/"
LOGOUT_REDIRECT_URL = "/accounts/login/"
PASSWORD_HASHERS = ["portal.teams.signin.hashing.Argon2"]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {
        "NAME": "django.contrib.auth.password_validation.MinimumLengthValidator",
        "OPTIONS": {"min_length": 12},
    },
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
    {"NAME": "django.contrib.auth.password_validation.NumericPasswordValidator"},
    {"NAME": "portal.teams.passwords.NotMonotonous"},
]
ACCOUNT_ADAPTER = "portal.teams.accounts.Accounts"
ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "password1*"]
ACCOUNT_USER_MODEL_USERNAME_FIELD = None
ACCOUNT_EMAIL_VERIFICATION = "none"
ACCOUNT_SESSION_REMEMBER = False
ACCOUNT_FORMS = {"reset_password": "portal.teams.resets.ResetForm"}
ACCOUNT_EMAIL_SUBJECT_PREFIX = ""
# allauth's own writes to the database when somebody opens a link.
ACCOUNT_PASSWORD_RESET_TOKEN_GENERATOR = "django.contrib.auth.tokens.PasswordResetTokenGenerator"  # noqa: S105 - a name
PASSWORD_RESET_TIMEOUT = 3 * 24 * 3600
# Otherwise all who come through a proxy count as one caller, and one of them can lock out the others.
ALLAUTH_TRUSTED_PROXY_COUNT = TRUSTED_PROXIES
ACCOUNT_RATE_LIMITS = {"login": "", "login_failed": ""}  # portal/teams/signin/limits.py counts exactly
CONFIRM_SECONDS = max(environment.number("PORTAL_CONFIRM_MINUTES", 15), 1) * 60
ACCOUNT_REAUTHENTICATION_TIMEOUT = CONFIRM_SECONDS
# Whom portal/teams/signin/demanded.py leads to set up a second factor.
MFA_REQUIRED_ROLES = environment.choices(
    "PORTAL_MFA_REQUIRED_ROLES",
    ["viewer", "auditor", "operator", "manager", "owner", "admin", "portal-auditor"],
    ["owner", "admin"] if PRODUCTION else [],
)
MFA_ADAPTER = "portal.teams.signin.second_factors.SecondFactors"
MFA_SUPPORTED_TYPES = ["totp", "webauthn", "recovery_codes"]
MFA_RECOVERY_CODES_SHOW_ONCE = True
MFA_PASSKEY_LOGIN_ENABLED = True
MFA_RATE_LIMITS = {"webauthn_login": ""}  # nobody guesses keys, and nobody is kept from using theirs
MFA_FORMS = {
    "authenticate": "portal.teams.signin.second_factors.SignInForm",
    "reauthenticate": "portal.teams.signin.second_factors.ConfirmForm",
    "activate_totp": "portal.teams.signin.second_factors.AppForm",
    "add_webauthn": "portal.teams.signin.second_factors.PasskeyForm",
}
# Single sign-on (portal/teams/signin/sso.py)
OIDC_ISSUER = environment.issuer("PORTAL_OIDC_ISSUER", may_be_plain=DEMO)
OIDC_NAME = environment.text("PORTAL_OIDC_NAME") or "single sign-on"
OIDC_GROUPS_CLAIM = environment.text("PORTAL_OIDC_GROUPS_CLAIM") or "groups"
OIDC_ROLES = environment.grants("PORTAL_OIDC_ROLES", ["viewer", "auditor", "operator", "manager", "owner"])
PASSWORDS_FOR_ADMINS_ONLY = environment.choices("PORTAL_PASSWORDS", ["all", "admins"], ["all"]) == ["admins"]
SOCIALACCOUNT_ADAPTER = "portal.teams.signin.sso.SingleSignOn"
SOCIALACCOUNT_LOGIN_ON_GET = True  # a form that leads to another host breaks the content policy
SOCIALACCOUNT_PROVIDERS = {"openid_connect": {"OAUTH_PKCE_ENABLED": True, "APPS": []}}
if OIDC_ISSUER:
    SOCIALACCOUNT_PROVIDERS["openid_connect"]["APPS"] = [
        {
            "provider_id": "sso",
            "name": OIDC_NAME,
            "client_id": environment.text("PORTAL_OIDC_CLIENT_ID"),
            "secret": environment.secret("PORTAL_OIDC_CLIENT_SECRET"),
            "settings": {"server_url": OIDC_ISSUER},
        }
    ]
SESSION_ENGINE = "portal.teams.signin.sessions"
SESSION_COOKIE_AGE = 12 * 3600  # however much it is used
IDLE_MINUTES = environment.number("PORTAL_IDLE_MINUTES", 120)
IDLE_MINUTES_POWERFUL = environment.number("PORTAL_IDLE_MINUTES_POWERFUL", 30)
SESSION_COOKIE_HTTPONLY = True
CSRF_COOKIE_HTTPONLY = True
CSRF_FAILURE_VIEW = "portal.web.errors.csrf_failure"

# HTTPS everywhere but in the demo and in tests, which run on loopback. Without a trusted proxy nothing tells
# that a request came by HTTPS (unless the server itself ends TLS): a redirect would go round for ever.
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if TRUSTED_PROXIES else None
SECURE_SSL_REDIRECT = PRODUCTION and TRUSTED_PROXIES > 0
SECURE_HSTS_SECONDS = 365 * 24 * 3600 if PRODUCTION else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = environment.flag("PORTAL_HSTS_SUBDOMAINS")
# W005, W021: a console does not decide for all hosts below its name unless its deployer says so, nor does it
# put them on the browsers' preload list, which takes months to leave.
SILENCED_SYSTEM_CHECKS = ["security.W005", "security.W021"]
SECURE_REFERRER_POLICY = "same-origin"
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = PRODUCTION
if SESSION_COOKIE_SECURE:
    SESSION_COOKIE_NAME, CSRF_COOKIE_NAME = "__Host-sessionid", "__Host-csrftoken"
X_FRAME_OPTIONS = "DENY"

# The API (portal/api). Whatever is added with DRF starts closed.
REST_FRAMEWORK = {
    "DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.IsAuthenticated"],
    "DEFAULT_AUTHENTICATION_CLASSES": ["rest_framework.authentication.SessionAuthentication"],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "UNICODE_JSON": False,  # so that any text can be encoded, also half a character
    "URL_FORMAT_OVERRIDE": None,
}
# In a minute, for each token and for all tokens of a team (portal/teams/tokens/calls.py).
TOKEN_CALLS = environment.number("PORTAL_TOKEN_CALLS", 300)
TEAM_CALLS = environment.number("PORTAL_TEAM_CALLS", 1000)
SPECTACULAR_SETTINGS = {
    "TITLE": "IoT Portal",
    "DESCRIPTION": "Resources of IoT platforms, read and changed through the portal. See docs/api.md.",
    "VERSION": "1",
    "OAS_VERSION": "3.1.0",
    "POSTPROCESSING_HOOKS": [],
}

LANGUAGE_CODE = "en"
LANGUAGES = [("en", "English")]
LOCALE_PATHS = [BASE_DIR / "portal" / "locale"]
USE_I18N = True
USE_TZ = True
TIME_ZONE = "UTC"

STATIC_URL = "/static/"
STATICFILES_DIRS = [BASE_DIR / "static"]
STATIC_ROOT = DATA_DIR / "static"
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"},
}
# What is larger is refused unread (portal/web/bounding.py); no view takes files.
DATA_UPLOAD_MAX_MEMORY_SIZE = bounds.BODY_MAX
DATA_UPLOAD_MAX_NUMBER_FIELDS = bounds.FIELDS_MAX
FILE_UPLOAD_HANDLERS = ["portal.web.bounding.NoFiles"]

LOGGING_CONFIG = None
logging.config.dictConfig(
    {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {
            "line": {
                "()": "portal.web.logs.WithoutTokens",
                "fmt": "%(asctime)s %(levelname)s %(name)s %(message)s",
            }
        },
        "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "line"}},
        "root": {"handlers": ["stderr"], "level": "INFO"},
        # urllib3 logs whole URLs at DEBUG; query strings may carry signatures.
        "loggers": {
            "urllib3": {"level": "WARNING"},
            "django.request": {"level": "ERROR"},
            "huey": {"level": "WARNING"},  # two lines a task otherwise
        },
    }
)
