"""The list of jobs, and the page of one with its steps."""

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST, require_safe

from portal.jobs.shown import Shown, listed
from portal.operations import stepping
from portal.operations.job import Job
from portal.operations.tasks import carry_on
from portal.web.following import address, is_unchanged, mark
from portal.web.pages import page

RUNNING_SECONDS = 2  # between two updates of a page


@require_safe
def list_(request):
    jobs, next_id = listed(Job.objects.visible_to(request.user).filter(team=request.team), request.GET)
    seen = mark([(job.pk, job.state, job.counts) for job in jobs])
    if is_unchanged(request, seen):
        return HttpResponse(status=204)
    is_running = any(job.state == "running" for job in jobs)
    context = {"jobs": jobs, "next": next_id, "mark": seen, "address": address(request)}
    context["seconds"] = RUNNING_SECONDS if is_running else None
    return page(request, "jobs/list.html", context, partial="rows")


@require_safe
def detail(request, id):
    shown = Shown(find(request, id), request.user)
    if is_unchanged(request, shown.mark):
        return HttpResponse(status=204)
    context = {"job": shown.job, "shown": shown}
    context["seconds"] = RUNNING_SECONDS if shown.job.state == "running" else None
    return page(request, "jobs/detail.html", context, partial="job")


@require_POST
def stop(request, id):
    job = find(request, id)
    if stepping.stop(job, actor=request.user):
        messages.success(request, _("Stopped. No more steps will begin."))
    else:
        messages.warning(request, _("It was over already."))
    return redirect("jobs:detail", job.pk)


@require_POST
def again(request, id):
    """Request again the steps that did not happen."""
    job = find(request, id)
    count = stepping.again(job, actor=request.user)
    if count:
        carry_on.enqueue(str(job.pk))
        text = ngettext("%(count)s step was requested again.", "%(count)s steps were requested again.", count)
        messages.success(request, text % {"count": count})
    else:
        messages.warning(request, _("Nothing is left that can be requested again."))
    return redirect("jobs:detail", job.pk)


def find(request, id):
    """The job, if this person may see it; else 404."""
    jobs = Job.objects.visible_to(request.user).select_related("team", "actor", "stopped_by")
    return get_object_or_404(jobs, pk=id)
