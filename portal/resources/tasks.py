"""Background tasks. Rows are the truth about what there is to do: a lost or repeated task loses nothing."""

from django_tasks import task

from portal.resources import refreshing


@task()
def refresh(connection_id, slug):
    """Go on with a refresh for one slice; the rest is a new task, so that others get their turn."""
    if refreshing.run(connection_id, slug):
        refresh.enqueue(connection_id, slug)
