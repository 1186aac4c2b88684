from django.urls import path

from portal.audit import activity, entry_page, views

app_name = "audit"
urlpatterns = [
    path("", views.list_, name="list"),
    path("activity/", activity.activity, name="activity"),
    path("<int:seq>/", entry_page.detail, name="detail"),
]
