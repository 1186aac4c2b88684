"""The rights that a token may have: those that the API asks for. None of them runs the team."""

from django.utils.translation import gettext_lazy as _

from portal.teams import access

# Every token has these, as far as its person has them.
READING = ("view", "read_own_record")
# What people choose, each with its words.
CHANGING = {
    "create": _("create"),
    "update": _("update"),
    "sync": _("sync"),
    "refresh": _("refresh lists"),
    "group_membership": _("change group members"),
    "enable": _("enable"),
}
DANGEROUS = {
    "delete": _("delete"),
    "bind": _("bind"),
    "unbind": _("unbind"),
    "edit_bound_policy": _("edit a bound policy"),
    "disable": _("disable"),
    "replace": _("replace"),
    "reset_key": _("reset a key"),
}
WORDS = CHANGING | DANGEROUS


def of(person, team):
    """The rights that the person can give to a token for the team now."""
    return {right for right in (*READING, *WORDS) if access.may(person, right, team)}


def told(rights):
    """The rights in words, for people: "read, create, update"."""
    return ", ".join([str(_("read")), *(str(words) for right, words in WORDS.items() if right in rights)])
