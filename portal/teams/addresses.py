"""When two e-mail addresses are the same mailbox."""


def same_address(one, other):
    """Whether they differ in the case of plain letters at most.

    Databases and `lower` also take other letters for the same (the Kelvin sign and k), which are other
    people's addresses.
    """
    return one == other or (one.isascii() and other.isascii() and one.lower() == other.lower())
