from django.urls import path
from portal.home.views import healthz
app_name = "connections"
urlpatterns = [path("", healthz, name="list"), path("new/", healthz, name="new"), path("<uuid:id>/", healthz, name="detail")]
