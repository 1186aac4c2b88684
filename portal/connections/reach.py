"""Which addresses connections may reach: public ones, and those that the deployer allowed."""

from ipaddress import ip_address, ip_network

from django.conf import settings

NAT64 = ip_network("64:ff9b::/96")
IPV4_COMPATIBLE = ip_network("::/96")
# All public IPv6 addresses that IANA has assigned. Outside of this range are ways back into a private network
# (NAT64 of a local network, site-local, IPv4-translated) which Python's `is_global` calls public.
PUBLIC_IPV6 = ip_network("2000::/3")


def is_allowed(address):
    """Whether one resolved address (ipaddress object or text) is allowed; IPv4 inside IPv6 is unwrapped."""
    address = _unwrapped(ip_address(address))
    if address.is_loopback:
        return settings.LOOPBACK_ALLOWED
    if any(address in network for network in settings.PRIVATE_NETWORKS if network.version == address.version):
        return True
    if address.version == 6 and address not in PUBLIC_IPV6:
        return False
    return address.is_global and not address.is_multicast


def _unwrapped(address):
    if address.version == 6:
        if address in NAT64 or (address in IPV4_COMPATIBLE and int(address) > 1):
            return ip_address(int(address) & 0xFFFFFFFF)
        return address.ipv4_mapped or address.sixtofour or (address.teredo or (None, None))[1] or address
    return address
