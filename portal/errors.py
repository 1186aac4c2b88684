"""Every error that the portal raises on purpose, named for what it means to the user.

PortalError
  NotAllowed           403  says which right is missing and who can grant it
  NotVisible           404  it does not exist for this person
  KeyReused            409  the operation key was used before with another request
  NotRepeatable        409  this operation cannot be asked for again; the message says why
  NotDecidable         409  there is nothing to decide (any more), or not like this
  RecordUnavailable    503  the record cannot be written; nothing was sent
  OutcomeUnrecorded    503  sent, but its answer could not be written; it will be looked up
  PlatformError
    Rejected           422  the platform said no: code, message, request id
      Missing               the object asked for does not exist (any more)
    NotSent            503  (a form shows it at 422) surely not executed: refused, DNS, TLS, sign-in, throttle
      SignInFailed          the platform did not accept the credentials
      Throttled             the platform said "later"; `retry_after` seconds if it said how long
      Paused                the platform failed so often that the portal leaves it alone for a while
      Busy                  another change of the same object is on its way
      Conflict              the object is not as it was when the form was opened
    Unclear            202  may or may not have happened: in doubt
"""


class PortalError(Exception):
    """Base of the tree; anything outside it is a bug and a 500."""


class NotAllowed(PortalError):
    """`right` is the missing right, `granted_by` the roles that may grant it (labels)."""

    def __init__(self, message, *, right="", granted_by=()):
        super().__init__(message)
        self.right = right
        self.granted_by = tuple(granted_by)


class NotVisible(PortalError):
    pass


class KeyReused(PortalError):
    """`operation` is the one that holds the key."""

    def __init__(self, message, *, operation=None):
        super().__init__(message)
        self.operation = operation


class NotRepeatable(PortalError):
    pass


class NotDecidable(PortalError):
    pass


class RecordUnavailable(PortalError):
    pass


class OutcomeUnrecorded(PortalError):
    def __init__(self, message, *, operation=None):
        super().__init__(message)
        self.operation = operation


class PlatformError(PortalError):
    """What a platform answered, or did not.

    `status` HTTP status or None when none arrived, `code` and `request_id` the platform's own ("" when it
    gave none), `part` the failing part of a connection test (address, tls, clock, sign_in, signature,
    project, instance, edition, permission or ""), `duration_ms` whole milliseconds.
    """

    def __init__(self, message, *, status=None, code="", request_id="", part="", data=None, duration_ms=0):
        super().__init__(message)
        self.message = message
        self.status = status
        self.code = str(code)
        self.request_id = request_id
        self.part = part
        self.data = data
        self.duration_ms = duration_ms


class Rejected(PlatformError):
    pass


class Missing(Rejected):
    pass


class NotSent(PlatformError):
    pass


class SignInFailed(NotSent):
    pass


class Throttled(NotSent):
    def __init__(self, message, *, retry_after=None, **details):
        super().__init__(message, **details)
        self.retry_after = retry_after


class Paused(NotSent):
    pass


class Busy(NotSent):
    pass


class Conflict(NotSent):
    pass


class Unclear(PlatformError):
    pass
