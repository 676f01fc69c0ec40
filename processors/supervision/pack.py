"""What a pack (规则包) is: law and local rules as versioned data.

A pack says how time is counted, which thresholds and rules exist and on what legal basis. No number
of the law stands in code. `pack_text.py` reads packs from TOML.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, NamedTuple

from ledger.fact import Fact, Limit, Unit
from ledger.findings import IssueMode, Level, LimitName
from processors.supervision.unit_rules.unit_rule import UnitRuleInForce

Counting = Literal["working_seconds", "statutory_day"]
_OF_RECEIPT = frozenset({"pre-review-limit", "correction-notice-limit"})


class ThresholdRule(NamedTuple):
    """A level of a time rule: reached `offset` units after (or before, if negative) a limit.

    Attributes:
        rank: 0 warning, 1 yellow, 2 red.
        offset: in units of the limit, counted from its end.
        mode: issued at once, or waits for a person to confirm.
    """

    rule: str
    level: Level
    rank: int
    limit: LimitName
    offset: int
    mode: IssueMode
    basis: str


@dataclass(frozen=True, slots=True)
class RuleInForce:
    """A rule about procedure or truthfulness that the pack switches on.

    Attributes:
        parameters: what its module read from the pack; None for a rule without any.
        level, rank: of the card it gives; None for a finding.
    """

    name: str
    basis: str
    parameters: Any = None
    level: Level | None = None
    rank: int | None = None
    mode: IssueMode = "auto"


class DefaultLimit(NamedTuple):
    """A limit the pack grants where neither the source nor the catalogue names one."""

    rule: str
    limit: LimitName
    handling_type: str
    granted: Limit
    basis: str


class StopsAllowed(NamedTuple):
    """Which special procedures stop a clock (行政许可法 art. 45).

    Attributes:
        procedures: the kinds that do; None for all.
        notice_required: whether one counts only with a written notice to the applicant.
    """

    procedures: frozenset[str] | None = None
    notice_required: bool = False


class ExtensionsAllowed(NamedTuple):
    """Which extensions count (行政许可法 art. 42).

    Attributes:
        most: how many of a cycle; None for any number.
        longest: by handling type, `*` for the others; a longer one counts with this.
        approval_required: whether one counts only with an approver and a reason.
    """

    most: int | None = None
    longest: Mapping[str, Limit] = {}
    approval_required: bool = False


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
        immediate_monitored: whether immediate cases (即办件) give cards of the handling clock.
        deemed_acceptance: whether a case not answered in time counts as accepted (视为受理).
        stop_ended_by: outcomes of a completion that end a special procedure never closed.
        online_channels: channels of a receipt that a pre-review must follow.
        rules: rules about procedure and truthfulness, by name.
        watched: by fact type, when it may move a clock beside the handling one or break a rule.
        unit_rules: rules across the cases of a department.
        effective_from_us: since when it is to govern, if it says so, once it is published.
        text: the TOML text it was read from.
        by_rule: the thresholds by time rule.
        default_limits: what `defaults` grants, by rule and limit, then by handling type.
        applicable: rules with their functions by the fact types a case has, as far as looked up.
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
    immediate_monitored: bool
    deemed_acceptance: bool
    stop_ended_by: frozenset[str]
    online_channels: frozenset[str]
    stops: StopsAllowed
    extensions: ExtensionsAllowed
    thresholds: tuple[ThresholdRule, ...]
    defaults: tuple[DefaultLimit, ...]
    rules: Mapping[str, RuleInForce]
    unit_rules: tuple[UnitRuleInForce, ...] = ()
    watched: Mapping[type[Fact], tuple[Callable[..., bool], ...]]
    level_names: Mapping[Level, tuple[str, str]]
    effective_from_us: int | None = None
    text: str = field(repr=False, compare=False)
    by_rule: Mapping[str, tuple[ThresholdRule, ...]] = field(init=False)
    default_limits: Mapping[tuple[str, LimitName], Mapping[str, Limit]] = field(
        init=False, repr=False, compare=False
    )
    applicable: dict[frozenset[type[Fact]], tuple[tuple[RuleInForce, Any], ...]] = field(
        init=False, repr=False, compare=False
    )

    def __post_init__(self) -> None:
        """Put together the thresholds of each time rule, and the default limits of each clock."""
        by_rule: dict[str, tuple[ThresholdRule, ...]] = {}
        for each in self.thresholds:
            by_rule[each.rule] = (*by_rule.get(each.rule, ()), each)
        object.__setattr__(self, "by_rule", by_rule)
        default_limits: dict[tuple[str, LimitName], dict[str, Limit]] = {}
        for default in self.defaults:
            by_type = default_limits.setdefault((default.rule, default.limit), {})
            by_type.setdefault(default.handling_type, default.granted)
        object.__setattr__(self, "default_limits", default_limits)
        object.__setattr__(self, "applicable", {})

    @property
    def reads_receipts(self) -> bool:
        """Whether a receipt opens a clock."""
        return not _OF_RECEIPT.isdisjoint(self.by_rule)

    def default_limit(
        self, rule: str, limit: LimitName, handling_type: str | None = None
    ) -> Limit | None:
        """Return the limit granted by default to a handling type, its own entry before `*`."""
        by_type = self.default_limits.get((rule, limit))
        if by_type is None:
            return None
        return (by_type.get(handling_type) if handling_type else None) or by_type.get("*")
