"""Guards of signing in."""

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
]
