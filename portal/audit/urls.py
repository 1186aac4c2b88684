from django.urls import path

from portal.audit import activity, entry_page, export_page, intact_page, views

app_name = "audit"
urlpatterns = [
    path("", views.list_, name="list"),
    path("activity/", activity.activity, name="activity"),
    path("export/", export_page.export, name="export"),
    path("intact/", intact_page.intact, name="intact"),
    path("<int:seq>/", entry_page.detail, name="detail"),
]
