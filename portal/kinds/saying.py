"""Entries of the record as sentences: "mei@example.com created soft bus LineA-Bus on Plant 3".

Made from what the entry keeps, so it reads well after its object is gone; an unknown verb or kind, of a later
or earlier version, is named as it is written. What did not happen, or may not have, was "tried".
"""

from django.utils.html import escape
from django.utils.safestring import mark_safe
from django.utils.translation import gettext as _now
from django.utils.translation import gettext_lazy as _

from portal.kinds.registry import KINDS
from portal.outside import isolated, name_or_id
from portal.web.guests import guest

# {outcome: whether it happened}; what is not here was tried.
HAPPENED = frozenset({"done", "partly", "found", "ok", "shown", "noted"})
# {kind of the portal's own things: what one is called}
NOUNS = {
    "portal/connections": _("connection"),
    "portal/members": _("member"),
    "portal/teams": _("team"),
    "portal/accounts": _("account"),
    "portal/tokens": _("API token"),
    "portal/record": _("audit log"),
    "portal/keys": _("keys"),
}
# {verb: (what was done, what was tried, what the verb is called)}
VERBS = {
    "create": (_("%(who)s created %(what)s"), _("%(who)s tried to create %(what)s"), _("create")),
    "update": (_("%(who)s changed %(what)s"), _("%(who)s tried to change %(what)s"), _("change")),
    "delete": (_("%(who)s deleted %(what)s"), _("%(who)s tried to delete %(what)s"), _("delete")),
    "sync": (_("%(who)s synced %(what)s"), _("%(who)s tried to sync %(what)s"), _("sync")),
    "reset-key": (
        _("%(who)s reset the key of %(what)s"),
        _("%(who)s tried to reset the key of %(what)s"),
        _("reset key"),
    ),
    "bind": (_("%(who)s bound %(what)s"), _("%(who)s tried to bind %(what)s"), _("bind")),
    "unbind": (_("%(who)s unbound %(what)s"), _("%(who)s tried to unbind %(what)s"), _("unbind")),
    "enable": (_("%(who)s enabled %(what)s"), _("%(who)s tried to enable %(what)s"), _("enable")),
    "disable": (_("%(who)s disabled %(what)s"), _("%(who)s tried to disable %(what)s"), _("disable")),
    "replace": (_("%(who)s replaced %(what)s"), _("%(who)s tried to replace %(what)s"), _("replace")),
    "refresh": (_("%(who)s refreshed %(what)s"), _("%(who)s tried to refresh %(what)s"), _("refresh")),
    "found": (
        _("%(what)s was found changed, not through the portal"),
        _("%(what)s was found changed, not through the portal"),
        _("found changed"),
    ),
    "accept_found": (
        _("%(who)s accepted what was found changed: %(what)s"),
        _("%(who)s tried to accept what was found changed: %(what)s"),
        _("accept what was found"),
    ),
    "connection_test": (_("%(who)s tested %(what)s"), _("%(who)s tested %(what)s"), _("test connection")),
    "connection_try": (
        _("%(who)s ended the pause of %(what)s"),
        _("%(who)s tried to end the pause of %(what)s"),
        _("end pause"),
    ),
    "credentials_rotate": (
        _("%(who)s sealed the stored secrets with a new key"),
        _("%(who)s tried to seal the stored secrets with a new key"),
        _("seal with a new key"),
    ),
    "team_create": (
        _("%(who)s created team %(name)s"),
        _("%(who)s tried to create team %(name)s"),
        _("create team"),
    ),
    "member_add": (
        _("%(who)s added %(name)s to the team"),
        _("%(who)s tried to add %(name)s to the team"),
        _("add member"),
    ),
    "member_join": (
        _("%(who)s accepted an invitation to the team"),
        _("%(who)s tried to accept an invitation to the team"),
        _("accept invitation"),
    ),
    "invite": (
        _("%(who)s invited %(name)s to the team"),
        _("%(who)s tried to invite %(name)s to the team"),
        _("invite"),
    ),
    "invite_again": (
        _("%(who)s sent the invitation to %(name)s again"),
        _("%(who)s tried to send the invitation to %(name)s again"),
        _("send invitation again"),
    ),
    "invite_revoke": (
        _("%(who)s revoked the invitation to %(name)s"),
        _("%(who)s tried to revoke the invitation to %(name)s"),
        _("revoke invitation"),
    ),
    "member_role": (
        _("%(who)s changed the role of %(name)s"),
        _("%(who)s tried to change the role of %(name)s"),
        _("change role"),
    ),
    "member_places": (
        _("%(who)s changed what the membership of %(name)s covers"),
        _("%(who)s tried to change what the membership of %(name)s covers"),
        _("change places"),
    ),
    "member_remove": (
        _("%(who)s removed %(name)s from the team"),
        _("%(who)s tried to remove %(name)s from the team"),
        _("remove member"),
    ),
    "access_review": (
        _("%(who)s reviewed who has access to %(name)s"),
        _("%(who)s tried to review who has access to %(name)s"),
        _("review access"),
    ),
    "mail_test": (
        _("%(who)s sent a test mail to %(name)s"),
        _("%(who)s tried to send a test mail to %(name)s"),
        _("test mail"),
    ),
    "team_mfa": (
        _("%(who)s changed whether members of %(name)s need a second factor"),
        _("%(who)s tried to change whether members of %(name)s need a second factor"),
        _("change second factor rule"),
    ),
    "auditor_exception": (
        _("%(who)s decided whether %(name)s, a portal auditor, may change things"),
        _("%(who)s tried to decide whether %(name)s, a portal auditor, may change things"),
        _("exception for an auditor"),
    ),
    "team_rules": (
        _("%(who)s changed the rules of %(name)s"),
        _("%(who)s tried to change the rules of %(name)s"),
        _("change team rules"),
    ),
    "approval_ask": (
        _("%(who)s asked for approval of a change of %(what)s"),
        _("%(who)s tried to ask for approval of a change of %(what)s"),
        _("ask for approval"),
    ),
    "approval_give": (
        _("%(who)s approved a change of %(what)s"),
        _("%(who)s tried to approve a change of %(what)s"),
        _("approve"),
    ),
    "approval_refuse": (
        _("%(who)s refused a change of %(what)s"),
        _("%(who)s tried to refuse a change of %(what)s"),
        _("refuse"),
    ),
    "approval_withdraw": (
        _("%(who)s withdrew a change of %(what)s that waited for approval"),
        _("%(who)s tried to withdraw a change of %(what)s that waited for approval"),
        _("withdraw"),
    ),
    "approval_void": (
        _("A change of %(what)s that waited for approval became void"),
        _("A change of %(what)s that waited for approval became void"),
        _("void approval"),
    ),
    "approval_expire": (
        _("Nobody decided in time about a change of %(what)s"),
        _("Nobody decided in time about a change of %(what)s"),
        _("expired approval"),
    ),
    "sign_in": (_("%(who)s signed in"), _("%(who)s tried to sign in"), _("sign in")),
    "sign_in_again": (
        _("%(who)s confirmed who they are"),
        _("%(who)s tried to confirm who they are"),
        _("confirm identity"),
    ),
    "sign_in_failed": (
        _("%(who)s tried to sign in"),
        _("%(who)s tried to sign in and failed"),
        _("failed sign-in"),
    ),
    "sign_out": (_("%(who)s signed out"), _("%(who)s tried to sign out"), _("sign out")),
    "session_end": (
        _("A session of %(name)s ended"),
        _("A session of %(name)s ended"),
        _("end of session"),
    ),
    "password_change": (
        _("%(who)s changed the password of %(name)s"),
        _("%(who)s tried to change the password of %(name)s"),
        _("change password"),
    ),
    "password_set": (
        _("%(who)s set the password of %(name)s"),
        _("%(who)s tried to set the password of %(name)s"),
        _("set password"),
    ),
    "password_void": (
        _("The password of %(name)s was made void, because somebody else had set it"),
        _("The password of %(name)s was made void, because somebody else had set it"),
        _("make password void"),
    ),
    "reset_ask": (
        _("%(who)s asked for a link to choose a new password for %(name)s"),
        _("%(who)s tried to ask for a link to choose a new password for %(name)s"),
        _("ask for password reset"),
    ),
    "mfa_add": (
        _("%(who)s added an authenticator app"),
        _("%(who)s tried to add an authenticator app"),
        _("add authenticator app"),
    ),
    "mfa_remove": (
        _("%(who)s removed the authenticator app"),
        _("%(who)s tried to remove the authenticator app"),
        _("remove authenticator app"),
    ),
    "passkey_add": (
        _("%(who)s added a passkey"),
        _("%(who)s tried to add a passkey"),
        _("add passkey"),
    ),
    "passkey_remove": (
        _("%(who)s removed a passkey"),
        _("%(who)s tried to remove a passkey"),
        _("remove passkey"),
    ),
    "recovery_codes_make": (
        _("%(who)s made recovery codes"),
        _("%(who)s tried to make recovery codes"),
        _("make recovery codes"),
    ),
    "recovery_codes_show": (
        _("%(who)s looked at their recovery codes"),
        _("%(who)s tried to look at their recovery codes"),
        _("show recovery codes"),
    ),
    "recovery_code_use": (
        _("%(who)s used a recovery code"),
        _("%(who)s tried to use a recovery code"),
        _("use recovery code"),
    ),
    "token_create": (
        _("%(who)s created %(what)s"),
        _("%(who)s tried to create %(what)s"),
        _("create API token"),
    ),
    "token_narrow": (
        _("%(who)s let %(what)s do less"),
        _("%(who)s tried to let %(what)s do less"),
        _("narrow API token"),
    ),
    "token_revoke": (
        _("%(who)s revoked %(what)s"),
        _("%(who)s tried to revoke %(what)s"),
        _("revoke API token"),
    ),
    "token_failed": (
        _("A program used %(what)s"),
        _("A program was refused with %(what)s"),
        _("refused API token"),
    ),
    "session_revoke": (
        _("%(who)s ended sessions of their own"),
        _("%(who)s tried to end sessions of their own"),
        _("end sessions"),
    ),
    "account_activate": (
        _("%(who)s activated the account of %(name)s"),
        _("%(who)s tried to activate the account of %(name)s"),
        _("activate account"),
    ),
    "account_deactivate": (
        _("%(who)s deactivated the account of %(name)s"),
        _("%(who)s tried to deactivate the account of %(name)s"),
        _("deactivate account"),
    ),
    "account_let_go": (
        _("%(who)s ended what %(name)s still held"),
        _("%(who)s tried to end what %(name)s still held"),
        _("end what a person held"),
    ),
    "export_list": (
        _("%(who)s exported a list of %(kind)s"),
        _("%(who)s tried to export a list of %(kind)s"),
        _("export list"),
    ),
    "read_record": (
        _("%(who)s read the audit log"),
        _("%(who)s tried to read the audit log"),
        _("read audit log"),
    ),
    "export": (
        _("%(who)s exported the audit log"),
        _("%(who)s tried to export the audit log"),
        _("export audit log"),
    ),
    "verify": (
        _("%(who)s had the audit log checked"),
        _("%(who)s tried to have the audit log checked"),
        _("check audit log"),
    ),
    "retention": (
        _("%(who)s changed how long the audit log of %(name)s is kept"),
        _("%(who)s tried to change how long the audit log of %(name)s is kept"),
        _("change retention"),
    ),
    "drop_bodies": (
        _("%(who)s deleted old bodies from the audit log"),
        _("%(who)s tried to delete old bodies from the audit log"),
        _("delete old bodies"),
    ),
}
SAME = {
    "connection_create": "create",
    "connection_update": "update",
    "connection_delete": "delete",
    "account_create": "create",
    "account_update": "update",
}


