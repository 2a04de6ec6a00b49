"""A Django project of one file, served by the standard library."""
import os
import sys
from wsgiref.simple_server import make_server

import django
from django.conf import settings
from django.urls import path

settings.configure(
    ROOT_URLCONF=__name__,
    SECRET_KEY="only for this test",
    ALLOWED_HOSTS=["*"],
    MIDDLEWARE=["django.middleware.common.CommonMiddleware", "django.middleware.csrf.CsrfViewMiddleware"],
)
django.setup()

from django.core.wsgi import get_wsgi_application
from hook import views

urlpatterns = [path("hook", views.hook)]
sys.modules.setdefault("django_app", sys.modules[__name__])
make_server("127.0.0.1", int(os.environ["PORT"]), get_wsgi_application()).serve_forever()
