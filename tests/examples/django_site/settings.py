"""Settings: PostgreSQL if PGDATABASE is set (libpq reads PGHOST and the others), or else SQLite."""

import os

PACKAGE = __name__.rpartition(".")[0]

for name in ("SECRET_KEY", "MASTER_KEY"):
    if not os.environ.get(name):
        raise SystemExit(f"{name} must be set in the environment, as the first lines of {PACKAGE} say")
SECRET_KEY, MASTER_KEY = os.environ["SECRET_KEY"], os.environ["MASTER_KEY"]
ALLOWED_HOSTS = ["127.0.0.1", "localhost"]
DATABASES = {"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": "site.db", "ATOMIC_REQUESTS": True}}
if "PGDATABASE" in os.environ:
    DATABASES["default"] |= {"ENGINE": "django.db.backends.postgresql", "NAME": os.environ["PGDATABASE"]}

# The only backend, so that no other one accepts a password alone.
AUTHENTICATION_BACKENDS = [f"{PACKAGE}.second_factor.Backend"]
LOGIN_URL, LOGIN_REDIRECT_URL, LOGOUT_REDIRECT_URL = "/login/", "/", "/login/"

INSTALLED_APPS = [
    PACKAGE,
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
]
MIDDLEWARE = [
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    f"{PACKAGE}.views.Unavailable",
]
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ]
        },
    }
]
ROOT_URLCONF = f"{PACKAGE}.urls"
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = True
USE_TZ = True
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
