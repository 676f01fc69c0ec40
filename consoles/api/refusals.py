"""What the HTTP surface itself refuses, as errors of the one tree.

They stand apart from `problems.py` so that routes raise meaning and only that table knows numbers.
"""

from ledger.errors import HallError


class RequestError(HallError):
    """A request that cannot be served as it came."""

    code = "request.error"


class ParameterInvalid(RequestError):
    """A parameter of a query, path or body that cannot be used; `field` names it."""

    code = "request.parameter-invalid"

    def __init__(self, field: str, found: str, expected: str) -> None:
        """Say which parameter, what was found there and what was expected."""
        super().__init__(f"parameter {field!r}: found {found}, expected {expected}.", field=field)


class NotFound(RequestError):
    """The path leads nowhere, or what it names is not in the ledger."""

    code = "request.not-found"


class MethodNotAllowed(RequestError):
    """The path exists, but not with this method."""

    code = "request.method-not-allowed"


class MediaTypeUnsupported(RequestError):
    """The body is not declared as JSON."""

    code = "request.media-type-unsupported"


class BodyTooLarge(RequestError):
    """The body is over the bound; only its SHA-256 is kept."""

    code = "request.body-too-large"


class TooManyEvents(RequestError):
    """The batch holds more events than one request may carry; nothing was taken."""

    code = "request.too-many-events"


class EventsRefused(RequestError):
    """No event of a batch was taken; `results` says for each what is wrong."""

    code = "request.events-refused"


class BodyTimeout(RequestError):
    """The body did not arrive in time."""

    code = "request.body-timeout"
    retryable = True


class Busy(RequestError):
    """More requests are under way than the surface takes at once."""

    code = "request.busy"
    retryable = True


class Failed(RequestError):
    """A defect of ours; the journal of the process holds the cause."""

    code = "request.failed"
