from django.urls import path

from portal.teams import invitation_views, review_views, token_views, views

app_name = "teams"
urlpatterns = [
    path("", views.list_, name="list"),
    path("new/", views.create, name="create"),
    path("switch/", views.switch, name="switch"),
    path("<uuid:id>/", views.detail, name="detail"),
    path("<uuid:id>/who/", review_views.who, name="who"),
    path("<uuid:id>/access-review/", review_views.review, name="review"),
    path("<uuid:id>/access-review/export.csv", review_views.export, name="review_csv"),
    path("<uuid:id>/access-review/confirm/", review_views.confirm, name="review_confirm"),
    path("access-reviews/", review_views.all_teams, name="reviews"),
    path("<uuid:id>/retention/", views.retention, name="retention"),
    path("invitation/", invitation_views.accept, name="accept"),
    path("invitation/<str:token>/", invitation_views.open_, name="invitation"),
    path("<uuid:id>/first-owner/", invitation_views.first_owner, name="first_owner"),
    path("<uuid:id>/invitations/", invitation_views.invite, name="invite"),
    path("<uuid:id>/invitations/<uuid:invitation>/again/", invitation_views.again, name="invite_again"),
    path("<uuid:id>/invitations/<uuid:invitation>/revoke/", invitation_views.revoke, name="invite_revoke"),
    path("<uuid:id>/members/<int:member>/", views.member, name="member"),
    path("<uuid:id>/tokens/", token_views.of_team, name="tokens"),
    path("<uuid:id>/tokens/<uuid:token>/revoke/", token_views.revoke_of_team, name="token_revoke"),
    path("<uuid:id>/second-factor/", views.second_factor, name="second_factor"),
    path("<uuid:id>/members/<int:member>/role/", views.member_role, name="member_role"),
    path("<uuid:id>/members/<int:member>/exception/", views.auditor_exception, name="auditor_exception"),
    path("<uuid:id>/members/<int:member>/places/", views.member_places, name="member_places"),
    path("<uuid:id>/members/<int:member>/remove/", views.member_remove, name="member_remove"),
]
