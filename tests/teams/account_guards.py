"""Guards of accounts and invitations."""

from tests.support.guard import Guard

INVITATIONS, LEAVING = "tests/teams/test_invitations.py::", "tests/teams/test_leaving.py::"
GUARDS = [
    Guard(
        "an invitation works once",
        "portal/teams/invitations.py",
        "        invitation.delete()\n        after",
        "        after",
        (f"{INVITATIONS}test_what_does_not_count_looks_the_same_and_names_nobody",),
    ),
    Guard(
        "what whoever invited may do is asked again when it is accepted",
        "portal/teams/invitations.py",
        "    if not counts(found):",
        "    if counts(found) is None:",
        (f"{INVITATIONS}test_an_invitation_of_somebody_who_may_no_longer_invite_is_void",),
    ),
    Guard(
        "nobody gives a role above their own",
        "portal/teams/access.py",
        "    if role not in roles_to_give(user, team):",
        "    if role not in Role:",
        (f"{INVITATIONS}test_nobody_gives_a_role_above_their_own",),
    ),
    Guard(
        "of a token only its digest is kept",
        "portal/teams/invitations.py",
        '    return hashlib.sha256(token.encode(errors="replace")).hexdigest()',
        "    return token",
        (f"{INVITATIONS}test_the_token_stands_in_the_mail_alone",),
    ),
    Guard(
        "the page for a forgotten password looks for no account",
        "portal/teams/resets.py",
        "    def clean_email(self):",
        "    def clean_nothing(self):",
        ("tests/teams/test_resets.py::test_the_page_itself_does_not_look_for_the_account",),
    ),
    Guard(
        "the sessions of an account that is switched off do not come back",
        "portal/teams/people.py",
        "        ended = leaving.end_sessions_of(row)\n",
        "        ended = 1\n",
        (f"{LEAVING}test_an_account_that_is_switched_off_is_out_at_once_and_nothing_of_it_goes_on",),
    ),
    Guard(
        "a team keeps an owner whose account works",
        "portal/teams/people.py",
        "        _keep_owners(person, teams)\n",
        "",
        (f"{LEAVING}test_a_team_keeps_an_owner_whose_account_works",),
    ),
]
