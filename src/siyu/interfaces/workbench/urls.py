"""Routes of the workbench; each view carries its own rule."""

from __future__ import annotations

from django.urls import path

from siyu.interfaces.workbench.views import me, people, today

MOUNT = "w/"
app_name = "workbench"

urlpatterns = [
    path("", today.today, name="today"),
    path("tasks/<int:task_id>/close/", today.close, name="task-close"),
    path("people/", people.listed, name="people"),
    path("people/<int:customer_id>/", people.person, name="person"),
    path("people/<int:customer_id>/tag/", people.tag, name="person-tag"),
    path("me/", me.me, name="me"),
]
