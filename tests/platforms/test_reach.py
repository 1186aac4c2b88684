"""Which addresses a client connects to: checked, resolved once, by the name that was given."""

import datetime
import ipaddress
import socket
import ssl
import threading
import time

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from urllib3.util import connection as urllib3_connection

from portal.errors import NotSent
from portal.platforms.iotda.client import IoTDA
from portal.platforms.signing.huawei import SdkHmac
from tests.platforms.conftest import KEYS, PROJECT
from tests.platforms.faulty import FaultyServer, http

BUS = {"bus_name": "BusA"}
CREATED = http(201, '{"bus_id": "04ab"}')


def client_of(url, **options):
    return IoTDA(url, SdkHmac(*KEYS), project_id=PROJECT, read_timeout=10, connect_timeout=1, **options)


def test_a_forbidden_address_is_never_connected_to(server):
    guarded = client_of(server.url, allow=lambda address, port: not address.is_loopback)
    with pytest.raises(NotSent) as caught:
        guarded.soft_buses.create(BUS)
    assert caught.value.part == "address"
    assert server.connections == 0


@pytest.mark.parametrize("host", ["localhost", "127.1", "2130706433", "0x7f.1", "[::ffff:127.0.0.1]"])
def test_other_spellings_of_a_forbidden_address_are_forbidden(server, host):
    seen = []

    def allow(address, port):
        seen.append(address)
        return False

    with pytest.raises(NotSent):
        client_of(f"http://{host}:{server.port}", allow=allow).soft_buses.create(BUS)
    assert seen
    assert all(isinstance(address, ipaddress.IPv4Address | ipaddress.IPv6Address) for address in seen)
    assert server.connections == 0


def test_a_name_that_changes_between_check_and_connect_gains_nothing(server, monkeypatch):
    """DNS rebinding: the second answer would be the forbidden one, so there must not be a second question."""
    real, asked = socket.getaddrinfo, []

    def resolve(host, *args, **kwargs):
        if host != "rebinding.test":
            return real(host, *args, **kwargs)
        asked.append(host)
        return real("127.0.0.1" if len(asked) == 1 else "127.0.0.2", *args, **kwargs)

    monkeypatch.setattr(socket, "getaddrinfo", resolve)
    server.behave = CREATED
    guarded = client_of(
        f"http://rebinding.test:{server.port}", allow=lambda address, port: str(address) == "127.0.0.1"
    )
    assert guarded.soft_buses.create(BUS)["id"] == "04ab"
    assert asked == ["rebinding.test"]
    assert server.got[0].headers["host"] == f"rebinding.test:{server.port}"


def test_only_the_allowed_addresses_of_a_name_are_used(server, monkeypatch):
    real = socket.getaddrinfo

    def resolve(host, *args, **kwargs):
        if host != "both.test":
            return real(host, *args, **kwargs)
        return [*real("127.0.0.9", *args, **kwargs), *real("127.0.0.1", *args, **kwargs)]

    monkeypatch.setattr(socket, "getaddrinfo", resolve)
    server.behave = CREATED
    guarded = client_of(
        f"http://both.test:{server.port}", allow=lambda address, port: str(address) == "127.0.0.1"
    )
    assert guarded.soft_buses.create(BUS)["id"] == "04ab"


def test_proxies_and_netrc_of_the_environment_are_ignored(server, monkeypatch, tmp_path):
    decoy = FaultyServer()
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy", "https_proxy", "all_proxy"):
        monkeypatch.setenv(name, decoy.url)
    (tmp_path / "netrc").write_text("machine 127.0.0.1 login somebody password secret\n")
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
    server.behave = CREATED
    client_of(server.url).soft_buses.create(BUS)
    decoy.stop()
    assert decoy.connections == 0
    assert server.got[0].headers["authorization"].startswith("SDK-HMAC-SHA256 ")


def test_name_servers_that_do_not_answer_are_not_waited_for(monkeypatch):
    free = threading.Event()
    monkeypatch.setattr(socket, "getaddrinfo", lambda *args, **kwargs: free.wait(20))
    nobody = client_of("http://silent.test")
    started = time.monotonic()
    with pytest.raises(NotSent) as caught:
        nobody.soft_buses.create(BUS)
    free.set()
    assert caught.value.part == "address"
    assert time.monotonic() - started < 15


