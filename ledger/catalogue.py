"""The catalogue (事项目录): halls, departments, windows and matters, effective-dated in the log.

A matter says who handles it, how, within which limits, through which stages, at what fee and with
which materials; what a source does not declare at acceptance is taken from here. A case is governed
by what had been published, and was in force, when its cycle opened.
"""

from bisect import bisect_left, bisect_right, insort
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Generic, Literal, NamedTuple, TypeVar, cast

from ledger.case_events import HandlingType
from ledger.fact import STRICT, Fact, Limit
from ledger.record import AnyRecord, micros

Kind = Literal["hall", "department", "window", "matter"]
"""What an entry is about: the middle of its subject `reference:<kind>:<code>`."""

LATEST = 2**62
"""A log order after every record: what is known by now."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Hall:
    """One version of a hall (政务服务大厅).

    Attributes:
        zone: its time zone, an IANA name.
    """

    __pydantic_config__ = STRICT
    code: str
    name: str
    name_en: str | None = None
    zone: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Department:
    """One version of a department (部门); `hall` is the code of the hall it sits in."""

    __pydantic_config__ = STRICT
    code: str
    name: str
    name_en: str | None = None
    hall: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """One version of a window (窗口); a general window (综合窗口) has no department."""

    __pydantic_config__ = STRICT
    code: str
    name: str
    hall: str
    department: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """A step of handling in its order, with the limit of its own if it has one."""

    __pydantic_config__ = STRICT
    name: str
    limit: Limit | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class FeeRule:
    """What may be charged: nothing, or at most an amount, on a basis (行政许可法 art. 58, 59)."""

    __pydantic_config__ = STRICT
    free: bool
    amount: str | None = None
    currency: str = "CNY"
    basis: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Matter:
    """One version of a matter (事项).

    Attributes:
        statutory_limit, promised_limit: 法定时限, 承诺时限.
        stages: the definition of its stages, in their order.
        mandatory_materials: what must be handed in (必备材料).
        in_hall: it is handled in the hall, not at the department's own place.
        window_decides: the window may decide it (授权窗口).
    """

    __pydantic_config__ = STRICT
    code: str
    name: str
    name_en: str | None = None
    department: str
    handling_type: HandlingType | None = None
    statutory_limit: Limit | None = None
    promised_limit: Limit | None = None
    stages: tuple[Stage, ...] = ()
    fee: FeeRule | None = None
    mandatory_materials: tuple[str, ...] = ()
    issues_certificate: bool = False
    in_hall: bool = True
    window_decides: bool = False


Entry = Hall | Department | Window | Matter

ENTRY_CLASSES: dict[Kind, type[Entry]] = {
    "hall": Hall,
    "department": Department,
    "window": Window,
    "matter": Matter,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Published(Fact):
    """An entry of the catalogue that governs from an instant on, or its withdrawal.

    Attributes:
        entry: the entry; a JSON object as it was written where a record of an earlier version holds
            none that intake would take now. Such an entry governs nothing.
    """

    effective_from: datetime
    entry: Entry | dict[str, Any] | None = None
    withdrawn: bool | None = None


E = TypeVar("E")


class Version(NamedTuple, Generic[E]):
    """One publication of an entry.

    Attributes:
        order: log order of the record.
        effective_us: the instant it governs from.
        name: `source#id` of the record.
        entry: None for a withdrawal.
    """

    order: int
    effective_us: int
    name: str
    entry: E | None


class Versions(Generic[E]):
    """All publications of one entry, to be asked for what was in force and known."""

    __slots__ = ("_all", "_known", "_orders")

    def __init__(self) -> None:
        """Begin with none."""
        self._all: list[Version[E]] = []
        self._orders: list[int] = []
        self._known: list[tuple[list[int], list[E | None]]] = []

    def __iter__(self) -> Iterator[Version[E]]:
        """Go through the publications in log order."""
        return iter(self._all)

    def add(self, version: Version[E]) -> None:
        """Add a publication; one that is there counts once, where it lies first in the log."""
        for known in self._all:
            if known.name == version.name:
                if known.order <= version.order:
                    return
                self._all.remove(known)
                break
        insort(self._all, version, key=_order_of)
        self._orders = [each.order for each in self._all]
        del self._known[self._orders.index(version.order) :]
        for each in self._all[len(self._known) :]:
            self._known.append(self._with(each))

    def _with(self, version: Version[E]) -> tuple[list[int], list[E | None]]:
        """Return what is known so far, by instant, with one more publication."""
        if not self._known:
            return [version.effective_us], [version.entry]
        instants, entries = self._known[-1]
        place = bisect_left(instants, version.effective_us)
        rest = bisect_right(instants, version.effective_us)
        return (
            [*instants[:place], version.effective_us, *instants[rest:]],
            [*entries[:place], version.entry, *entries[rest:]],
        )

    def at(self, order: int, time_us: int) -> E | None:
        """Return what was in force at an instant by the records before a log order.

        Of what had taken effect it is the one with the greatest (effective_from, order).

        Args:
            order: only what lies before it in the log is known.
            time_us: the instant, µs since the epoch.
        """
        known = bisect_left(self._orders, order)
        if not known:
            return None
        instants, entries = self._known[known - 1]
        place = bisect_right(instants, time_us)
        return entries[place - 1] if place else None


def _order_of(version: Version[E]) -> int:
    return version.order


class Catalogue:
    """What one partition's log has published so far."""

    __slots__ = ("departments", "halls", "matters", "windows")

    def __init__(self) -> None:
        """Begin with nothing published."""
        self.halls: dict[str, Versions[Hall]] = {}
        self.departments: dict[str, Versions[Department]] = {}
        self.windows: dict[str, Versions[Window]] = {}
        self.matters: dict[str, Versions[Matter]] = {}

    def apply(self, record: AnyRecord, order: int) -> None:
        """Take in a record; one that publishes no entry changes nothing.

        Records may come again and in any order.

        Args:
            record: any record of the partition; its subject names kind and code.
            order: its log order.
        """
        data = record.data
        if not isinstance(data, Published) or isinstance(data.entry, dict):
            return
        kind, code = place_of(record.subject)
        if data.TYPE != type_of_kind(kind) or (data.entry is None and not data.withdrawn):
            return
        entry = None if data.withdrawn else data.entry
        versions = self.versions_of(kind).setdefault(code, Versions())
        versions.add(Version(order, micros(data.effective_from), record.name, entry))

    def matter(self, code: str, order: int, time_us: int) -> Matter | None:
        """Return the matter in force at an instant, by the records before a log order.

        Args:
            code: the matter's code.
            order: log order of the fact that asks, the opener of a cycle; later ones do not count.
            time_us: the instant, µs since the epoch.
        """
        versions = self.matters.get(code)
        return None if versions is None else versions.at(order, time_us)

    def versions_of(self, kind: Kind) -> dict[str, Versions[Any]]:
        """Return all that was ever published of a kind, by code."""
        found: dict[Kind, dict[str, Versions[Any]]] = {
            "hall": self.halls,
            "department": self.departments,
            "window": self.windows,
            "matter": self.matters,
        }
        return found[kind]

    def in_force(self, kind: Kind, order: int, time_us: int) -> dict[str, Entry]:
        """Return the entries of a kind in force at an instant, by code, in order of the codes."""
        found = {}
        for code, versions in sorted(self.versions_of(kind).items()):
            entry = versions.at(order, time_us)
            if entry is not None:
                found[code] = entry
        return found


def kind_of(entry: Entry) -> Kind:
    """Return what an entry is about."""
    return _KINDS[type(entry)]


_KINDS: dict[type[Entry], Kind] = {cls: kind for kind, cls in ENTRY_CLASSES.items()}


def place_of(subject: str) -> tuple[Kind, str]:
    """Return kind and code that a subject `reference:<kind>:<code>` names."""
    _, _, place = subject.partition(":")
    kind, _, code = place.partition(":")
    return cast(Kind, kind), code


def subject_of(kind: Kind, code: str) -> str:
    """Return the subject under which an entry is published."""
    return f"reference:{kind}:{code}"


def type_of_kind(kind: Kind) -> str:
    """Return the wire type that publishes entries of a kind."""
    return f"hall.reference.{kind}-published.v1"
