"""Pages of tokens: a person's own, and those of a team for who runs them."""

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import Http404
from django.shortcuts import get_object_or_404, redirect
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from portal.teams import access
from portal.teams.account_events import SSO
from portal.teams.models import ApiToken, Team
from portal.teams.signin.confirming import confirmed
from portal.teams.token_forms import NarrowForm, NewTokenForm, add_errors, kept_values, token_of
from portal.teams.tokens import service
from portal.teams.tokens.shown import Shown, listed
from portal.web import kept
from portal.web.pages import page


@never_cache
@confirmed("POST")
@require_http_methods(["GET", "POST"])
def new(request):
    """Makes a token for the team that one works in. Its text stands in the answer, and nowhere else."""
    if request.team is None:
        return page(request, "teams/token_new.html", {"form": None})
    about = {"person": request.user, "team": request.team}
    if request.method == "GET":
        form = NewTokenForm(initial=kept_values(kept.take(request)), **about)
        return page(request, "teams/token_new.html", {"form": form})
    form = NewTokenForm(request.POST, **about)
    if form.is_valid():
        told = {name: form.cleaned_data[name] for name in ("id", "name")}
        by_sso = bool(request.session.get(SSO))
        try:
            token, text = service.create(
                actor=request.user, team=request.team, by_sso=by_sso, **told, **form.values
            )
        except ValidationError as error:
            add_errors(form, error)
        else:
            return page(request, "teams/token_made.html", {"shown": Shown.of(token), "text": text})
    return page(request, "teams/token_new.html", {"form": form}, status=422)


@require_http_methods(["GET", "POST"])
def one(request, id):
    """What a token of one's own may do, and less of it."""
    token = _own(request, id)
    if request.method == "GET" or token.is_over:
        form = NarrowForm(token=token, initial=kept_values(kept.take(request)))
        return page(request, "teams/token.html", {"shown": Shown.of(token), "form": form})
    form = NarrowForm(request.POST, token=token)
    if form.is_valid():
        try:
            service.narrow(token, actor=request.user, **form.values)
        except ValidationError as error:
            add_errors(form, error)
        else:
            messages.success(request, _("Saved: %(name)s.") % {"name": token.name})
            return redirect("profile:token", token.pk)
    return page(request, "teams/token.html", {"shown": Shown.of(token), "form": form}, status=422)


@require_POST
def revoke(request, id):
    token = _own(request, id)
    service.revoke(token, actor=request.user)
    messages.success(request, _("Token %(name)s was revoked.") % {"name": token.name})
    return redirect("profile:page")


def _own(request, id):
    token = token_of(request.user, id)
    if token is None:
        raise Http404
    return token


@require_safe
def of_team(request, id):
    team = _team(request, id)
    access.require(request.user, service.RIGHT, team)
    return page(request, "teams/tokens.html", {"shown": team, "tokens": listed(team=team)})


@require_POST
def revoke_of_team(request, id, token):
    team = _team(request, id)
    row = get_object_or_404(ApiToken.objects.select_related("team", "user"), team=team, pk=token)
    service.revoke(row, actor=request.user)
    messages.success(request, _("Token %(name)s was revoked.") % {"name": row.name})
    may_stay = access.may(request.user, service.RIGHT, team)
    return redirect("teams:tokens", team.pk) if may_stay else redirect("profile:page")


def _team(request, id):
    return get_object_or_404(access.visible_to(request.user, Team.objects.all()), pk=id)
