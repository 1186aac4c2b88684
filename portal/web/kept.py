"""Input that must outlive its request: what was typed into a form that could not be answered is kept here.

The session holds it, sealed, for an hour. Each form says for whom it was made (`mark`, drawn beside the CSRF
token), and nobody else is shown what was typed into it. Secrets are never kept.
"""

import base64
import json
import re
import time
import uuid
import zlib
from urllib.parse import parse_qsl, urlencode, urlsplit

from cryptography.fernet import Fernet, InvalidToken
from django.core import signing
from django.http import QueryDict
from django.utils.crypto import salted_hmac
from django.utils.translation import gettext as _

MARK = "made_for"
QUERY = "kept"
NOTHING = "none"  # instead of an id: there was nothing to keep
SESSION_KEY = "kept"
SECONDS = 3600
FORMS_MAX = 5
BYTES_MAX = 64 * 1024  # of all that one session keeps

SALT = "portal.web.kept"
SECRET_NAMES = re.compile(r"pass|secret|token|credential|private", re.IGNORECASE)
CSRF_FIELD = "csrfmiddlewaretoken"
NOT_INPUT = {MARK, CSRF_FIELD, "preview", "touch"}
NOT_TYPED = {"operation_key"}


class TooLarge(Exception):
    """More than a session may keep."""


def mark(user):
    """Says for whom a form was made; nobody can make one for somebody else."""
    return signing.Signer(salt=SALT).sign(str(user.pk))


def made_for(request):
    """The id of the person the posted form was made for, as text; empty when it does not say or lies."""
    try:
        return signing.Signer(salt=SALT).unsign(request.POST.get(MARK, ""))
    except signing.BadSignature:
        return ""


def is_from_here(request):
    """Did a page of the portal send this? Every browser names the origin of what it posts."""
    return request.headers.get("Origin") == f"{request.scheme}://{request.get_host()}"


def keep(request):
    """Keep what was posted; returns the address of the page its form stood on, which will draw it again.

    Raises TooLarge, and keeps nothing then.
    """
    page, owner = _page_of(request), made_for(request)
    data = {name: values for name, values in request.POST.lists() if _is_input(name, values)}
    if not owner or not any(any(values) for name, values in data.items() if name not in NOT_TYPED):
        return page_without_input(request)
    content = {"action": request.path, "owner": owner, "data": data}
    entry = {"id": str(uuid.uuid4()), "at": int(time.time()), "sealed": _seal(content)}
    if len(entry["sealed"]) > BYTES_MAX:
        raise TooLarge
    entries = [*_fresh(request.session), entry][-FORMS_MAX:]
    while sum(len(each["sealed"]) for each in entries) > BYTES_MAX:
        entries.pop(0)
    request.session[SESSION_KEY] = entries
    return _with_id(page, entry["id"])


def again(request):
    """[(name, value)] that send the posted form once more, button and operation key included; asks nobody.

    Empty where nothing was posted by a form that was made for somebody.
    """
    if request.method != "POST" or not made_for(request):
        return []
    return [
        (name, value)
        for name, values in request.POST.lists()
        if name == CSRF_FIELD or not _is_secret(name, values)
        for value in values
    ]


def take(request, action=None):
    """What was kept for the form on this page, as a QueryDict; None when there is nothing for this person.

    `action` is the address the form posts to, where that is not the page's own. The page says what happened
    (`request.notice`, drawn by base.html). It stays for the hour, so that a reload shows it again.
    """
    id = request.GET.get(QUERY)
    if not id:
        return None
    entry = next((each for each in _fresh(request.session) if each["id"] == id), None)
    content = entry and _open(entry["sealed"])
    if not content or content["owner"] != str(request.user.pk):
        return None
    if content["action"] != (action or request.path):
        return None
    data = QueryDict(mutable=True)
    for name, values in content["data"].items():
        data.setlist(name, values)
    request.notice = _("Your input was kept. Nothing was sent: check it and press the button.")
    return data


def initial(request, action=None):
    """The same as initial values of a plain form; empty when there is nothing."""
    data = take(request, action)
    return data.dict() if data is not None else {}


def prepare(request):
    """For every request of a person: forms are marked, and what is older than an hour is forgotten."""
    request.made_for = mark(request.user)
    if request.GET.get(QUERY):
        request.notice = _(
            "Nothing was sent. What you did just before could not be kept: please do it again."
        )
    entries = request.session.get(SESSION_KEY)
    if entries and len(fresh := _fresh(request.session)) < len(entries):
        request.session[SESSION_KEY] = fresh


def page_without_input(request):
    """The page on which the posted form stood, saying that nothing was kept."""
    return _with_id(_page_of(request), NOTHING)


def _fresh(session):
    oldest = time.time() - SECONDS
    return [each for each in session.get(SESSION_KEY, []) if each["at"] > oldest]


def _is_secret(name, values):
    # A switch such as "ask for the secret" is none itself.
    return SECRET_NAMES.search(name) and any(value not in ("", "on") for value in values)


def _is_input(name, values):
    return name not in NOT_INPUT and not _is_secret(name, values)


def _page_of(request):
    """Path and query of the page on which the form stood; a form may post elsewhere."""
    htmx = getattr(request, "htmx", None)
    page = (htmx and htmx.current_url_abs_path) or _own_referer(request) or request.path
    return page if page.startswith("/") and not page.startswith("//") else request.path


def _own_referer(request):
    parts = urlsplit(request.headers.get("Referer", ""))
    if (parts.scheme, parts.netloc) != (request.scheme, request.get_host()):
        return ""
    return f"{parts.path}?{parts.query}" if parts.query else parts.path


def _with_id(page, id):
    parts = urlsplit(page)
    query = [(name, value) for name, value in parse_qsl(parts.query, True) if name != QUERY]
    return f"{parts.path}?{urlencode([*query, (QUERY, id)])}"


# JSON fields may hold secrets that no name gives away: sealed, as whatever else may be one.


def _box():
    return Fernet(base64.urlsafe_b64encode(salted_hmac(SALT, "", algorithm="sha256").digest()))


def _seal(content):
    return _box().encrypt(zlib.compress(json.dumps(content).encode())).decode()


def _open(sealed):
    try:
        return json.loads(zlib.decompress(_box().decrypt(sealed.encode())))
    except InvalidToken:  # the key of the portal was changed
        return None
