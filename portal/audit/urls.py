from django.urls import path

from portal.audit import export_page, intact, views

app_name = "audit"
urlpatterns = [
    path("", views.list_, name="list"),
    path("export/", export_page.export, name="export"),
    path("intact/", intact.intact, name="intact"),
    path("<int:seq>/", views.detail, name="detail"),
]
