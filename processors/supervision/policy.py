"""Packs (规则包): law and local rules as versioned data, read from TOML and checked key by key.

A pack says how time is counted, which thresholds exist and on what legal basis; a `Policy` says
which pack and which calendar govern a case. No number of the law stands in code.
"""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from hashlib import sha256
from typing import Any, Literal, NamedTuple, cast, get_args

from ledger.case_events import CaseCompleted, DecisionMade, HandlingType
from ledger.errors import PackInvalid
from ledger.fact import Fact, Limit, Unit
from ledger.findings import LEVELS, IssueMode, Level
from ledger.legal_basis import LegalBasis
from ledger.record import micros
from ledger.work_calendar import WorkCalendar
from processors.supervision.rules import RULES

Counting = Literal["working_seconds", "statutory_day"]
LimitName = Literal["promised", "statutory"]
_CLOSES: dict[str, type[Fact]] = {"completed": CaseCompleted, "decided": DecisionMade}
_SECOND_US = 1_000_000
EVIDENCE = "evidence/"
"""Prefix of the timeline of an import as evidence only: no cards before its records came in."""


class ThresholdRule(NamedTuple):
    """A level of a rule: reached `offset` units after (or before, if negative) a limit.

    Attributes:
        rank: 0 warning, 1 yellow, 2 red.
        mode: issued at once, or waits for a person to confirm.
    """

    rule: str
    level: Level
    rank: int
    limit: LimitName
    offset: int
    mode: IssueMode
    basis: str


class DefaultLimit(NamedTuple):
    """A limit the pack grants where neither the source nor the catalogue names one."""

    limit: LimitName
    handling_type: str
    granted: Limit
    basis: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Pack:
    """One version of a set of rules.

    Attributes:
        counting: `working_seconds` (from the instant of acceptance, one second over is over) or
            `statutory_day` (day of acceptance not counted, ends at the close of the Nth working
            day).
        day_end: where a `statutory_day` limit ends: the office's close, or midnight.
        closes: fact types that close the handling clock.
        report_grace_us: ordinary delivery delay of a source.
        future_tolerance_us: how far `time` may lie after `recordedtime`.
        declared_unit: unit of thresholds before or after an instant that the source declared.
        issue_from_us: cut-over; thresholds reached before it give no card.
        calendar: name of the calendar, where the pack brings its own.
    """

    name: str
    version: str
    title: str
    title_en: str
    counting: Counting
    day_end: Literal["close", "midnight"]
    closes: frozenset[type[Fact]]
    report_grace_us: int
    future_tolerance_us: int
    declared_unit: Unit
    issue_from_us: int | None
    calendar: str | None
    thresholds: tuple[ThresholdRule, ...]
    defaults: tuple[DefaultLimit, ...]
    level_names: Mapping[str, tuple[str, str]]

    def default_limit(self, limit: LimitName, handling_type: str | None) -> Limit | None:
        """Return the limit granted by default to a handling type, its own entry before `*`."""
        for wanted in (handling_type, "*"):
            for default in self.defaults:
                if default.limit == limit and default.handling_type == wanted:
                    return default.granted
        return None


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """Which pack and calendar govern a case.

    Attributes:
        profiles: pack name by import profile; a timeline is `<profile>@<file hash>`.
    """

    packs: Mapping[str, Pack]
    default_pack: str
    calendars: Mapping[str, WorkCalendar]
    default_calendar: str
    profiles: Mapping[str, str] = field(default_factory=dict)

    def versions(self) -> str:
        """Return one word for all versions; states planned under others are planned anew."""
        packs = sorted((name, pack.version) for name, pack in self.packs.items())
        calendars = sorted((name, each.spec.version) for name, each in self.calendars.items())
        chosen = (self.default_pack, self.default_calendar, sorted(self.profiles.items()))
        return sha256(repr((packs, calendars, chosen)).encode()).hexdigest()[:16]

    def pack_for(self, timeline: str | None) -> Pack:
        """Return the pack of live cases, or of the import that a case belongs to."""
        if timeline is None:
            return self.packs[self.default_pack]
        profile = timeline.removeprefix(EVIDENCE).rpartition("@")[0]
        return self.packs[self.profiles.get(profile, self.default_pack)]

    def calendar_for(self, pack: Pack) -> WorkCalendar:
        """Return the calendar a pack counts by."""
        return self.calendars[pack.calendar or self.default_calendar]


def lives_on_import_time(timeline: str | None) -> bool:
    """Whether a case lives on the time of its import, which no live clock may move."""
    return timeline is not None and not timeline.startswith(EVIDENCE)


