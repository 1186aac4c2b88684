"""Keeps form input that the portal could not process, so that nobody has to type it again.

Example: a session ends while somebody fills in a form. The press of the button leads to the sign-in page;
after signing in, the form comes back with what was typed. Passwords and other secrets are never kept.

The session holds the input for an hour, sealed for the person to whom the form was shown. Each form names
that person in a signed field (`mark`) beside the CSRF token, and nobody else gets to see the input.
"""

import json
import time
import uuid
import zlib
from urllib.parse import parse_qsl, urlencode, urlsplit

from django.core import signing
from django.http import QueryDict
from django.utils.translation import gettext as _

from portal.sealing import CannotOpen, seal_bytes, unseal_bytes
from portal.secrecy import is_secret_name
from portal.web.pages import is_piece

MARK = "made_for"  # form field
QUERY = "kept"  # parameter in the address of the page that draws the form again
NOTHING = "none"  # its value when nothing was kept, instead of an id
SESSION_KEY = "kept"
SECONDS = 3600
FORMS_MAX = 5
BYTES_MAX = 64 * 1024  # of everything in one session, compressed and sealed

SALT = "portal.web.kept"
CSRF_FIELD = "csrfmiddlewaretoken"
NOT_INPUT = {MARK, CSRF_FIELD, "preview", "touch"}
NOT_TYPED = {"operation_key"}
# Who signs in with a key pair, not the secret half of it; the pages of connections show these.
NAMES_OF_ACCOUNT = {"access_key", "app_key"}


class TooLarge(Exception):
    """The input is larger than what a session may keep."""


def mark(user):
    """The signed value of a form's MARK field; only the portal can make it."""
    return signing.Signer(salt=SALT).sign(str(user.pk))


def made_for(request):
    """The user id in the posted MARK field; "" when the field is missing or its signature is wrong."""
    try:
        return signing.Signer(salt=SALT).unsign(request.POST.get(MARK, ""))
    except signing.BadSignature:
        return ""


def is_from_here(request):
    """Did one of the portal's own pages send this? Browsers name the origin of everything they post."""
    return request.headers.get("Origin") == f"{request.scheme}://{request.get_host()}"


def keep(request):
    """Keep the posted input; returns the address of the form's page, which will show it again.

    Raises TooLarge and keeps nothing when there is too much of it.
    """
    page, owner = _page_of(request), made_for(request)
    data = {name: values for name, values in request.POST.lists() if _is_input(name, values)}
    if not owner or not any(any(values) for name, values in data.items() if name not in NOT_TYPED):
        return page_without_input(request)
    data |= dict.fromkeys(_forgotten(request), ["on"])
    sealed = _seal({"action": request.path, "data": data}, owner)
    entry = {"id": str(uuid.uuid4()), "at": int(time.time()), "sealed": sealed}
    if len(entry["sealed"]) > BYTES_MAX:
        raise TooLarge
    entries = [*_fresh(request.session), entry][-FORMS_MAX:]
    while sum(len(each["sealed"]) for each in entries) > BYTES_MAX:
        entries.pop(0)
    request.session[SESSION_KEY] = entries
    return _with_id(page, entry["id"])


def way_back(request):
    """Where somebody returns to who has to sign in or to confirm that it is them; their input is kept.

    None: a piece of a page with more input than can be kept. It has to stay where it is.
    """
    piece = is_piece(request)
    if request.method != "POST":
        return (request.htmx.current_url_abs_path or "/") if piece else request.get_full_path()
    try:
        return keep(request)
    except TooLarge:
        return None if piece else page_without_input(request)


def again(request):
    """[(name, value)] to send the posted form again, button and operation key included; needs no database.

    Empty when this is not a POST of a form with a valid MARK.
    """
    if request.method != "POST" or not made_for(request):
        return []
    pairs = [
        (name, value)
        for name, values in request.POST.lists()
        if name == CSRF_FIELD or not _is_secret(name, values)
        for value in values
    ]
    return [*pairs, *((name, "on") for name in _forgotten(request))]


def take(request, action=None):
    """The input kept for the form on this page, as a QueryDict; None when this person has none.

    `action` is the address that the form posts to, if that is not the page itself. Sets `request.notice`,
    which base.html shows. The input stays in the session for its hour, so a reload shows it again.
    """
    id = request.GET.get(QUERY)
    if not id:
        return None
    entry = next((each for each in _fresh(request.session) if each["id"] == id), None)
    content = entry and _open(entry["sealed"], str(request.user.pk))
    if not content or content["action"] != (action or request.path):
        return None
    data = QueryDict(mutable=True)
    for name, values in content["data"].items():
        data.setlist(name, values)
    request.notice = _("Your input was kept. Nothing was sent yet: check the form and submit it.")
    return data


def initial(request, action=None):
    """The kept input as initial values of a plain form; empty when there is none."""
    data = take(request, action)
    return data.dict() if data is not None else {}


def prepare(request):
    """Runs for each request of a signed-in person: marks forms and drops input that is older than an hour."""
    request.made_for = mark(request.user)
    if request.GET.get(QUERY):
        # Stands unless the page finds the input and take() says so.
        request.notice = _("Nothing was sent. Your last action could not be kept. Please do it again.")
    entries = request.session.get(SESSION_KEY)
    if entries and len(fresh := _fresh(request.session)) < len(entries):
        request.session[SESSION_KEY] = fresh


def page_without_input(request):
    """Address of the posted form's page, which will say that nothing was kept."""
    return _with_id(_page_of(request), NOTHING)


def _fresh(session):
    oldest = time.time() - SECONDS
    return [each for each in session.get(SESSION_KEY, []) if each["at"] > oldest]


def _is_secret(name, values):
    if name in NAMES_OF_ACCOUNT or not is_secret_name(name):
        return False
    return any(value not in ("", "on") for value in values)  # a ticked "change the password" is no secret


def _forgotten(request):
    """Names of the fields which say that a secret was typed. It is not kept: the form asks for it again."""
    names = [name for name, values in request.POST.lists() if name != CSRF_FIELD and _is_secret(name, values)]
    return [f"{name}_typed" for name in names]


def _is_input(name, values):
    return name not in NOT_INPUT and not _is_secret(name, values)


def _page_of(request):
    """Path and query of the page that showed the form; the form may post to another address."""
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


# Sealed, because a JSON field may hold a secret that no name gives away; and for one person, so that nobody
# else can open it.


def _seal(content, owner):
    return seal_bytes(zlib.compress(json.dumps(content).encode()), f"kept:{owner}")


def _open(sealed, owner):
    """What was sealed for this person; None if it was for somebody else or the portal's keys changed."""
    try:
        return json.loads(zlib.decompress(unseal_bytes(sealed, f"kept:{owner}")))
    except CannotOpen:
        return None
