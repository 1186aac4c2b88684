"""Who makes the text of which kind of mail. It is made when the mail is sent, not when it is asked for.

So a page that asks for a mail does the same work whether or not its address is known to the portal.
"""

MAKERS = {}


def makes(kind):
    """Decorates `make(address, **values)`: returns (subject, text), or None if there is nothing to send.

    `values` are those that `outbox.queue` was given.
    """

    def register(make):
        MAKERS[kind] = make
        return make

    return register


def text_of(kind, address, values):
    """(subject, text); None if nothing is to be sent. A kind without a maker brings both as values."""
    if kind in MAKERS:
        return MAKERS[kind](address, **values)
    return values["subject"], values["text"]
