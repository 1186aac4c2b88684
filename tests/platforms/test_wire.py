"""The calls of each kind as its Example says them: where they go, and what sending them twice does.

Would catch: a client that calls another address than the document's, a create that may be sent twice.
"""

import pytest

from tests.platforms.every_call import OF_KINDS, client_of


class Made(Exception):
    """Instead of sending: the one argument is the Call."""


def call_of(spec):
    """The first call that the client would send."""

    def send(call, **options):
        raise Made(call)

    client = client_of(spec, "http://platform.invalid")
    client.send = send
    with pytest.raises(Made) as caught:
        spec.run(client)
    return caught.value.args[0]


@pytest.mark.parametrize("spec", OF_KINDS, ids=str)
def test_a_call_goes_where_its_document_says(spec):
    call = call_of(spec)

    path, _mark, query = call.target.partition("?")
    assert spec.call.is_made_by({"method": call.method, "path": path, "query": query}), call


@pytest.mark.parametrize("spec", OF_KINDS, ids=str)
def test_a_call_says_what_sending_it_twice_does(spec):
    call = call_of(spec)

    assert call.repeat == spec.repeat
    assert call.removes == spec.removes
