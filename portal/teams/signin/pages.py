"""A person's own pages: profile, second factors, sessions."""

from allauth.account.decorators import reauthentication_required
from allauth.mfa.models import Authenticator
from allauth.mfa.recovery_codes.views import generate_recovery_codes
from allauth.mfa.webauthn.views import add_webauthn
from django.conf import settings
from django.contrib import messages
from django.db import transaction
from django.http import Http404
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST

from portal.record.store import append
from portal.teams import account_events
from portal.teams.models import User
from portal.teams.signin import browsers, second_factors, sessions
from portal.teams.signin.confirming import confirmed
from portal.teams.signin.forms import ProfileForm
from portal.teams.tokens.shown import listed
from portal.web import kept
from portal.web.pages import page


@require_http_methods(["GET", "POST"])
def profile(request):
    user = request.user
    if request.method == "GET":
        saved = {"name": user.name, "time_zone": user.time_zone}
        return _profile(request, ProfileForm(initial={**saved, **kept.initial(request)}))
    form = ProfileForm(request.POST)
    if not form.is_valid():
        return _profile(request, form, status=422)
    person = User.objects.get(pk=user.pk)
    person.name, person.time_zone = form.cleaned_data["name"], form.cleaned_data["time_zone"]
    person.save(update_fields=["name", "time_zone"])
    messages.success(request, _("Saved."))
    return redirect("profile:page")


def _profile(request, form, status=200):
    factors = list(Authenticator.objects.filter(user=request.user).order_by("created_at"))
    codes = next((each for each in factors if each.type == Authenticator.Type.RECOVERY_CODES), None)
    context = {
        "form": form,
        "why_demanded": request.why_demanded,
        "app": next((each for each in factors if each.type == Authenticator.Type.TOTP), None),
        "passkeys": [each for each in factors if each.type == Authenticator.Type.WEBAUTHN],
        "codes": codes,
        "codes_left": second_factors.codes_left(codes) if codes else 0,
        "has_factor": any(each.type in second_factors.PRIMARY for each in factors),
        "why_no_passkeys": second_factors.why_no_passkeys(request),
        "sessions": [(each, browsers.named(each.user_agent)) for each in sessions.of(request.user)],
        "has_password": request.user.has_usable_password(),
        "tokens": listed(user=request.user),
        "current": request.session.session_key,
        "hours": settings.SESSION_COOKIE_AGE // 3600,
        "idle_minutes": request.session.get(sessions.IDLE, settings.IDLE_MINUTES * 60) // 60,
    }
    return page(request, "teams/profile.html", context, status=status)


@require_POST
def end_sessions(request):
    """Ends the session with this id, or without one all others. What is no longer there is no mistake."""
    own = [each for each in sessions.of(request.user) if each.session_key != request.session.session_key]
    chosen = request.POST.get("session", "")
    rows = [each for each in own if str(each.pk) == chosen] if chosen else own
    with transaction.atomic():
        if chosen:
            sessions.end(rows)
        else:
            sessions.end_others(request)
        names = [browsers.named(each.user_agent) for each in rows]
        append(account_events.sessions_ended(request, len(rows), names))
    text = ngettext("%(n)s session was ended.", "%(n)s sessions were ended.", len(rows))
    messages.success(request, text % {"n": len(rows)})
    return redirect("profile:page")


@never_cache
@confirmed("GET", "POST")
@require_http_methods(["GET", "POST"])
def recovery_codes(request):
    """Shows the codes once: by a press of a button, so that nothing is used up by opening the page."""
    with transaction.atomic():
        codes = (
            Authenticator.objects.select_for_update()
            .filter(user=request.user, type=Authenticator.Type.RECOVERY_CODES)
            .first()
        )
        if codes is None:
            raise Http404
        wrapped = codes.wrap()
        is_new = not wrapped.did_view
        shown = wrapped.get_unused_codes() if request.method == "POST" and is_new else []
        if shown:
            wrapped.mark_as_viewed()
            append(account_events.codes_shown(request))
    context = {"shown": shown, "is_new": is_new, "left": second_factors.codes_left(codes)}
    return page(request, "mfa/recovery_codes/index.html", context)


generate_codes = generate_recovery_codes


@reauthentication_required(app="allauth.mfa")
def add_passkey(request):
    if why := second_factors.why_no_passkeys(request):
        return page(request, "mfa/webauthn/no_passkeys.html", {"why": why})
    return add_webauthn(request)
