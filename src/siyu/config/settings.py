"""Django settings, from the environment alone.

``SIYU_DATA_DIR`` is the place of all state, ``SIYU_DATABASE_URL`` any PostgreSQL ≥ 15 instead of the
embedded one, ``SIYU_BRAND`` names the brand's database on the embedded server. Reading settings
starts nothing.
"""

from __future__ import annotations

import os
from datetime import timedelta
from pathlib import Path

from siyu.config.modules import ROOT, modules
from siyu.foundation.postgres import api as postgres
from siyu.foundation.secrets.keys import derive
from siyu.kit import clock

CHECKOUT = ROOT.parent.parent


SIYU_DATA_DIR = postgres.data_dir()
SIYU_BRAND = os.environ.get("SIYU_BRAND", "main")
SIYU_DEMO = os.environ.get("SIYU_DEMO") == "1"

database_url = os.environ.get("SIYU_DATABASE_URL")
DATABASES = {
    "default": {
        **(
            postgres.settings_from_url(database_url)
            if database_url
            else postgres.connection_settings(SIYU_DATA_DIR, SIYU_BRAND)
        ),
        "ATOMIC_REQUESTS": True,  # one request is one transaction; nobody commits inside
        "CONN_MAX_AGE": 600,
        "CONN_HEALTH_CHECKS": True,
    }
}

# Only a demo or a test installation may move business time; production has no clock file.
if clock_file := os.environ.get("SIYU_CLOCK_FILE"):
    clock.use_file(Path(clock_file))

SECRET_KEY = derive(SIYU_DATA_DIR, "django").hex()
DEBUG = os.environ.get("SIYU_DEBUG") == "1"
ALLOWED_HOSTS = os.environ.get("SIYU_HOSTS", "localhost,127.0.0.1,[::1],testserver").split(",")
CSRF_TRUSTED_ORIGINS = [origin for origin in os.environ.get("SIYU_ORIGINS", "").split(",") if origin]
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if os.environ.get("SIYU_PROXY") == "1" else None
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = os.environ.get("SIYU_PROXY") == "1"
# Two brands of a demo share a host name, so each has cookies of its own.
SESSION_COOKIE_NAME = f"siyu_{SIYU_BRAND}_session"
CSRF_COOKIE_NAME = f"siyu_{SIYU_BRAND}_csrf"
SESSION_COOKIE_AGE = int(timedelta(days=14).total_seconds())
X_FRAME_OPTIONS = "DENY"

INSTALLED_APPS = [
    "django.contrib.contenttypes",
    "django.contrib.auth",
    "django.contrib.sessions",
    "django.contrib.messages",
    "whitenoise.runserver_nostatic",
    "django.contrib.staticfiles",
    "django_cotton.apps.SimpleAppConfig",
    *modules(),
    "siyu.config",
]

MIDDLEWARE = [
    "siyu.config.middleware.correlation",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "siyu.config.middleware.expected_errors",
    "siyu.interfaces.ui.middleware.RouteRules",
]

AUTH_USER_MODEL = "foundation_accounts.User"
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator"},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]
LOGIN_URL = "/sign-in/"
LOGIN_REDIRECT_URL = "/"

ROOT_URLCONF = "siyu.config.urls"
WSGI_APPLICATION = "siyu.config.wsgi.application"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.template.context_processors.i18n",
                "django.contrib.messages.context_processors.messages",
            ],
            "loaders": [
                (
                    "django.template.loaders.cached.Loader",
                    [
                        "django_cotton.cotton_loader.Loader",
                        "django.template.loaders.filesystem.Loader",
                        "django.template.loaders.app_directories.Loader",
                    ],
                )
            ],
            "builtins": ["django_cotton.templatetags.cotton", "django.templatetags.i18n"],
        },
    }
]
FORM_RENDERER = "django.forms.renderers.DjangoTemplates"

LANGUAGE_CODE = "zh-hans"
LANGUAGES = [("zh-hans", "中文"), ("en", "English")]
LANGUAGE_COOKIE_NAME = "siyu_language"
USE_I18N = True
USE_TZ = True
TIME_ZONE = "Asia/Shanghai"  # for display only; a brand's own zone is the setting brand.timezone

STATIC_URL = "/static/"
STATICFILES_DIRS = [
    (prefix, str(CHECKOUT / "node_modules" / folder))
    for prefix, folder in (
        ("tabler", "@tabler/core/dist"),
        ("icons", "@tabler/icons-webfont/dist"),
        ("htmx", "htmx.org/dist"),
        ("echarts", "echarts/dist"),
        ("weui", "weui/dist"),
    )
]
WHITENOISE_USE_FINDERS = True  # files are served from where they were installed; nothing is collected
WHITENOISE_AUTOREFRESH = DEBUG
WHITENOISE_MAX_AGE = 3600

DATA_UPLOAD_MAX_MEMORY_SIZE = 8 * 1024 * 1024
FILE_UPLOAD_MAX_MEMORY_SIZE = 1024 * 1024

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"json": {"()": "siyu.foundation.logs.JsonFormatter"}},
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "json"}},
    "root": {"handlers": ["console"], "level": os.environ.get("SIYU_LOG_LEVEL", "INFO")},
    "loggers": {"httpx": {"level": "WARNING"}, "httpcore": {"level": "WARNING"}},
}
