"""Background tasks. Rows are the truth about what there is to do: a lost or repeated task loses nothing."""

from django_tasks import task

from portal.operations import approving, stepping


@task()
def carry_on(job_id):
    """Go on with a job for one slice; the rest is a new task, so that others get their turn."""
    if stepping.carry_on(job_id):
        carry_on.enqueue(job_id)


@task()
def resume(operation_id):
    """Request what was approved and not sent, because the portal stopped before."""
    approving.resume(operation_id)
