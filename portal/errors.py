"""All errors that the portal raises on purpose, named for what they mean to the user.

PortalError
  NotAllowed           403  says which right is missing and who can grant it
  NotVisible           404  it does not exist for this person
  Ambiguous            300  (409 for programs) several objects have the id of the address
  KeyReused            409  the operation key was used before with another request
  NotRepeatable        409  this operation cannot be requested again; the message says why
  NotDecidable         409  this operation needs no decision, or this decision is not possible
  WhyMissing           422  the team's rules ask for a reason or a ticket that is missing; nothing was sent
  NeedsApproval        409  the team's rules ask for an approval, and nobody can be asked for it from here
  Waits                202  it waits for somebody's approval; nothing was sent yet
  RecordUnavailable    503  the record cannot be written; nothing was sent
  TooBusy              503  more people want this at once than the machine can serve
  OutcomeUnrecorded    503  sent, but the answer could not be saved; the portal looks it up later
  PlatformError
    Rejected           422  the platform said no: code, message, request id
      Missing               the object does not exist (any more)
    NotSent            503  (422 in a form) certainly not executed: refused, DNS, TLS, sign-in, throttled
      SignInFailed          the platform did not accept the credentials
      Throttled             too many requests; `retry_after` in seconds if the platform said how long to wait
        Crowded             too many requests wait for platforms already; it is not tried again by itself
      Paused                the platform failed repeatedly, so the portal makes no calls for a while
      Busy                  another change of the same object has not ended
      Conflict              the object changed after the form was opened
    Unclear            202  may or may not have happened: in doubt
"""


class PortalError(Exception):
    """Base of the tree. Any other exception is a bug and gives a 500.

    `message` is a Said (portal.words) if the portal says it, and a plain str if the platform does.
    """

    def __init__(self, message=""):
        super().__init__(message)
        self.message = message


class NotAllowed(PortalError):
    """`right` is the missing right, `granted_by` are the labels of the roles that can grant it."""

    def __init__(self, message, *, right="", granted_by=()):
        super().__init__(message)
        self.message = message
        self.right = right
        self.granted_by = tuple(granted_by)


class NotVisible(PortalError):
    pass


class Ambiguous(PortalError):
    """`kind` is theirs, and `rows` are their mirror rows, each with `place`: what its id is unique within."""

    def __init__(self, message, *, kind, rows):
        super().__init__(message)
        self.kind, self.rows = kind, tuple(rows)


class KeyReused(PortalError):
    """`operation` is the one that already has the key."""

    def __init__(self, message, *, operation=None):
        super().__init__(message)
        self.operation = operation


class NotRepeatable(PortalError):
    pass


class NotDecidable(PortalError):
    pass


class WhyMissing(PortalError):
    """`fields` is {name: Said}: what is missing of `reason` and `ticket`."""

    def __init__(self, message, *, fields):
        super().__init__(message)
        self.fields = fields


class NeedsApproval(PortalError):
    """`demands` is all that the team's rules ask for this change."""

    def __init__(self, message, *, demands=()):
        super().__init__(message)
        self.demands = demands


class Waits(PortalError):
    """`approval` is the one that it waits for, or that was decided already for the same key."""

    def __init__(self, message, *, approval):
        super().__init__(message)
        self.approval = approval


class RecordUnavailable(PortalError):
    pass


class TooBusy(PortalError):
    pass


class OutcomeUnrecorded(PortalError):
    def __init__(self, message, *, operation=None):
        super().__init__(message)
        self.operation = operation


class PlatformError(PortalError):
    """A platform gave an answer that is no success, or no answer.

    - `status` is the HTTP status, None without an answer.
    - `code` and `request_id` are the platform's own; "" if it gave none.
    - `part` is the part of the connection that failed: address, tls, clock, sign_in, signature, project,
      instance, edition, permission or "".
    - `permission` is what the refused call takes on the platform, where that is why and a document names it.
    - `duration_ms` is in whole milliseconds.
    - `is_cut`: the exchange had less time than a platform may take for its answer, and that time was over.
    """

    is_cut, permission = False, ""

    def __init__(self, message, *, status=None, code="", request_id="", part="", data=None, duration_ms=0):
        super().__init__(message)
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
    """`is_final` means that the platform refused the credentials, and would refuse them again.

    `cause` is the contract.Cause that the platform's code stands for, None when it is not known.
    """

    def __init__(self, message, *, is_final=False, cause=None, **details):
        super().__init__(message, **details)
        self.is_final = is_final
        self.cause = cause


class Throttled(NotSent):
    def __init__(self, message, *, retry_after=None, **details):
        super().__init__(message, **details)
        self.retry_after = retry_after


class Crowded(Throttled):
    pass


class Paused(NotSent):
    pass


class Busy(NotSent):
    pass


class Conflict(NotSent):
    pass


class Unclear(PlatformError):
    pass
