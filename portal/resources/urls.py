from django.urls import path, register_converter

from portal.kinds.registry import KindConverter
from portal.resources import (
    bulk_page,
    delete_everything,
    drift_page,
    exporting,
    list_page,
    related,
    rights,
    tree_page,
    views,
)

register_converter(KindConverter, "kind")

app_name = "resources"
urlpatterns = [
    path("connections/<uuid:id>/rights/", rights.rights, name="rights"),
    path("<kind:kind>/", list_page.list_, name="list"),
    path("<kind:kind>/refresh/", list_page.refresh, name="refresh"),
    path("<kind:kind>/export.csv", exporting.export, {"format": "csv"}, name="csv"),
    path("<kind:kind>/export.jsonl", exporting.export, {"format": "jsonl"}, name="jsonl"),
    path("<kind:kind>/bulk/<slug:verb>/", bulk_page.bulk, name="bulk"),
    path("<kind:kind>/bulk/<slug:other>/<slug:verb>/", bulk_page.taking, name="taking"),
    path("<kind:kind>/tree/", tree_page.tree, name="tree"),
    path("<kind:kind>/new/", views.create, name="create"),
    path("<kind:kind>/new/several/", views.create_many, name="create_many"),
    path("<kind:kind>/<str:id>/", views.detail, name="detail"),
    path("<kind:kind>/<str:id>/who/", views.who, name="who"),
    path("<kind:kind>/<str:id>/accept-found/", drift_page.accept, name="accept"),
    path("<kind:kind>/<str:id>/delete-everything/", delete_everything.ask, name="delete_everything"),
    path("<kind:kind>/<str:id>/related/<slug:name>/", related.related, name="related"),
    path("<kind:kind>/<str:id>/<slug:verb>/", views.act, name="act"),
]
