"""The home page, the mails of the demo, a supervisor's probes (is it up, is it ready?), and security.txt."""

from datetime import timedelta

from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.http import Http404, HttpResponse, JsonResponse
from django.utils import timezone
from django.views.decorators.http import require_safe

from portal.connections.models import Connection
from portal.home import mails, readiness
from portal.kinds.registry import KINDS
from portal.operations.listing import unsettled_counts
from portal.operations.models import Operation
from portal.web.pages import page

CONTACT_HOLDS = timedelta(days=90)  # RFC 9116: less than a year


@require_safe
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
@require_safe
def demo_mails(request):
    """What the demo would have mailed. The links in it let in whoever opens them: nowhere but in the demo."""
    if not settings.DEMO:
        raise Http404
    return page(request, "home/mails.html", {"letters": mails.letters()})


@login_not_required
@require_safe
def healthz(request):
    """The process is up. Checks nothing else."""
    return HttpResponse("ok", content_type="text/plain")


@login_not_required
@require_safe
def readyz(request):
    """Database, record and worker are ready; otherwise 503 with the reasons."""
    problems = readiness.problems()
    return JsonResponse({"ready": not problems, "problems": problems}, status=503 if problems else 200)


@login_not_required
@require_safe
def security_txt(request):
    """Whom to tell of a weakness (RFC 9116); 404 where PORTAL_SECURITY_CONTACT is not set."""
    if not settings.SECURITY_CONTACT:
        raise Http404
    expires = (timezone.now() + CONTACT_HOLDS).strftime("%Y-%m-%dT00:00:00Z")
    text = f"Contact: {settings.SECURITY_CONTACT}\nExpires: {expires}\n"
    return HttpResponse(text, content_type="text/plain; charset=utf-8")
