"""What the portal says is a sentence with a code; what a platform says stays its own text.

Would catch: a message that is in one language for good, a platform's words taken for the portal's, and the
portal's own words taken for a platform's when a connection test looks for a cause.
"""

import pytest

from portal import words
from portal.errors import Missing, NotSent, Rejected, Unclear
from portal.platforms.client import NO_REASON
from portal.platforms.network import LATE, UNKNOWN_HOST
from portal.words import Said, Sentence
from tests.platforms.faulty import http
from tests.platforms.policies import POLICY, Asked, behaving


def test_the_portals_own_message_is_read_in_each_readers_language(server, client, monkeypatch):
    server.behave = lambda connection, got: connection.recv(1)
    with pytest.raises(Unclear) as caught:
        client.policies.create(POLICY)
    assert caught.value.message == LATE()
    assert str(caught.value) == "The platform did not answer in time."
    monkeypatch.setattr(words, "translate", {LATE.text: "zu spät"}.get)
    assert str(caught.value) == "zu spät"


def test_a_platforms_message_stays_its_own_text(server, client):
    server.behave = http(400, '{"error_code": "I", "error_msg": "network.late"}')
    with pytest.raises(Rejected) as caught:
        client.policies.create(POLICY)
    assert (caught.value.message, str(caught.value)) == ("network.late", "network.late")


def test_a_refusal_without_a_reason_is_told_by_the_portal(server, client):
    server.behave = http(400, "{}")
    with pytest.raises(Rejected) as caught:
        client.policies.create(POLICY)
    assert caught.value.message == NO_REASON()


@pytest.mark.parametrize("status", [403, 404])
def test_a_refusal_of_something_in_between_is_not_said_to_be_the_platforms(server, client, status):
    server.behave = http(status, "<html>Blocked</html>")
    with pytest.raises(Rejected) as caught:
        client.policies.create(POLICY)
    assert "something in between" in str(caught.value)
    assert not isinstance(caught.value, Missing)


def test_an_answer_never_carries_the_portals_words(server, client):
    """The repeat of a delete finds nothing, and the platform says no more than its code."""
    behaving(server, http(503, "{}"), http(404, '{"error_code": "IOTDA.016001"}'))
    answer = client.send(client.policies.delete_call("5c90"), again=Asked())
    assert (answer.status, answer.message) == (404, "")


def test_only_what_a_platform_wrote_tells_causes_apart(roma):
    sentence = Sentence("test.not_found", "Not Found")
    assert roma.cause(Rejected("Not Found", code="SCB.00000000")).part == "address"
    assert roma.cause(Rejected(sentence(), code="SCB.00000000")) is None


def test_every_finding_of_a_connection_test_is_a_sentence(iotda, roma, enos):
    for client in (iotda, roma, enos):
        findings = client.diagnose()
        assert {type(finding.text) for finding in findings} == {Said}
        assert all(str(finding.text) != finding.text.code for finding in findings)


def test_a_dead_address_is_told_by_its_sentence(client):
    client.endpoint = "http://no-such-host.invalid"
    with pytest.raises(NotSent) as caught:
        client.policies.create(POLICY)
    assert caught.value.message == UNKNOWN_HOST()