@pytest.mark.parametrize("name", ["a" * 64 + ".test", "ä" * 60 + ".test"])
def test_a_name_that_can_be_none_is_not_sent(name):
    with pytest.raises(NotSent) as caught:
        client_of(f"http://{name}").soft_buses.create(BUS)
    assert caught.value.part == "address"
    assert "Nothing answers" not in str(caught.value)


@pytest.mark.parametrize("proxied", [False, True], ids=["TLS", "a proxy"])
def test_a_partner_that_falls_silent_while_connecting_is_left_at_the_deadline(server, proxied):
    def silence(connection, got):
        server.stopping.wait(20)

    server.behave = silence
    options = {"proxy": server.url} if proxied else {}
    url = "https://localhost:9" if proxied else f"https://127.0.0.1:{server.port}"
    patient = IoTDA(url, SdkHmac(*KEYS), project_id=PROJECT, connect_timeout=5, deadline=0.5, **options)
    started = time.monotonic()
    with pytest.raises(NotSent):
        patient.soft_buses.create(BUS)
    assert time.monotonic() - started < 15


def test_slow_steps_of_connecting_share_one_deadline(server, monkeypatch):
    real = urllib3_connection.create_connection

    def slowly(*args, **kwargs):
        time.sleep(0.6)
        return real(*args, **kwargs)

    def silence(connection, got):
        server.stopping.wait(20)

    monkeypatch.setattr(urllib3_connection, "create_connection", slowly)
    server.behave = silence
    url = f"https://127.0.0.1:{server.port}"
    patient = IoTDA(url, SdkHmac(*KEYS), project_id=PROJECT, connect_timeout=5, deadline=0.6)
    started = time.monotonic()
    with pytest.raises(NotSent):
        patient.soft_buses.create(BUS)
    assert time.monotonic() - started < 15


