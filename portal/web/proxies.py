"""What proxies say of a request is believed only of those that the deployer named."""

import logging
from ipaddress import ip_address

from django.conf import settings

log = logging.getLogger(__name__)
HEADERS = ("HTTP_X_FORWARDED_FOR", "HTTP_X_FORWARDED_PROTO", "HTTP_X_FORWARDED_HOST", "HTTP_X_FORWARDED_PORT")
_told = set()  # addresses that the log has told of


class Forwarded:
    """Takes these headers away unless they come from a proxy of PORTAL_PROXY_ADDRESSES, or by a Unix socket.

    Must come before all middleware that reads them.
    """

    def __init__(self, get_response):
        self.get_response = get_response

    def __call__(self, request):
        if not _is_proxy(request.META.get("REMOTE_ADDR", "")):
            for name in HEADERS:
                if request.META.pop(name, None) is not None:
                    _tell(request.META["REMOTE_ADDR"])
        return self.get_response(request)


def _is_proxy(address):
    if not settings.TRUSTED_PROXIES:
        return False
    if not address:
        return True  # a Unix socket: whoever may open it is the deployer's
    address = ip_address(address.partition("%")[0])
    address = getattr(address, "ipv4_mapped", None) or address
    return any(address in network for network in settings.PROXY_ADDRESSES)


def _tell(address):
    """Once for each address: a proxy that was not named looks like a portal that nobody can sign in to."""
    if settings.TRUSTED_PROXIES and address not in _told and len(_told) < 100:
        _told.add(address)
        log.warning(
            "X-Forwarded headers of %s are not read: PORTAL_PROXY_ADDRESSES does not name it", address
        )
