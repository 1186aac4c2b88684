"""A worker's sign of life: each tick writes one, and /readyz reads them."""

from django.db import models
from django.utils import timezone


class Heartbeat(models.Model):
    worker = models.CharField(max_length=100, unique=True)
    at = models.DateTimeField(default=timezone.now)

    def __str__(self):
        return f"{self.worker} at {self.at}"
