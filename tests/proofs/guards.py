"""What tests/test_guards.py breaks of who may ask what."""

from tests.support.guard import Guard

MATRIX = "tests/proofs/test_matrix.py::test_everybody_gets_what_the_table_says"
GUARDS = [
    Guard(
        "who may not change may not ask for the rest of a job either",
        "portal/operations/stepping.py",
        "    for right in (job.verb.right, right_to_requeue(job, actor)):",
        "    for right in (right_to_requeue(job, actor),):",
        (f"{MATRIX}[connections operations jobs approvals api]",),
    ),
    Guard(
        "pages of allauth take no PUT for a POST",
        "portal/teams/signin/methods.py",
        '(["GET", "POST"])',
        '(["GET", "POST", "PUT"])',
        (f"{MATRIX}[accounts profile others]",),
    ),
    Guard(
        "who is in no team is refused with an entry",
        "portal/audit/rights.py",
        "    with denials_recorded(line(verb, kind=KIND, actor=request.user, team=team)):",
        "    if True:",
        (f"{MATRIX}[teams people audit]",),
    ),
    Guard(
        "the right is asked before what the page showed is compared",
        "portal/resources/drift_page.py",
        "    require_recorded(request.user, RIGHT, row, entry)\n",
        "",
        (f"{MATRIX}[kinds]",),
    ),
]
