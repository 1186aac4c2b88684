from django.urls import path

from portal.operations import rules_page

app_name = "rules"
urlpatterns = [path("<uuid:id>/rules/", rules_page.edit, name="edit")]
