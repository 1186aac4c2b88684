"""The way in by a token: `Authorization: Bearer iot_...`, for views that take tokens and no others.

What anybody could have made up gets one answer, whatever is wrong with it. Who has the whole token is told
why it does not work. Wrong ones are counted by address, so that nobody fills the record; a token that works
is never kept waiting for them.
"""

from django.utils.translation import gettext as _

from portal.errors import RecordUnavailable
from portal.teams import access, account_events
from portal.teams.folding import TOKEN_FAILED
from portal.teams.recording import fold, line, spoken
from portal.teams.signin import demanded, limits
from portal.teams.tokens import calls, using
from portal.teams.tokens.service import KIND
from portal.web.problems import problem

VERB = "token_failed"


class Bearer:
    """Sets `request.token`, and for a token `request.user`; must come before CsrfViewMiddleware."""

    def __init__(self, get_response):
        self.get_response = get_response

    def __call__(self, request):
        request.token = None
        return self.get_response(request)

    def process_view(self, request, view, args, kwargs):
        scheme, _blank, sent = request.headers.get("Authorization", "").partition(" ")
        if scheme.lower() != "bearer" or not getattr(view, "takes_tokens", False):
            return None
        try:
            return _enter(request, sent.strip(), account_events.address(request))
        except RecordUnavailable as error:
            return problem(503, error.message)


def _enter(request, sent, address):
    """Let the token's person in; or the answer that refuses it."""
    token = using.find(sent)
    if token is None:
        return _unknown(address)
    person = access.person(token.user_id)
    if refusal := using.why_not(token, person, address):
        why, said = refusal
        about = {"team": token.team, "object_id": token.pk, "object_name": token.name}
        body = {"address": address, "why": why}
        tried = line(VERB, kind=KIND, actor=person, via="api", **about, body=body, **spoken(said))
        fold(TOKEN_FAILED, {**tried, "outcome": "failed"})
        return _refused(said)
    # Of all that the person is, not of the token's team alone: as in their browser.
    if why := demanded.why_person(person, access.teams_of(person), by_sso=token.by_sso):
        return problem(403, why, name="second-factor")
    try:
        calls.count(token, address)
    except calls.TooMany as error:
        return _too_many(error)
    request.token, request.user = token, using.bound(person, token)
    request._dont_enforce_csrf_checks = True  # no browser adds this header by itself
    return None


def _unknown(address):
    """The one answer to all that is nobody's token."""
    why, answer = "unknown", _refused(_("This is no token of the portal."))
    try:
        limits.Try((limits.TOKEN, limits.network(address)))
    except limits.TooMany as error:
        why, answer = "too_many", problem(429, str(error), headers={"Retry-After": str(error.seconds)})
    tried = line(VERB, kind=KIND, actor=None, via="api", body={"address": address, "why": why})
    fold(TOKEN_FAILED, {**tried, "actor": "", "outcome": "failed"})
    return answer


def _refused(said):
    return problem(
        401, said, name="token-refused", headers={"WWW-Authenticate": 'Bearer error="invalid_token"'}
    )


def _too_many(error):
    of_token = _("This token may call %(most)s times in a minute. Wait %(seconds)s s.")
    of_team = _("The tokens of this team may call %(most)s times in a minute together. Wait %(seconds)s s.")
    text = of_token if error.whose == "token" else of_team
    seconds = {"most": error.most, "seconds": error.seconds}
    return problem(429, text % seconds, headers={"Retry-After": str(error.seconds)})
