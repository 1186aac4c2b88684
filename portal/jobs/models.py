"""A worker's sign of life (each tick writes one, and /readyz reads them), and the turns of the schedule."""

from django.db import models
from django.utils import timezone


class Heartbeat(models.Model):
    worker = models.CharField(max_length=100, unique=True)
    at = models.DateTimeField(default=timezone.now)

    def __str__(self):
        return f"{self.worker} at {self.at}"


class Turn(models.Model):
    """When a worker may do that job of the schedule; while one does it, when its lease ends."""

    job = models.CharField(max_length=100, unique=True)
    due_at = models.DateTimeField()
    attempt = models.PositiveBigIntegerField(default=0)

    def __str__(self):
        return f"{self.job} at {self.due_at}"
