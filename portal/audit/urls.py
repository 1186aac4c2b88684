from django.urls import path

from portal.audit import entry_page, views

app_name = "audit"
urlpatterns = [
    path("", views.list_, name="list"),
    path("<int:seq>/", entry_page.detail, name="detail"),
]
