"""How many devices a policy reaches through what it is bound to: told before it is bound, unbound or edited.

The platform counts the devices of a product and of a space, one call each. What it does not count is said to
be unknown, and is never left out in silence.
"""

from django.utils.translation import gettext_noop

from portal.errors import PlatformError
from portal.words import Sentence

CALLS_MAX = 20  # for one form: as many targets as one call binds

EXACTLY = Sentence("policy.reaches", gettext_noop("Devices reached: %(count)s."))
UP_TO = Sentence(
    "policy.reaches_up_to",
    gettext_noop("Devices reached: up to %(count)s. Some may be counted twice: a device and its product."),
)
AT_LEAST = Sentence(
    "policy.reaches_at_least",
    gettext_noop(
        "Devices reached: at least %(count)s. Products or spaces whose devices could not be counted:"
        " %(unknown)s."
    ),
)
AT_LEAST_SOME = Sentence(
    "policy.reaches_at_least_some",
    gettext_noop(
        "Devices reached: at least %(count)s. Not everything that it is bound to could be read and counted."
    ),
)


def reached(client, targets, *, space="", is_whole=True):
    """A Said about the devices behind `targets`, [(type, id)]; None without any.

    `space` is the policy's own resource space: it reaches no further. So where the devices of a space are
    counted, no other target adds to them. `is_whole` is False if there are more targets than these.
    """
    by_type = {"device": set(), "product": set(), "app": set()}
    for kind, id in targets:
        by_type.setdefault(kind, set()).add(id)
    if not any(by_type.values()):
        return None
    calls = Calls(client, space)
    in_spaces, lacked = calls.sum("app", by_type["app"])
    if by_type["app"] and not lacked:
        return EXACTLY(count=in_spaces)
    devices = len(by_type["device"])
    of_products, more = calls.sum("product", by_type["product"])
    unknown = lacked + more
    if unknown or not is_whole:
        least = max(in_spaces, devices, of_products)  # the same device may be in each of them
        return AT_LEAST(count=least, unknown=unknown) if is_whole else AT_LEAST_SOME(count=least)
    if devices and of_products:
        return UP_TO(count=devices + of_products)
    return EXACTLY(count=devices + of_products)


class Calls:
    """Counts on the platform, as many as one form may cost."""

    def __init__(self, client, space):
        self.client, self.space, self.left = client, space, CALLS_MAX

    def sum(self, kind, ids):
        """(devices in all of these together, how many of these could not be counted)"""
        counts = [self._count(kind, id) for id in sorted(ids)]
        known = [count for count in counts if count is not None]
        return sum(known), len(counts) - len(known)

    def _count(self, kind, id):
        if not self.left:
            return None
        self.left -= 1
        own = {"app_id": self.space} if self.space else {}
        filters = {"app_id": id} if kind == "app" else {**own, "product_id": id}
        try:
            return self.client.devices.list(limit=1, calls=1, **filters).total
        except PlatformError as error:
            if error.status is None:
                self.left = 0  # no answer: the others would not get one either
            return None