@pytest.fixture(scope="module")
def certificate(tmp_path_factory):
    """A self-signed certificate for `localhost`: (file, its file with the key)."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    now = datetime.datetime.now(datetime.UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    folder = tmp_path_factory.mktemp("tls")
    pem = made.public_bytes(serialization.Encoding.PEM)
    secret = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    (folder / "ca.pem").write_bytes(pem)
    (folder / "both.pem").write_bytes(pem + secret)
    return str(folder / "ca.pem"), str(folder / "both.pem")


@pytest.fixture
def tls_server(certificate):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate[1])
    names = []
    context.sni_callback = lambda connection, name, context: names.append(name)
    server = FaultyServer(wrap=lambda connection: context.wrap_socket(connection, server_side=True))
    server.names = names
    server.behave = CREATED
    yield server
    server.stop()


def test_an_untrusted_certificate_is_not_sent(tls_server):
    with pytest.raises(NotSent) as caught:
        client_of(f"https://localhost:{tls_server.port}").soft_buses.create(BUS)
    assert caught.value.part == "tls"
    assert "not trusted" in str(caught.value)
    assert tls_server.got == []


def test_the_environment_cannot_make_a_certificate_trusted(tls_server, certificate, monkeypatch):
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", certificate[0])
    monkeypatch.setenv("CURL_CA_BUNDLE", certificate[0])
    with pytest.raises(NotSent):
        client_of(f"https://localhost:{tls_server.port}").soft_buses.create(BUS)


def test_a_ca_bundle_makes_it_trusted_and_the_name_stays(tls_server, certificate):
    guarded = client_of(
        f"https://localhost:{tls_server.port}",
        ca_bundle=certificate[0],
        allow=lambda address, port: str(address) == "127.0.0.1",
    )
    assert guarded.soft_buses.create(BUS)["id"] == "04ab"
    assert tls_server.names == ["localhost"]
    assert tls_server.got[0].headers["host"] == f"localhost:{tls_server.port}"


def test_a_certificate_for_another_name_is_not_sent(tls_server, certificate):
    with pytest.raises(NotSent) as caught:
        client_of(f"https://127.0.0.1:{tls_server.port}", ca_bundle=certificate[0]).soft_buses.create(BUS)
    assert caught.value.part == "tls"
    assert tls_server.got == []


def test_https_to_a_server_without_tls_is_not_sent(server):
    server.behave = http(200)
    with pytest.raises(NotSent) as caught:
        client_of(f"https://127.0.0.1:{server.port}").soft_buses.create(BUS)
    assert caught.value.part == "tls"


def test_a_ca_bundle_that_is_not_there_is_not_sent(tls_server):
    broken = client_of(f"https://localhost:{tls_server.port}", ca_bundle="/no/such/bundle.pem")
    with pytest.raises(NotSent):
        broken.soft_buses.create(BUS)


def test_a_configured_proxy_is_asked_for_a_tunnel(tls_server, certificate):
    asked = []

    def tunnel(connection, got):
        asked.append((got.method, got.target))
        with socket.create_connection(("127.0.0.1", tls_server.port)) as onward:
            connection.sendall(b"HTTP/1.1 200 Connection established\r\n\r\n")
            _relay(connection, onward)

    proxy = FaultyServer()
    proxy.behave = tunnel
    through = client_of(f"https://localhost:{tls_server.port}", ca_bundle=certificate[0], proxy=proxy.url)
    assert through.soft_buses.create(BUS)["id"] == "04ab"
    through.transport.close()
    proxy.stop()
    assert asked == [("CONNECT", f"127.0.0.1:{tls_server.port}")]  # judged here; TLS checks the name
    assert tls_server.names == ["localhost"]


def test_a_name_that_only_the_proxy_could_find_is_not_sent(server):
    with pytest.raises(NotSent, match="host name"):
        client_of("https://no-such-name.invalid", proxy=server.url).soft_buses.create(BUS)
    assert server.connections == 0


def test_a_proxy_is_not_asked_for_a_name_that_changes_after_the_check(server, monkeypatch):
    real, asked = socket.getaddrinfo, []

    def resolve(host, *args, **kwargs):
        if host != "rebinding.test":
            return real(host, *args, **kwargs)
        asked.append(host)
        return real("203.0.113.7" if len(asked) == 1 else "127.0.0.1", *args, **kwargs)

    monkeypatch.setattr(socket, "getaddrinfo", resolve)
    server.behave = http(502, "")
    through = client_of(
        "https://rebinding.test", proxy=server.url, allow=lambda address, port: not address.is_loopback
    )
    with pytest.raises(NotSent):
        through.soft_buses.create(BUS)
    assert {got.target for got in server.got} == {"203.0.113.7:443"}
    assert len(server.got) == 1  # the second try is refused: by then the name leads elsewhere


@pytest.mark.parametrize("proxied", [False, True])
def test_the_port_is_judged_too(server, proxied):
    options = {"proxy": server.url} if proxied else {}
    seen = []

    def allow(address, port):
        seen.append(port)
        return False

    scheme, port = ("https", 8443) if proxied else ("http", server.port)
    with pytest.raises(NotSent, match="or port"):
        client_of(f"{scheme}://127.0.0.1:{port}", allow=allow, **options).soft_buses.create(BUS)
    assert set(seen) == {port}
    assert server.connections == 0


def test_a_proxy_that_refuses_is_not_sent(server):
    server.behave = http(407, "")
    with pytest.raises(NotSent) as caught:
        client_of("https://localhost:9", proxy=server.url).soft_buses.create(BUS)
    assert caught.value.part == "address"
    assert "proxy" in str(caught.value)


def test_a_proxy_is_no_way_around_the_guard(server):
    guarded = client_of(
        "https://localhost:9", proxy=server.url, allow=lambda address, port: not address.is_loopback
    )
    with pytest.raises(NotSent):
        guarded.soft_buses.create(BUS)
    assert server.connections == 0


def _relay(one, other):
    """Copy both ways until one side ends."""

    def copy(source, target):
        try:
            while piece := source.recv(65536):
                target.sendall(piece)
            target.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass

    back = threading.Thread(target=copy, args=(other, one), daemon=True)
    back.start()
    copy(one, other)
    back.join(5)
