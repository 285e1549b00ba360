"""Addresses of the pages."""

from django.contrib import admin
from django.contrib.auth.views import LogoutView
from django.urls import path

from . import views

urlpatterns = [
    path("", views.home),
    path("login/", views.Login.as_view()),
    path("logout/", LogoutView.as_view()),
    path("device/", views.device),
    path("admin/", admin.site.urls),
]
