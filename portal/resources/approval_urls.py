from django.urls import path

from portal.resources import approval_page

app_name = "approvals"
urlpatterns = [
    path("", approval_page.list_, name="list"),
    path("<uuid:id>/", approval_page.detail, name="detail"),
    path("<uuid:id>/decide/", approval_page.decide, name="decide"),
    path("<uuid:id>/withdraw/", approval_page.withdraw, name="withdraw"),
]
