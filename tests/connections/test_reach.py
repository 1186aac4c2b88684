"""Which addresses a connection may reach. Would catch: a private address let in by another spelling."""

from ipaddress import ip_network

import pytest

from portal.connections import reach

REFUSED = [
    "64:ff9b:1::7f00:1",  # NAT64 of a local network
    "::127.0.0.1",  # IPv4-compatible
    "fec0::1",  # site-local
    "::ffff:0:7f00:1",  # IPv4-translated
    "4000::1",  # handed out to nobody
    "127.0.0.1",
    "127.8.9.10",
    "::1",
    "0.0.0.0",
    "::",
    "10.0.0.1",
    "172.16.0.1",
    "192.168.1.1",
    "100.64.0.1",  # shared by a provider's customers
    "169.254.169.254",  # metadata of cloud machines
    "fd00:ec2::254",  # the same on IPv6
    "fe80::1",
    "fc00::1",
    "192.0.2.1",  # for documents
    "224.0.0.1",  # multicast
    "ff02::1",
    "ff0e::1",
    "255.255.255.255",
    "240.0.0.1",
    "::ffff:127.0.0.1",  # IPv4 inside IPv6
    "::ffff:10.0.0.1",
    "::ffff:169.254.169.254",
    "64:ff9b::7f00:1",  # NAT64 of 127.0.0.1
    "64:ff9b::a9fe:a9fe",  # NAT64 of 169.254.169.254
    "2002:7f00:1::",  # 6to4 of 127.0.0.1
    "2002:a00:1::",  # 6to4 of 10.0.0.1
    "2002:a9fe:a9fe::1",  # 6to4 of 169.254.169.254
    "2001:0:4136:e378:8000:63bf:80ff:fffe",  # Teredo of 127.0.0.1
    # Special for IANA, and public for some versions of Python:
    "192.0.0.8",
    "192.0.0.170",
    "192.31.196.1",
    "192.52.193.1",
    "192.88.99.1",
    "192.175.48.1",
    "198.18.0.1",
    "198.51.100.1",
    "203.0.113.1",
    "2001:2::1",
    "2001:20::1",
    "2001:1::1",
    "2001:4:112::1",
    "2001:db8::1",
    "2620:4f:8000::1",
    "3fff::1",
    "5f00::1",
    "100::1",
    "2002:c000:201::1",  # 6to4 of 192.0.2.1
    "64:ff9b::c0a8:101",  # NAT64 of 192.168.1.1
]
ALLOWED = ["8.8.8.8", "119.3.0.1", "2606:4700::1", "::ffff:8.8.8.8", "64:ff9b::808:808", "2002:808:808::1"]


@pytest.fixture(autouse=True)
def in_production(settings):
    settings.LOOPBACK_ALLOWED = False
    settings.PRIVATE_NETWORKS = []


@pytest.mark.parametrize("address", REFUSED)
def test_what_is_not_public_is_refused(address):
    assert not reach.is_allowed(address)


@pytest.mark.parametrize("address", ALLOWED)
def test_what_is_public_is_allowed(address):
    assert reach.is_allowed(address)


@pytest.mark.parametrize("address", ["127.0.0.1", "::1", "::ffff:127.0.0.1"])
def test_the_demo_reaches_this_machine(settings, address):
    settings.LOOPBACK_ALLOWED = True
    assert reach.is_allowed(address)


@pytest.mark.parametrize(
    ("port", "is_allowed"), [(443, True), (8443, True), (22, False), (80, False), (6379, False)]
)
def test_only_ports_of_platforms_are_reached(settings, port, is_allowed):
    settings.PRIVATE_NETWORKS = [ip_network("10.1.0.0/16")]
    assert reach.is_allowed("8.8.8.8", port) is is_allowed
    assert reach.is_allowed("10.1.2.3", port) is is_allowed
    settings.ENDPOINT_PORTS = [port]
    assert reach.is_allowed("8.8.8.8", port)


def test_the_demo_reaches_no_other_private_address(settings):
    settings.LOOPBACK_ALLOWED = True
    assert not reach.is_allowed("192.168.1.1")
    assert not reach.is_allowed("169.254.169.254")


def test_a_deployer_can_allow_private_networks_but_never_this_machine(settings):
    settings.PRIVATE_NETWORKS = [ip_network("10.1.0.0/16"), ip_network("fd00::/8"), ip_network("127.0.0.0/8")]
    assert reach.is_allowed("10.1.2.3")
    assert reach.is_allowed("::ffff:10.1.2.3")
    assert reach.is_allowed("fd00::5")
    assert not reach.is_allowed("10.2.0.1")
    assert not reach.is_allowed("127.0.0.1")
