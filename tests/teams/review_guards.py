"""Guards of single sign-on, crowds, and the pages that say who can do what."""

from tests.support.guard import Guard

SSO, ONLY = "tests/teams/test_single_sign_on.py::", "tests/teams/test_sso_only.py::"
CROWDS, SERVING = "tests/teams/test_crowds.py::", "tests/home/test_serving.py::"
GUARDS = [
    Guard(
        "who confirms at the provider was asked there",
        "portal/teams/signin/sso.py",
        "    if proven_at is None or time.time() - proven_at >= settings.CONFIRM_SECONDS:",
        "    if proven_at == 0:",
        (f"{SSO}test_who_came_by_single_sign_on_confirms_it_there",),
    ),
    Guard(
        "a sign-in at the provider confirms what it asked",
        "portal/teams/accounts.py",
        "        if hasattr(request, account_events.PROVEN_AT):",
        "        if not request:",
        (f"{SSO}test_a_sign_in_confirms_only_what_the_provider_asked_lately",),
    ),
    Guard(
        "an id belongs to its issuer",
        "portal/teams/signin/sso.py",
        "        sociallogin.account.provider = account_events.link_of(settings.OIDC_ISSUER)\n",
        "",
        (f"{SSO}test_an_equal_id_at_another_issuer_is_somebody_else",),
    ),
    Guard(
        "a passkey leads nobody past the groups",
        "portal/teams/accounts.py",
        '        if is_for_sso(user) and "sso" not in',
        '        if user is None and "sso" not in',
        (f"{ONLY}test_a_passkey_opens_for_administrators_alone[False-403]",),
    ),
    Guard(
        "who loses a group lets go",
        "portal/teams/service.py",
        "        leaving.let_go(person, actor=person, team=team)\n",
        "        pass\n",
        (f"{ONLY}test_who_loses_a_membership_with_a_group_holds_nothing_in_the_team",),
    ),
    Guard(
        "passwords that wait hold not all threads",
        "portal/teams/signin/hashing.py",
        "BoundedSemaphore(AT_ONCE + WAITING)",
        "BoundedSemaphore(AT_ONCE + 99)",
        (f"{CROWDS}test_who_finds_no_place_is_told_at_once_and_keeps_the_address",),
    ),
    Guard(
        "an address gets so many mails for a new password",
        "portal/teams/letters.py",
        "    if asked_at and _had_enough(",
        "    if not asked_at and _had_enough(",
        (f"{CROWDS}test_an_address_gets_so_many_mails_for_a_new_password_and_nobody_is_told[span0-3]",),
    ),
    Guard(
        "threads get whole requests",
        "portal/home/serving.py",
        "        if self.cfg.is_ssl:\n            return super().enqueue_req(conn)",
        "        if True:\n            return super().enqueue_req(conn)",
        (f"{SERVING}test_sockets_that_are_idle_slow_or_do_not_read_stop_nobody",),
    ),
    Guard(
        "a body says how long it is",
        "portal/web/bounding.py",
        '        if request.META.get("HTTP_TRANSFER_ENCODING"):',
        '        if request.META.get("HTTP_TRANSFER_ENCODINGS"):',
        (f"{SERVING}test_a_program_is_told_why",),
    ),
    Guard(
        "an owner confirms what they saw",
        "portal/teams/review.py",
        "        if digest_of(members) != digest:",
        "        if not digest:",
        ("tests/teams/test_access_review.py::test_what_changed_while_somebody_looked_is_not_confirmed",),
    ),
    Guard(
        "a place is named to who may see it",
        "portal/teams/who.py",
        "    widest = EVERYWHERE if access.audits_portal(viewer) else",
        "    widest = EVERYWHERE if viewer else",
        ("tests/teams/test_who.py::test_a_place_is_named_to_who_may_see_it_and_counted_to_others",),
    ),
    Guard(
        "no password of an address is on the page of settings",
        "portal/home/in_force.py",
        "{parts.netloc.rpartition('@')[2]}",
        "{parts.netloc}",
        ("tests/home/test_settings_page.py::test_no_secret_is_on_it",),
    ),
    Guard(
        "settings are for administrators",
        "portal/home/settings_views.py",
        "    access.require_portal_admin(request.user)\n    return _page",
        "    return _page",
        ("tests/home/test_settings_page.py::test_administrators_alone_see_it_and_nothing_of_a_team",),
    ),
]
