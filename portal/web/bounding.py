"""Refuses what is larger than anything the portal asks for, before it is parsed or written to disk.

portal/web/errors.py makes the pages of these refusals. No view of the portal takes files.
"""

from django.core.exceptions import BadRequest, RequestDataTooBig
from django.core.files.uploadhandler import FileUploadHandler

from portal.bounds import ADDRESS_MAX, BODY_MAX, LEVELS_MAX, nests_deeper


class AddressTooLong(BadRequest):
    pass


class TooDeep(BadRequest):
    pass


class NoFilesHere(BadRequest):
    pass


class NoLength(BadRequest):
    pass


class Bounded:
    """The first to look at a body. The number of fields is counted by Django, also before it parses them."""

    def __init__(self, get_response):
        self.get_response = get_response

    def __call__(self, request):
        if len(request.META.get("QUERY_STRING", "")) > ADDRESS_MAX:
            raise AddressTooLong("address")
        if request.META.get("HTTP_TRANSFER_ENCODING"):
            raise NoLength("body")
        if _length(request) > BODY_MAX:
            raise RequestDataTooBig("body")
        if request.content_type.endswith("json") and nests_deeper(_text(request), LEVELS_MAX):
            raise TooDeep("nested")
        return self.get_response(request)


def _length(request):
    told = request.META.get("CONTENT_LENGTH") or "0"
    return int(told) if told.isdecimal() and len(told) < 20 else BODY_MAX + 1


def _text(request):
    return request.body.decode("utf-8", "replace")


class NoFiles(FileUploadHandler):
    """The only upload handler: a file is refused at its first byte."""

    def new_file(self, *args, **kwargs):
        raise NoFilesHere("file")
