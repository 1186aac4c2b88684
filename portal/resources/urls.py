from django.urls import path, register_converter

from portal.kinds.registry import KindConverter
from portal.resources import views

register_converter(KindConverter, "kind")

app_name = "resources"
urlpatterns = [
    path("<kind:kind>/", views.list_, name="list"),
    path("<kind:kind>/new/", views.create, name="create"),
    path("<kind:kind>/<str:id>/", views.detail, name="detail"),
    path("<kind:kind>/<str:id>/<slug:verb>/", views.act, name="act"),
]
