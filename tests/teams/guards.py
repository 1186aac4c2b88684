"""Guards of signing in, and of narrowed memberships."""

from tests.support.guard import Guard

GUARDS = [
    Guard(
        "guesses take their turn before anything is compared",
        "portal/teams/signin/limits.py",
        "                raise TooMany(-(-held // timedelta(seconds=1)))",
        "                pass",
        ("tests/teams/test_guessing.py::test_guesses_at_once_are_all_counted",),
    ),
    Guard(
        "strangers shut nobody out",
        "portal/teams/accounts.py",
        "        if browser:",
        "        if not person:",
        (
            "tests/teams/test_guessing.py"
            "::test_a_stranger_waits_longer_and_longer_and_the_owner_signs_in_at_once",
        ),
    ),
    Guard(
        "a second factor's secret opens for its person alone",
        "portal/teams/signin/second_factors.py",
        """    return f"mfa:{_whose.get() or context.request.user.pk}\"""",
        """    return "mfa\"""",
        ("tests/teams/test_second_factors.py::test_secrets_lie_sealed_and_open_for_their_person_alone",),
    ),
    Guard(
        "other sessions end with a changed second factor",
        "portal/teams/signin/second_factors.py",
        "                    sessions.end_others(request)\n",
        "",
        (
            "tests/teams/test_second_factors.py"
            "::test_a_changed_second_factor_is_recorded_and_ends_other_sessions",
        ),
    ),
    Guard(
        "an address that nobody verified links no account",
        "portal/teams/signin/sso.py",
        'claims.get("email_verified") is not True or',
        "",
        (
            "tests/teams/test_single_sign_on.py"
            "::test_an_account_is_linked_only_by_an_address_that_was_verified[False]",
        ),
    ),
    Guard(
        "a narrowed person sees their places alone",
        "portal/teams/access.py",
        "        if grant.places.is_everywhere:\n            whole.append(team)",
        "        if True:\n            whole.append(team)",
        ("tests/teams/test_narrowing.py::test_operations_and_the_record_show_what_is_in_the_space",),
    ),
    Guard(
        "lists hold what is in the spaces of whoever looks",
        "portal/resources/listing.py",
        "filtered(in_places(wanted.user, rows, connections), wanted.filters)",
        "filtered(rows, wanted.filters)",
        (
            "tests/teams/test_narrowing.py::test_lists_trees_and_exports_hold_only_what_is_in_the_space[iotda/device-groups]",
        ),
    ),
    Guard(
        "what a look by id finds elsewhere is not kept",
        "portal/resources/reading.py",
        "[each for each in ask(kind.bound(client)) if _is_open(kind, connection, each, user)]",
        "ask(kind.bound(client))",
        ("tests/teams/test_narrowing.py::test_a_search_and_a_foreign_id_find_nothing_and_keep_nothing",),
    ),
    Guard(
        "what a change names has to be inside",
        "portal/operations/reach.py",
        "[*found, *_named(change)] if is_read else found",
        "found",
        ("tests/teams/test_narrowing.py::test_what_a_change_names_has_to_be_inside_too",),
    ),
    Guard(
        "a job is seen if all of its steps are",
        "portal/teams/access.py",
        "Exists(all_of_it) & ~Exists(",
        "Exists(all_of_it) | ~Exists(",
        ("tests/teams/test_narrowing.py::test_a_job_with_a_step_outside_is_not_there",),
    ),
    Guard(
        "nobody gives more than they have",
        "portal/teams/access.py",
        "if not places.within(mine.places):",
        "if False:",
        ("tests/teams/test_narrowing_members.py::test_a_narrowed_manager_invites_within_their_places_only",),
    ),
    Guard(
        "an invitation gives what whoever sent it still has",
        "portal/teams/invitations.py",
        " and Places.of(invitation.places).within(mine)",
        "",
        (
            "tests/teams/test_narrowing_members.py::test_an_invitation_is_void_when_whoever_invited_has_those_places_no_more",
        ),
    ),
    Guard(
        "a narrowed owner is no last owner",
        "portal/teams/models.py",
        "role=Role.OWNER, places__isnull=True, user",
        "role=Role.OWNER, user",
        (
            "tests/teams/test_narrowing_members.py::test_a_narrowed_owner_changes_no_members_and_is_no_last_owner",
        ),
    ),
]
