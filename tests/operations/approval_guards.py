"""Guards of rules and approvals."""

from tests.support.guard import Guard

RULES, APPROVALS = "tests/operations/test_rules.py::", "tests/operations/test_approvals.py::"
GUARDS = [
    Guard(
        "a change is held against the rules where it is committed",
        "portal/operations/service.py",
        "    checks = [lambda: rules.admit([change], grant)]",
        "    checks = [lambda: entries.lock_account(change.connection)]",
        (f"{RULES}test_a_service_asks_whoever_calls_it",),
    ),
    Guard(
        "a job is held against the rules where it is committed",
        "portal/operations/together.py",
        "            rules.admit(changes, grant)\n",
        "",
        (f"{RULES}TestJobs::test_are_asked_once_for_all_steps",),
    ),
    Guard(
        "what nobody knows may deny",
        "portal/operations/rules.py",
        "    return kind.denies(values) is not False",
        "    return kind.denies(values) is True",
        (f"{RULES}TestDenying::test_what_is_bound_counts_and_so_does_what_nobody_knows",),
    ),
    Guard(
        "nobody approves what they asked for",
        "portal/operations/approvals.py",
        """    require_recorded(actor, "approve", approval, about)
    if approval.actor_id == actor.pk:""",
        """    require_recorded(actor, "approve", approval, about)
    if not actor.pk:""",
        (f"{APPROVALS}test_who_may_not_decide_is_refused_and_that_is_recorded",),
    ),
    Guard(
        "an approver may do it themselves",
        "portal/operations/approving.py",
        "                require_recorded(actor, right, thing, about)\n",
        "                pass\n",
        (f"{APPROVALS}test_an_approver_needs_the_rights_that_the_change_takes",),
    ),
    Guard(
        "an approval is taken up once",
        "portal/operations/approvals.py",
        """    rows = Approval.objects.filter(pk=approval.pk, state=ApprovalState.WAITING)
    if not rows""",
        """    rows = Approval.objects.filter(pk=approval.pk)
    if not rows""",
        ("tests/operations/test_approvals_at_once.py::test_of_two_approvers_at_once_one_sends_it",),
    ),
    Guard(
        "that it is approved is committed with what comes of it",
        "portal/operations/life.py",
        "        lines = [take(), *lines] if take else lines\n",
        "",
        (f"{APPROVALS}test_nothing_is_sent_before_somebody_approved",),
    ),
    Guard(
        "other rules make an approval void",
        "portal/operations/rules.py",
        "    if grant and grant.by and sorted(found) != grant.approval.demands:",
        "    if grant and not changes:",
        (f"{APPROVALS}TestWhatMakesItVoid::test_a_rule_fell_away",),
    ),
    Guard(
        "another request makes an approval void",
        "portal/operations/keeping.py",
        """    if change.body_hash != each["body_hash"] or change.request != each["request"]:""",
        "    if not change.kind:",
        (f"{APPROVALS}TestWhatMakesItVoid::test_what_was_kept_was_changed",),
    ),
    Guard(
        "another object makes an approval void",
        "portal/operations/approving.py",
        "        if names := keeping.changed_since(seen, now):",
        "        if names := keeping.changed_since({}, now):",
        (f"{APPROVALS}TestWhatMakesItVoid::test_the_object_was_changed",),
    ),
    Guard(
        "the object is held against what was approved just before it is sent",
        "portal/operations/service.py",
        "            raise Conflict(CHANGED_SINCE(",
        "            Conflict(CHANGED_SINCE(",
        (f"{APPROVALS}test_what_changes_while_it_is_approved_is_not_overwritten",),
    ),
    Guard(
        "nobody reviews what they did",
        "portal/teams/grants.py",
        "    return frozenset(ALLOWED) - CHANGING if is_portal_auditor and not exception else None",
        "    return None",
        ("tests/teams/test_auditor_exception.py::test_they_change_nothing_whatever_their_role",),
    ),
]
