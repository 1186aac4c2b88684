"""Which addresses connections may reach: public ones and those the deployer allowed, at allowed ports."""

from ipaddress import ip_address, ip_network

from django.conf import settings

# What is special is refused: the IANA special-purpose address registries, multicast, and all of IPv6 outside
# of global unicast. Python's `is_global` calls some of it public (192.0.0.0/24 in 3.11; NAT64 of a local
# network, site-local), and what exactly depends on its version.
SPECIAL = [
    ip_network(text)
    for text in """
    0.0.0.0/8 10.0.0.0/8 100.64.0.0/10 127.0.0.0/8 169.254.0.0/16 172.16.0.0/12 192.0.0.0/24 192.0.2.0/24
    192.31.196.0/24 192.52.193.0/24 192.88.99.0/24 192.168.0.0/16 192.175.48.0/24 198.18.0.0/15
    198.51.100.0/24 203.0.113.0/24 224.0.0.0/4 240.0.0.0/4
    2001::/23 2001:db8::/32 2002::/16 2620:4f:8000::/48 3fff::/20
    """.split()
]
PUBLIC_IPV6 = ip_network("2000::/3")
NAT64 = ip_network("64:ff9b::/96")
IPV4_COMPATIBLE = ip_network("::/96")


def is_allowed(address, port=443):
    """Whether a connection may go there: a resolved address (ipaddress object or text) and a port.

    IPv4 inside IPv6 is unwrapped.
    """
    address = _unwrapped(ip_address(address))
    if address.is_loopback:
        return settings.LOOPBACK_ALLOWED
    return port in settings.ENDPOINT_PORTS and (_is_named(address) or _is_public(address))


def _is_named(address):
    return any(address in network for network in settings.PRIVATE_NETWORKS)


def _is_public(address):
    if address.version == 6 and address not in PUBLIC_IPV6:
        return False
    return not any(address in network for network in SPECIAL)


def _unwrapped(address):
    if address.version == 6:
        if address in NAT64 or (address in IPV4_COMPATIBLE and int(address) > 1):
            return ip_address(int(address) & 0xFFFFFFFF)
        return address.ipv4_mapped or address.sixtofour or (address.teredo or (None, None))[1] or address
    return address
