"""The address ranges that a token may be used from."""

from ipaddress import ip_address, ip_network

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

MOST = 50  # ranges of a token


def ranges(text):
    """The ranges in a text, separated by blanks, commas or lines, as texts. Raises ValidationError."""
    found = []
    for word in text.replace(",", " ").split():
        try:
            network = ip_network(word, strict=False)
        except ValueError as error:
            problem = _("%(word)s is no address or range: write 192.0.2.7, 192.0.2.0/24 or 2001:db8::/48.")
            raise ValidationError(problem % {"word": word[:60]}) from error
        if getattr(network.network_address, "ipv4_mapped", None):
            problem = _("Write %(word)s as a range of IPv4.")
            raise ValidationError(problem % {"word": word[:60]})
        found.append(str(network))
    if len(found) > MOST:
        raise ValidationError(_("These are more than %(most)s ranges.") % {"most": MOST})
    return list(dict.fromkeys(found))


def allow(ranges, address):
    """Whether the address, as text, is in one of the ranges; without any, every address is."""
    if not ranges:
        return True
    try:
        parsed = ip_address(address.partition("%")[0])
    except ValueError:
        return False  # nobody knows where it came from
    parsed = getattr(parsed, "ipv4_mapped", None) or parsed
    return any(parsed in ip_network(each) for each in ranges)


def are_within(ranges, others):
    """Whether these ranges allow no address that the others do not."""
    if not ranges or not others:
        return not others
    wider = [ip_network(each) for each in others]
    return all(_is_within(ip_network(each), wider) for each in ranges)


def _is_within(network, wider):
    return any(network.version == each.version and network.subnet_of(each) for each in wider)
