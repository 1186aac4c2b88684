from django.urls import path

from portal.audit import views

app_name = "audit"
urlpatterns = [
    path("", views.list_, name="list"),
    path("<int:seq>/", views.detail, name="detail"),
]