def parse_pack(text: str, file: str) -> Pack:
    """Return the pack that a TOML text holds; its version carries a hash of the text.

    Raises:
        PackInvalid: naming file, key, what was found and what was expected.
    """
    try:
        table = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise PackInvalid(f"{file}: not TOML: {error}.", file=file) from error
    reader = _Reader(file, "", table)
    version = f"{reader.text('version')}+{sha256(text.encode()).hexdigest()[:8]}"
    pack = Pack(
        name=reader.text("name"),
        version=version,
        title=reader.text("title"),
        title_en=reader.text("title_en"),
        counting=cast(Counting, reader.choice("counting", get_args(Counting))),
        day_end=cast(Any, reader.choice("day_end", ("close", "midnight"), "close")),
        closes=frozenset(_CLOSES[name] for name in reader.names("closes", tuple(_CLOSES))),
        report_grace_us=reader.whole("report_grace_seconds") * _SECOND_US,
        future_tolerance_us=reader.whole("future_tolerance_seconds") * _SECOND_US,
        declared_unit=cast(Unit, reader.choice("declared_unit", get_args(Unit), "working_day")),
        issue_from_us=reader.instant("issue_from"),
        calendar=reader.text("calendar", None),
        thresholds=tuple(_threshold(entry) for entry in reader.entries("threshold")),
        defaults=tuple(_default_limit(entry) for entry in reader.entries("default_limit")),
        level_names={
            entry.text("level"): (entry.text("name"), entry.text("name_en"))
            for entry in reader.entries("level")
        },
    )
    reader.finish()
    for index, threshold in enumerate(pack.thresholds):
        if threshold.level not in pack.level_names:
            key = f"threshold[{index}].level"
            raise PackInvalid(
                f"{file}: key {key!r}: found {threshold.level!r}, expected a level with a name.",
                hint="Correct the pack; it was not loaded.",
                file=file,
                key=key,
            )
    return pack


def _threshold(entry: "_Reader") -> ThresholdRule:
    level = cast(Level, entry.choice("level", LEVELS))
    made = ThresholdRule(
        rule=entry.choice("rule", tuple(RULES)),
        level=level,
        rank=LEVELS.index(level),
        limit=cast(LimitName, entry.choice("limit", get_args(LimitName))),
        offset=entry.whole("offset", least=-1000),
        mode=cast(IssueMode, entry.choice("mode", get_args(IssueMode), "auto")),
        basis=_basis(entry.entry("basis")),
    )
    entry.finish()
    return made


def _default_limit(entry: "_Reader") -> DefaultLimit:
    granted = entry.entry("granted")
    made = DefaultLimit(
        limit=cast(LimitName, entry.choice("limit", get_args(LimitName))),
        handling_type=entry.choice("handling_type", ("*", *get_args(HandlingType))),
        granted=Limit(
            amount=granted.whole("amount"),
            unit=cast(Unit, granted.choice("unit", get_args(Unit))),
        ),
        basis=_basis(entry.entry("basis")),
    )
    granted.finish()
    entry.finish()
    return made


def _basis(entry: "_Reader") -> str:
    basis = LegalBasis(
        instrument=entry.text("instrument"),
        article=entry.number("article"),
        paragraph=entry.number("paragraph"),
        item=entry.number("item"),
        clause=entry.text("clause", None),
    )
    entry.finish()
    return str(basis)


_REQUIRED: Any = object()


class _Reader:
    """Takes keys out of one TOML table; what is left over at `finish` is an error."""

    def __init__(self, file: str, path: str, table: object) -> None:
        if not isinstance(table, dict):
            raise PackInvalid(f"{file}: {path or 'file'}: found {table!r}, expected a table.")
        self._file, self._path, self._table = file, path, dict(table)

    def _fail(self, key: str, found: object, expected: str) -> PackInvalid:
        return PackInvalid(
            f"{self._file}: key {self._path + key!r}: found {found!r}, expected {expected}.",
            hint="Correct the pack; it was not loaded.",
            file=self._file,
            key=self._path + key,
        )

    def _take(self, key: str, kind: type, default: Any, expected: str) -> Any:
        value = self._table.pop(key, None)
        if value is None:
            if default is _REQUIRED:
                raise self._fail(key, None, expected)
            return default
        if not isinstance(value, kind) or isinstance(value, bool):
            raise self._fail(key, value, expected)
        return value

    def text(self, key: str, default: Any = _REQUIRED) -> Any:
        return self._take(key, str, default, "text")

    def number(self, key: str) -> int | None:
        return cast(int | None, self._take(key, int, None, "a whole number"))

    def whole(self, key: str, least: int = 0) -> int:
        value = cast(int, self._take(key, int, _REQUIRED, "a whole number"))
        if value < least:
            raise self._fail(key, value, f"at least {least}")
        return value

    def instant(self, key: str) -> int | None:
        value = self._take(key, datetime, None, "an instant with offset")
        if value is not None and value.tzinfo is None:
            raise self._fail(key, value, "an instant with offset")
        return None if value is None else micros(value)

    def choice(self, key: str, names: tuple[str, ...], default: Any = _REQUIRED) -> str:
        value = self._take(key, str, default, f"one of {', '.join(names)}")
        if value not in names:
            raise self._fail(key, value, f"one of {', '.join(names)}")
        return cast(str, value)

    def names(self, key: str, known: tuple[str, ...]) -> list[str]:
        value = cast(list[str], self._take(key, list, _REQUIRED, "a list of names"))
        if not value:
            raise self._fail(key, value, f"at least one of {', '.join(known)}")
        for name in value:
            if name not in known:
                raise self._fail(key, name, f"one of {', '.join(known)}")
        return value

    def entries(self, key: str) -> "list[_Reader]":
        values = self._take(key, list, [], "a list of tables")
        return [_Reader(self._file, f"{key}[{i}].", value) for i, value in enumerate(values)]

    def entry(self, key: str) -> "_Reader":
        value = self._take(key, dict, _REQUIRED, "a table")
        return _Reader(self._file, f"{self._path}{key}.", value)

    def finish(self) -> None:
        for key, value in self._table.items():
            raise self._fail(key, value, "no such key")
