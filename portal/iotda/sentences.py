"""The statements of a policy as sentences: "Denies publishing to topic:/v1/${devices.deviceId}/test"."""

from django.utils.translation import gettext as _

from portal.kinds.telling import Line
from portal.platforms.iotda.contract import policies as contract

MEMBERS = {"effect", "actions", "resources"}


def told_statements(value):
    """A Line for each statement. What no document knows is not guessed at, but named as it is."""
    if not isinstance(value, list):
        return None
    return [_told(item) for item in contract.split_actions(value)]


def _told(item):
    if not isinstance(item, dict):
        return Line(_("This statement is not understood:"), odd=(item,))
    effect, actions, resources = item.get("effect"), item.get("actions"), item.get("resources")
    odd = [{name: each} for name, each in item.items() if name not in MEMBERS]
    if effect not in contract.EFFECTS:
        odd.append({"effect": effect})
    known, strange = _parted(actions, lambda each: each in contract.ACTIONS)
    odd += [{"actions": strange}] if strange else []
    values, strange = _parted(resources, lambda each: isinstance(each, str) and each)
    odd += [{"resources": strange}] if strange else []
    if not actions and "actions" in item:
        odd.append({"actions": actions})  # what it does without one, no document says
    about = tuple(each in known for each in contract.ACTIONS)
    words = _heads(effect if effect in contract.EFFECTS else "")[about]
    if not values:
        form = _("%(words)s nothing") if resources == [] else _("%(words)s something")
        words = form % {"words": words}
    return Line(words, tuple(values), tuple(odd))


def _parted(value, is_known):
    """(what of a list is known, the rest); what is no list is not known as a whole."""
    if not isinstance(value, list):
        return [], value
    return [each for each in value if is_known(each)], [each for each in value if not is_known(each)]


def _heads(effect):
    """{(about publishing, about subscribing): how a sentence with that effect begins}."""
    if effect == "ALLOW":
        return {
            (True, True): _("Allows publishing and subscribing to"),
            (True, False): _("Allows publishing to"),
            (False, True): _("Allows subscribing to"),
            (False, False): _("Allows something with"),
        }
    if effect == "DENY":
        return {
            (True, True): _("Denies publishing and subscribing to"),
            (True, False): _("Denies publishing to"),
            (False, True): _("Denies subscribing to"),
            (False, False): _("Denies something with"),
        }
    return {
        (True, True): _("Has an effect on publishing and subscribing to"),
        (True, False): _("Has an effect on publishing to"),
        (False, True): _("Has an effect on subscribing to"),
        (False, False): _("Has an effect on"),
    }
