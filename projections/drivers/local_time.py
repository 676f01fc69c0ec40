"""Local time in SQL: the offsets of the hall's zone as rows, and the expression that uses them.

A database knows few zones or none (SQLite), so views look the offset of an instant up in a small
table; one expression then serves zones with and without daylight saving, and every database.
"""

from datetime import UTC, datetime, timedelta, tzinfo
from functools import cache

from ledger.record import micros

_FIRST_DAY = datetime(1970, 1, 1, tzinfo=UTC)
_DAY = timedelta(days=1)
_DAYS = 84_005
"""To the end of 2199, the last year that intake takes."""


def local_time(us: str, dialect: str) -> str:
    """Return SQL for the local time, to the second, of an instant in µs."""
    if dialect == "sqlite":
        shown = f"strftime('%Y-%m-%dT%H:%M:%S', {us} / 1000000 + z.offset_s, 'unixepoch')"
    else:
        local = f"timestamp '1970-01-01' + make_interval(secs => {us} / 1000000 + z.offset_s)"
        shown = f"""to_char({local}, 'YYYY-MM-DD"T"HH24:MI:SS')"""
    return (
        f"(SELECT {shown} || z.suffix FROM zone_offsets z WHERE z.from_us <= {us} "  # noqa: S608
        "ORDER BY z.from_us DESC LIMIT 1)"
    )


@cache
def zone_offsets(zone: tzinfo) -> tuple[dict[str, object], ...]:
    """Return every change of a zone's offset from 1970 to 2199, found by halving days."""
    rows = [_offset_row(_FIRST_DAY, zone)]
    before, known = _FIRST_DAY, _FIRST_DAY.astimezone(zone).utcoffset()
    for _ in range(_DAYS):
        after = before + _DAY
        offset = after.astimezone(zone).utcoffset()
        if offset != known:
            rows.append(_offset_row(_change(before, after, zone), zone))
        before, known = after, offset
    return tuple(rows)


def _change(before: datetime, after: datetime, zone: tzinfo) -> datetime:
    """Return the first second with the later offset."""
    old = _offset_s(before, zone)
    while after - before > timedelta(seconds=1):
        middle = before + timedelta(seconds=int((after - before).total_seconds()) // 2)
        if _offset_s(middle, zone) == old:
            before = middle
        else:
            after = middle
    return after


def _offset_s(at: datetime, zone: tzinfo) -> int:
    offset = at.astimezone(zone).utcoffset()
    assert offset is not None
    return int(offset.total_seconds())


def _offset_row(at: datetime, zone: tzinfo) -> dict[str, object]:
    offset_s = _offset_s(at, zone)
    sign, minutes = ("-" if offset_s < 0 else "+"), abs(offset_s) // 60
    suffix = f"{sign}{minutes // 60:02}:{minutes % 60:02}"
    return {"from_us": micros(at), "offset_s": offset_s, "suffix": suffix}
