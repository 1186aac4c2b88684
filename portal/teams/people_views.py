"""Pages for portal administrators: everybody with an account, one person, and mails that were not sent."""

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.core.paginator import Paginator
from django.db.models import Count, Q
from django.shortcuts import get_object_or_404, redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from portal.mail.models import Mail, MailState
from portal.teams import access, leaving, people
from portal.teams.models import User
from portal.teams.signin.confirming import confirmed
from portal.web.pages import page

ROWS = 50
MAILS = 20


@require_safe
def list_(request):
    access.require_portal_admin(request.user)
    text = request.GET.get("q", "").strip()[:254]
    rows = User.objects.annotate(team_count=Count("memberships")).order_by("email")
    if text:
        rows = rows.filter(Q(email__icontains=text) | Q(name__icontains=text))
    unsent = Mail.objects.exclude(state=MailState.SENT).exclude(error="").order_by("-created_at")
    context = {"rows": Paginator(rows, ROWS).get_page(request.GET.get("page")), "q": text}
    return page(request, "teams/people.html", context | {"unsent": unsent[:MAILS]})


@require_safe
def detail(request, id):
    access.require_portal_admin(request.user)
    return _detail(request, get_object_or_404(User, pk=id))


def _detail(request, person, problem="", status=200):
    held = leaving.held(person)
    context = {
        "person": person,
        "held": held,
        "holds": sum(count for _label, _becomes, count in held),
        "team_count": person.memberships.count(),
        "problem": problem,
    }
    return page(request, "teams/person.html", context, status=status)


@confirmed("POST")
@require_POST
def deactivate(request, id):
    person = _of_admins(request, "account_deactivate", id)
    try:
        people.deactivate(person, actor=request.user)
    except ValidationError as error:
        return _detail(request, person, error.messages[0], status=422)
    messages.success(request, _("Switched off: %(person)s.") % {"person": person})
    return redirect("people:detail", person.pk)


@confirmed("POST")
@require_POST
def activate(request, id):
    person = _of_admins(request, "account_activate", id)
    people.activate(person, actor=request.user)
    messages.success(request, _("Switched on: %(person)s.") % {"person": person})
    return redirect("people:detail", person.pk)


def _of_admins(request, verb, id):
    """The person. Whoever is no administrator is told the same whether or not there is such a person."""
    found = User.objects.filter(pk=id).first()
    people.require_admin(request.user, verb, found or User(pk=id))
    return found or get_object_or_404(User, pk=id)