def kind_label(slug):
    """What objects of a kind are called in a list of kinds: "Soft buses (iotda)"."""
    if slug in KINDS:
        return f"{KINDS[slug].plural} ({KINDS[slug].platform})"
    return str(NOUNS[slug]).capitalize() if slug in NOUNS else slug


def verb_label(verb, kind=""):
    """What a verb is called; as it is written where nobody knows it."""
    if verb in SAME:
        return verb_label(SAME[verb])
    if verb in VERBS:
        return str(VERBS[verb][2])
    if label := _label_in_kind(verb, kind):
        return label
    labels = [label for slug in KINDS if (label := _label_in_kind(verb, slug))]
    return labels[0] if labels else verb


def sentence(entry, *, outcome="", name="", id=""):
    """What an entry says, as HTML. `outcome`, `name` and `id` are those of later steps, if they know more."""
    return mark_safe(_sentence(entry, outcome, name, id, guest, escape))  # noqa: S308 - its parts are escaped


def plain(entry, *, outcome="", name="", id=""):
    """The same as plain text, for titles."""
    return _sentence(entry, outcome, name, id, isolated, str)


def _sentence(entry, outcome, name, id, shown, written):
    done, tried = _patterns(entry.verb, entry.kind)
    pattern = done if (outcome or entry.outcome) in HAPPENED else tried
    name = shown(name_or_id(name or entry.object_name, id or entry.object_id))
    noun = _noun(entry.kind)
    what = written(_now("%(noun)s %(name)s")) if name and noun else written("%(noun)s%(name)s")
    what = what % {"noun": shown(noun), "name": name} if name or noun else written(_now("something"))
    if entry.connection and entry.kind != "portal/connections":
        what = written(_now("%(what)s on %(place)s")) % {"what": what, "place": shown(entry.connection)}
    who = shown(entry.who or _now("Somebody"))
    kind = shown(str(KINDS[entry.kind].plural) if entry.kind in KINDS else entry.kind)
    verb = shown(verb_label(entry.verb, entry.kind))
    return written(str(pattern)) % {"who": who, "what": what, "name": name or who, "kind": kind, "verb": verb}


def _patterns(verb, kind):
    verb = SAME.get(verb, verb)
    if verb in VERBS:
        return VERBS[verb][:2]
    return _("%(who)s: %(verb)s, %(what)s"), _("%(who)s tried: %(verb)s, %(what)s")


def _noun(slug):
    """What one object of a kind is called inside a sentence."""
    if slug not in KINDS:
        return str(NOUNS.get(slug, slug))
    label = str(KINDS[slug].label)
    return label if label[1:2].isupper() or label.startswith("Harmony") else label[:1].lower() + label[1:]


def _label_in_kind(verb, slug):
    labels = [str(each.label) for each in KINDS[slug].verbs if each.name == verb] if slug in KINDS else []
    return labels[0] if labels else ""
