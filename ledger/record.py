"""A record: the CloudEvents 1.0 envelope around one fact, as the log keeps it."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo
from functools import lru_cache
from typing import ClassVar, Generic, TypeVar

from ledger.fact import Fact

F_co = TypeVar("F_co", bound=Fact, covariant=True)

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_DAY_US = 86_400_000_000
_QUARTER_US = 900_000_000
_MICROSECOND = timedelta(microseconds=1)


def micros(instant: datetime) -> int:
    """Return an aware instant as whole microseconds since 1970-01-01T00:00:00Z."""
    delta = instant - _EPOCH
    return delta.days * _DAY_US + delta.seconds * 1_000_000 + delta.microseconds


def instant(us: int, zone: tzinfo = UTC) -> datetime:
    """Return microseconds since the epoch as an aware instant in `zone`."""
    if zone is UTC:
        return _EPOCH + _MICROSECOND * us
    wall = _wall_of(us // _QUARTER_US, zone)
    if wall is None:
        return (_EPOCH + _MICROSECOND * us).astimezone(zone)
    return wall + _MICROSECOND * (us % _QUARTER_US)


@lru_cache(maxsize=8_192)
def _wall_of(quarter: int, zone: tzinfo) -> datetime | None:
    """Return the local beginning of a quarter of an hour; None where the offset changes in it.

    Asking a zone costs as much as everything else about an instant.
    """
    begin = (_EPOCH + timedelta(microseconds=quarter * _QUARTER_US)).astimezone(zone)
    last = (_EPOCH + timedelta(microseconds=(quarter + 1) * _QUARTER_US - 1)).astimezone(zone)
    plain = begin.fold == last.fold == 0  # arithmetic forgets the fold of an hour that comes twice
    return begin if plain and begin.utcoffset() == last.utcoffset() else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Record(Generic[F_co]):
    """One entry of the ledger.

    Attributes:
        id, source: name of the fact; with the subject its identity and idempotency key.
        type: owned text `hall.<family>.<what>.v<n>`.
        subject: the case id (or `unit:…`, `reference:…`, `partition:…`): the partition key.
        time: when it happened.
        recordedtime: when the ledger learned it; absent until the append stamps it.
        timeline: name of the import a record belongs to; absent for live records.
        causationid: `source#id` of the record that led to this finding.
        correlationid: the request or batch it came in.
        data: the fact.
    """

    __pydantic_config__: ClassVar[dict[str, object]] = {"extra": "ignore", "strict": True}
    type: str
    source: str
    id: str
    subject: str
    time: datetime
    timeline: str | None = None
    causationid: str | None = None
    correlationid: str | None = None
    data: F_co
    recordedtime: datetime | None = None

    @property
    def name(self) -> str:
        """The record's `source#id`, as findings cite it."""
        return f"{self.source}#{self.id}"


AnyRecord = Record[Fact]
