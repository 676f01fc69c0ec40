"""What is questionable in a catalogue though it may be published: named, never refused.

A promise is meant to be shorter than the law's limit (行政许可法 art. 42); the limits of the stages
together are not to exceed the promise; a code that nothing explains is most often a slip.
"""

from collections.abc import Collection, Iterable, Iterator, Sequence
from typing import Literal, NamedTuple

from ledger.catalogue import Department, Entry, Kind, Matter, Window, kind_of
from ledger.fact import Limit, Unit

Name = Literal[
    "promise-beyond-statute", "stages-beyond-promise", "unknown-department", "unknown-hall"
]

_HOUR = 60
_DAY = 24 * _HOUR
_OFFICE_HOURS_LEAST, _OFFICE_HOURS_MOST = 6, 8


class Problem(NamedTuple):
    """What is questionable in one entry.

    Attributes:
        kind, code: the entry.
        field: where it stands.
        found: what stands there; of stages their sum.
        against: what it was compared with; empty for a code that is not known.
        estimated: the units differ, so that only the span each may take could be compared: weeks of
            five working days without holidays, office days of six to eight hours, months of 28 to
            31 days. The problem is then that it may end later, not that it does.
    """

    name: Name
    kind: Kind
    code: str
    field: str
    found: str
    against: str = ""
    estimated: bool = False


def problems(
    entries: Iterable[Entry], departments: Collection[str], halls: Collection[str]
) -> Iterator[Problem]:
    """Name what is questionable, entry by entry.

    Args:
        departments, halls: the codes that the catalogue knows once the entries are in it.
    """
    for entry in entries:
        if isinstance(entry, Matter):
            yield from _of_limits(entry)
        if isinstance(entry, Matter | Window) and entry.department is not None:
            yield from _unknown(entry, "department", entry.department, departments)
        if isinstance(entry, Department | Window) and entry.hall is not None:
            yield from _unknown(entry, "hall", entry.hall, halls)


def _unknown(
    entry: Entry, field: Literal["department", "hall"], code: str, known: Collection[str]
) -> Iterator[Problem]:
    if code not in known:
        name: Name = "unknown-hall" if field == "hall" else "unknown-department"
        yield Problem(name, kind_of(entry), entry.code, field, code)


def _of_limits(matter: Matter) -> Iterator[Problem]:
    promised, statutory = matter.promised_limit, matter.statutory_limit
    if promised is None:
        return
    if statutory is not None and (found := _beyond([promised], statutory)):
        yield Problem(
            "promise-beyond-statute", "matter", matter.code, "promised_limit",
            limit_text(promised), f"statutory_limit {limit_text(statutory)}", found == "estimated",
        )  # fmt: skip
    stages = [stage.limit for stage in matter.stages if stage.limit is not None]
    if stages and (found := _beyond(stages, promised)):
        yield Problem(
            "stages-beyond-promise", "matter", matter.code, "stages",
            _sum_text(stages), f"promised_limit {limit_text(promised)}", found == "estimated",
        )  # fmt: skip


def _beyond(limits: Sequence[Limit], bound: Limit) -> Literal["certain", "estimated"] | None:
    """Return whether limits one after the other end, or may end, after another one."""
    if all(limit.unit == bound.unit for limit in limits):
        return "certain" if sum(limit.amount for limit in limits) > bound.amount else None
    most = sum(_span(limit).most for limit in limits)
    return "estimated" if most > _span(bound).least else None


def limit_text(limit: Limit) -> str:
    """Return a limit as the catalogue's files write it."""
    return f"{limit.amount} {limit.unit}"


def _sum_text(limits: Iterable[Limit]) -> str:
    sums: dict[Unit, int] = {}
    for limit in limits:
        sums[limit.unit] = sums.get(limit.unit, 0) + limit.amount
    return " + ".join(f"{amount} {unit}" for unit, amount in sums.items())


class _Span(NamedTuple):
    """The least and the most time that a limit takes, in minutes."""

    least: int
    most: int


def _span(limit: Limit) -> _Span:
    amount = limit.amount
    match limit.unit:
        case "working_day":
            return _working_days(amount, amount)
        case "working_hour":
            most = -(-amount // _OFFICE_HOURS_LEAST)
            span = _working_days(amount // _OFFICE_HOURS_MOST, most)
            return span._replace(least=max(span.least, amount * _HOUR))
        case "natural_day":
            return _Span(amount * _DAY, amount * _DAY)
        case "month":
            return _Span(amount * 28 * _DAY, amount * 31 * _DAY)
        case "hour":
            return _Span(amount * _HOUR, amount * _HOUR)
        case "minute":
            return _Span(amount, amount)


def _working_days(least: int, most: int) -> _Span:
    """Return the span of so many working days; the same day's limit (0) takes at most a day."""
    return _Span(
        (least + least // 5 * 2) * _DAY,
        (most + -(-most // 5) * 2 or 1) * _DAY,
    )
