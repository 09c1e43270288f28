"""Routes of the customer's pages."""

from __future__ import annotations

from django.urls import path

from siyu.interfaces.portal import views

MOUNT = "m/"
app_name = "portal"

urlpatterns = [
    path("<str:token>/", views.home, name="home"),
    path("<str:token>/news/", views.news, name="news"),
]
