"""The one tree of errors: each has a stable code, says whether a retry helps, and what to do.

The codes index a section of OPERATING.md. The domain knows no HTTP numbers:
`consoles/api/problems.py` maps codes to them.
"""

from typing import ClassVar


class HallError(Exception):
    """Root of everything this product raises on purpose.

    Attributes:
        code: stable dotted text, e.g. `ledger.log-mismatch`.
        retryable: whether the same call may succeed later.
        hint: what the operator or sender can do.
        details: what was attempted, on what, found and expected, as named values.
    """

    code: ClassVar[str] = "hall.error"
    retryable: ClassVar[bool] = False

    def __init__(self, message: str, *, hint: str = "", **details: object) -> None:
        """Keep the message for people and the details for programs."""
        super().__init__(message)
        self.message = message
        self.hint = hint
        self.details = details

    def __str__(self) -> str:
        """Return the message followed by the hint."""
        return f"{self.message} {self.hint}".strip()


class LedgerError(HallError):
    """Something about the log."""

    code = "ledger.error"


class EventInvalid(LedgerError):
    """An event that intake cannot accept; `field` names where, `reason` is a stable word."""

    code = "ledger.event-invalid"

    def __init__(self, field: str, found: str, expected: str, *, reason: str = "shape") -> None:
        """Say which field, what was found there and what was expected."""
        super().__init__(
            f"field {field!r}: found {found}, expected {expected}.",
            hint="Correct the event and send it again under the same id.",
            field=field,
            reason=reason,
        )
        self.field = field
        self.reason = reason


class UnknownType(EventInvalid):
    """An event type this ledger does not know."""

    code = "ledger.unknown-type"


class RecordUnreadable(LedgerError):
    """A record already in the log that cannot be read; its partition stops there."""

    code = "ledger.record-unreadable"


class IdentityConflict(LedgerError):
    """The identity exists with other content; the first one counts."""

    code = "ledger.identity-conflict"


class LogMismatch(LedgerError):
    """The log is not the one a reader remembers: shorter, another, or with another last record."""

    code = "ledger.log-mismatch"


class TopicMismatch(LedgerError):
    """A topic of Kafka is not set as it was declared; names topic, setting, found and expected."""

    code = "ledger.topic-mismatch"


class LogUnavailable(LedgerError):
    """The log cannot take or give records now."""

    code = "ledger.unavailable"
    retryable = True


class PartitionLost(LedgerError):
    """Another owner has taken the partition; leave it."""

    code = "ledger.partition-lost"


class DatabaseError(HallError):
    """Something about the database of states and read models."""

    code = "database.error"


class DatabaseUnavailable(DatabaseError):
    """The database cannot answer now; whether a commit it was asked for took effect is unknown."""

    code = "database.unavailable"
    retryable = True


class DatabaseSchemaOther(DatabaseError):
    """Tables or views of the database are missing or of another version."""

    code = "database.schema-other"


class ProjectionError(HallError):
    """Something about a read model."""

    code = "projection.error"


class ProjectionStale(ProjectionError):
    """The read model was built by another version and must be rebuilt."""

    code = "projection.stale"


class PolicyError(HallError):
    """A rule pack or calendar that cannot be used."""

    code = "policy.error"


class PackInvalid(PolicyError):
    """A rule pack with an error; names file and key."""

    code = "policy.pack-invalid"


class CalendarInvalid(PolicyError):
    """A calendar file with an error; names file and key."""

    code = "policy.calendar-invalid"


class ImportInvalid(HallError):
    """A file to import that cannot be read; names file, line and what was found."""

    code = "import.invalid"


class SettingsError(HallError):
    """Something about settings."""

    code = "settings.error"


class SettingInvalid(SettingsError):
    """A setting with a value it cannot have, or an unknown setting."""

    code = "settings.invalid"


class DataFolderBusy(SettingsError):
    """Another process supervises this data folder."""

    code = "settings.data-folder-busy"
    retryable = True


class ExtraMissing(SettingsError):
    """A part of the product that is installed apart is not there; names the extra."""

    code = "settings.extra-missing"


class AlertError(HallError):
    """Something about telling other systems."""

    code = "alert.error"


class ChannelRefused(AlertError):
    """Another system refused what it was sent, or did not say that it took it."""

    code = "alert.channel-refused"


class ChannelUnavailable(AlertError):
    """Another system cannot be reached, or cannot take anything now."""

    code = "alert.channel-unavailable"
    retryable = True
