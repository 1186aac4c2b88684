"""For portal administrators: the settings in force, how the portal is, and a mail to try the mail server."""

from django.contrib import messages
from django.db import DatabaseError, transaction
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from portal.errors import RecordUnavailable
from portal.home import health, in_force
from portal.mail import outbox, sending
from portal.outside import isolated
from portal.record.store import append
from portal.teams import access
from portal.teams.account_events import KIND
from portal.teams.recording import UNRECORDED, denials_recorded, line
from portal.web.pages import page


@require_safe
def show(request):
    access.require_portal_admin(request.user)
    return _page(request)


def _page(request, problem="", status=200):
    context = {
        "parts": health.parts(),
        "deliveries": health.deliveries(),
        "rings": in_force.rings(),
        "rows": in_force.all_settings(),
        "can_mail": sending.is_set_up(),
        "problem": problem,
    }
    return page(request, "home/settings.html", context, status=status)


@require_POST
def mail_test(request):
    """Sends a mail to who asks, and to nobody else."""
    person = request.user
    tried = line("mail_test", kind=KIND, actor=person, object_id=person.pk, object_name=person.email)
    with denials_recorded(tried):
        access.require_portal_admin(person)
    if not sending.is_set_up():
        return _page(request, _("PORTAL_EMAIL_URL is not set, so no mail was sent."), status=422)
    try:
        with transaction.atomic(durable=True):
            outbox.queue(
                "mail_test",
                person.email,
                subject=_("Test mail of the IoT Portal"),
                text=_("You asked for this mail on the page of settings. The portal's mail works."),
            )
            append(tried)
    except DatabaseError as error:
        raise RecordUnavailable(UNRECORDED()) from error
    text = _("A test mail is on its way to %(address)s. If it fails, the page People says why.")
    messages.success(request, text % {"address": isolated(person.email)})
    return redirect("settings")
