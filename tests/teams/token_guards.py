"""Guards of the API's tokens."""

from tests.support.guard import Guard

API, TEAMS = "tests/api/test_tokens.py::", "tests/teams/test_tokens.py::"
CALLS = "tests/api/test_call_limits.py::"
GUARDS = [
    Guard(
        "a token does no more than it was made for",
        "portal/teams/tokens/using.py",
        "Limits(token.team_id, frozenset(token.rights),",
        "Limits(token.team_id, frozenset(access.ALLOWED),",
        (f"{API}test_it_does_no_more_than_it_was_made_for",),
    ),
    Guard(
        "of a token only its digest is kept",
        "portal/teams/tokens/text.py",
        "    return hashlib.sha256(text.encode()).hexdigest()",
        "    return text[-72:-8]",
        (f"{API}test_nothing_keeps_the_text_of_a_token",),
    ),
    Guard(
        "a token is known by its whole text",
        "portal/teams/tokens/using.py",
        "    return row if row and is_it else None",
        "    return row",
        (f"{API}test_made_up_tokens_get_one_answer_whatever_is_wrong",),
    ),
    Guard(
        "a token ends by its date",
        "portal/teams/tokens/using.py",
        "    if token.expires_at <= timezone.now():",
        "    if not token.expires_at:",
        (f"{API}test_who_has_a_token_that_does_not_work_is_told_why[expired]",),
    ),
    Guard(
        "who comes back to a team has none of their old tokens",
        "portal/teams/tokens/using.py",
        "    if token.membership_id is None or access",
        "    if access",
        (f"{API}test_who_comes_back_to_the_team_has_none_of_the_old_tokens",),
    ),
    Guard(
        "work that waited does no more than its token then",
        "portal/teams/tokens/using.py",
        "    if token is not None and why_not(token, person):",
        "    if token is None:",
        (f"{API}test_what_waited_for_its_turn_does_no_more_than_the_token_then",),
    ),
    Guard(
        "pages know no tokens",
        "portal/teams/bearer.py",
        ' or not getattr(view, "takes_tokens", False):',
        ":",
        (f"{API}test_pages_know_no_tokens[/]",),
    ),
    Guard(
        "wrong tokens are counted by address",
        "portal/teams/bearer.py",
        "        limits.Try((limits.TOKEN, limits.network(address)))",
        "        limits.network(address)",
        (f"{API}test_guesses_wait_and_genuine_tokens_do_not",),
    ),
    Guard(
        "a token gets no wider",
        "portal/teams/tokens/service.py",
        "        _require_narrower(row, rights, places, addresses, until)\n",
        "",
        (f"{TEAMS}test_a_service_call_cannot_widen_it_either",),
    ),
    Guard(
        "nobody gives a token a right that they lack",
        "portal/teams/tokens/service.py",
        "            access.require(actor, right, team)\n",
        "            right.strip()\n",
        (f"{TEAMS}test_nobody_gives_a_right_that_they_lack",),
    ),
    Guard(
        "a token is its person's alone",
        "portal/teams/token_forms.py",
        ".filter(user=person.pk, pk=id)",
        ".filter(pk=id)",
        (f"{TEAMS}test_ids_of_others_lead_nowhere",),
    ),
    Guard(
        "what a token has too many is not counted against its team",
        "portal/teams/tokens/calls.py",
        "        if refusal is None:\n            refusal",
        "        if True:\n            refusal",
        (f"{CALLS}test_a_token_has_so_many_calls_in_a_minute",),
    ),
    Guard(
        "a token that somebody typed anywhere is not recorded",
        "portal/record/redaction.py",
        '    if "iot_" in value:',
        '    if "iot_" in secrets:',
        ("tests/record/test_redaction.py::test_a_token_of_the_api_is_taken_out_of_the_text_around_it",),
    ),
]
