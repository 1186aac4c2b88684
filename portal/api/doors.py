"""Door: the base of all views of the API. It says who comes in, what is read, and how errors look."""

from django.utils.translation import gettext as _
from drf_spectacular.extensions import OpenApiAuthenticationExtension
from rest_framework.authentication import BaseAuthentication, SessionAuthentication
from rest_framework.exceptions import ParseError
from rest_framework.negotiation import BaseContentNegotiation
from rest_framework.parsers import BaseParser
from rest_framework.permissions import IsAuthenticated
from rest_framework.renderers import JSONRenderer
from rest_framework.views import APIView

from portal.api import refusals
from portal.api.describing import Described
from portal.resources.editing import DEPTH_MAX, parse


class ExactJson(BaseParser):
    """JSON that can be sent on unchanged: no NaN, no key that stands twice, no half of a character."""

    media_type = "application/json"

    def parse(self, stream, media_type=None, parser_context=None):
        try:
            return parse(stream.read().decode(), DEPTH_MAX + 1)
        except (ValueError, RecursionError) as error:
            raise ParseError(_("This is not valid JSON: %(error)s") % {"error": error}) from error


class Always(BaseContentNegotiation):
    """The API speaks JSON, whatever a client accepts."""

    def select_parser(self, request, parsers):
        given = (request.content_type or "").partition(";")[0].strip().lower()
        return next((parser for parser in parsers if parser.media_type == given), None)

    def select_renderer(self, request, renderers, format_suffix=None):
        return renderers[0], renderers[0].media_type


class ByToken(BaseAuthentication):
    """Who came by a token was let in before the view was reached (portal/teams/bearer.py)."""

    def authenticate(self, request):
        return (request._request.user, request._request.token) if request._request.token else None

    def authenticate_header(self, request):
        return "Bearer"


class BearerScheme(OpenApiAuthenticationExtension):
    target_class, name = ByToken, "token"

    def get_security_definition(self, auto_schema):
        return {"type": "http", "scheme": "bearer", "bearerFormat": "iot_<id>_<secret>_<checksum>"}


class Door(APIView):
    http_method_names = ("get", "head", "post")
    authentication_classes = (ByToken, SessionAuthentication)
    permission_classes = (IsAuthenticated,)
    parser_classes = (ExactJson,)
    renderer_classes = (JSONRenderer,)
    content_negotiation_class = Always
    metadata_class = None  # OPTIONS is no way in
    schema = Described()
    kind = verb = None  # of the address

    @classmethod
    def at(cls, **given):
        """The view. DRF would let it pass the portal's own checks of sign-in and CSRF token."""
        view = cls.as_view(**given)
        view.login_required, view.csrf_exempt, view.takes_tokens = True, False, True
        view.should_append_slash = False  # a redirect would make a GET of a POST
        return view

    def get_exception_handler(self):
        return refusals.answer
