"""Background tasks of the record. Rows say what there is to do: a lost or repeated task loses nothing."""

from django_tasks import task

from portal.record import checking, sinks


@task()
def deliver(address):
    """Bring a sink what it lacks; what is left when its time is over is asked for again."""
    sinks.deliver(address)


@task()
def verify(id):
    """Check the whole record, as somebody asked for."""
    checking.run(id)
