"""The first page, and what a supervisor asks: is the process up, is it fit to serve?"""

from datetime import timedelta

from django.contrib.auth.decorators import login_not_required
from django.db import Error, transaction
from django.db.models import F
from django.http import HttpResponse, JsonResponse
from django.utils import timezone
from django.views.decorators.http import require_GET

from portal.connections.models import Connection
from portal.jobs.models import Heartbeat
from portal.kinds.registry import KINDS
from portal.operations.models import Operation
from portal.operations.views import unsettled_counts
from portal.record import guards
from portal.record.models import Head
from portal.web.pages import page

WORKER_SILENCE = timedelta(seconds=60)


@require_GET
def home(request):
    if request.team is None:
        return page(request, "home/no_team.html")
    operations = Operation.objects.visible_to(request.user).filter(team=request.team)
    connections = Connection.objects.visible_to(request.user).filter(team=request.team)
    paused = set(connections.paused().values_list("pk", flat=True))
    creating = [kind for kind in KINDS.values() if kind.creates]
    context = {
        "counts": unsettled_counts(operations),
        "connections": list(connections),
        "paused": paused,
        "creating": creating,
        "recent": operations.select_related("actor")[:8],
    }
    return page(request, "home/home.html", context)


@login_not_required
@require_GET
def healthz(request):
    """The process is up; asks nobody else."""
    return HttpResponse("ok", content_type="text/plain")


def _write_problems():
    """Tried and taken back. What only a commit would meet, such as a full disk, silences the worker."""
    try:
        with transaction.atomic():
            Head.objects.filter(pk=1).update(seq=F("seq"))
            transaction.set_rollback(True)
    except Error:
        return ["database: cannot be written"]
    return []


@login_not_required
@require_GET
def readyz(request):
    """Database, record and worker are fit to serve; 503 with the reasons otherwise."""
    problems = []
    try:
        if not Head.objects.filter(pk=1).exists():
            problems.append("record: the head is missing; run manage.py migrate")
        problems += [f"record: trigger {name} is missing" for name in guards.missing()]
        if not Heartbeat.objects.filter(at__gt=timezone.now() - WORKER_SILENCE).exists():
            problems.append("worker: none was heard of in the last minute; run manage.py worker")
        problems += _write_problems()
    except Error:
        problems.append("database: cannot be read")
    return JsonResponse({"ready": not problems, "problems": problems}, status=503 if problems else 200)
