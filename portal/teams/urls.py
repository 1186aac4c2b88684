from django.urls import path

from portal.teams import views

app_name = "teams"
urlpatterns = [
    path("", views.list_, name="list"),
    path("new/", views.create, name="create"),
    path("switch/", views.switch, name="switch"),
    path("<uuid:id>/", views.detail, name="detail"),
    path("<uuid:id>/retention/", views.retention, name="retention"),
    path("<uuid:id>/second-factor/", views.second_factor, name="second_factor"),
    path("<uuid:id>/members/", views.member_add, name="member_add"),
    path("<uuid:id>/members/<int:member>/role/", views.member_role, name="member_role"),
    path("<uuid:id>/members/<int:member>/remove/", views.member_remove, name="member_remove"),
]
