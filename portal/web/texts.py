"""Refuses addresses that contain a NUL character: PostgreSQL cannot store it, and no id or filter has one."""

from django.core.exceptions import BadRequest


class StorableText:
    def __init__(self, get_response):
        self.get_response = get_response

    def __call__(self, request):
        texts = [
            request.path_info,
            *request.GET,
            *(text for _name, all in request.GET.lists() for text in all),
        ]
        if any("\0" in text for text in texts):
            raise BadRequest("NUL in the address")
        return self.get_response(request)
