"""While an operation talks to its platform, what the platform says is scrubbed of the operation's secrets."""

from functools import wraps

from portal.platforms.quoting import also


def quoting(function):
    """For a function whose first argument is the operation: messages and codes are scrubbed before they are
    cut. The objects in answers stay exact, because they are compared with what was sent."""

    @wraps(function)
    def quoted(operation, *args, **options):
        with also(operation.scrubber()):
            return function(operation, *args, **options)

    return quoted
