from django.urls import path
from portal.home.views import healthz
app_name = "teams"
urlpatterns = [path("", healthz, name="list"), path("switch/", healthz, name="switch")]
