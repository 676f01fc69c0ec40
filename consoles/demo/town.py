"""The county: its hall, about 40 departments and 300 matters, read from two tables.

The tables under `county/` are what a clerk would write: a line per department and per matter. This
module unfolds each matter into its actions (new, change, renewal, …) and gives every limit a unit.
No person is named: clerks are codes.
"""

import csv
from dataclasses import dataclass
from datetime import date, datetime, time
from functools import cache
from importlib import resources
from zoneinfo import ZoneInfo

HALL = "430121"
HALL_NAME_ZH = "长河县政务服务中心"
HALL_NAME_EN = "Changhe County Government Service Hall"
ZONE = ZoneInfo("Asia/Shanghai")
START_DAY = date(2026, 11, 24)
"""A working Tuesday with four working weeks before it and no public holiday near."""

CLERKS_PER_WINDOW = 2
_UNITS = {"d": "working_day", "n": "natural_day", "h": "working_hour"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Limit:
    """A limit as the catalogue states it: a whole number of units."""

    amount: int
    unit: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Department:
    """A department with its windows in the hall and the codes of the clerks who sit there."""

    code: str
    name_zh: str
    name_en: str
    windows: tuple[str, ...]
    clerks: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Matter:
    """A matter one can apply for.

    Attributes:
        flow: name of the way a case goes (`FLOWS`); the stages follow from it.
        fee: amount charged in CNY as decimal text; absent where the matter is free.
        weight: how often it is asked for, beside the other matters.
    """

    code: str
    name_zh: str
    name_en: str
    department: str
    handling_type: str
    promised_limit: Limit
    statutory_limit: Limit
    flow: str
    fee: str | None
    weight: int

    @property
    def stages(self) -> tuple[str, ...]:
        """Names of the stages between acceptance and completion, in order."""
        return FLOWS[self.flow]


@dataclass(frozen=True, slots=True, kw_only=True)
class Town:
    """The whole catalogue of one county hall."""

    hall: str
    name_zh: str
    name_en: str
    departments: tuple[Department, ...]
    matters: tuple[Matter, ...]

    def department(self, code: str) -> Department:
        """Return the department called `code`.

        Raises:
            KeyError: the county has no such department.
        """
        for department in self.departments:
            if department.code == code:
                return department
        raise KeyError(code)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Action:
    """What one may ask of a matter: its share of the limits and of the demand, in per cent."""

    suffix_zh: str
    suffix_en: str
    limit_share: int
    demand_share: int


FLOWS: dict[str, tuple[str, ...]] = {
    "counter": ("办理",),
    "review": ("审查", "决定"),
    "site": ("审查", "现场核查", "决定"),
    "testing": ("审查", "检验检疫", "决定"),
    "appraisal": ("审查", "鉴定", "决定"),
    "expert": ("审查", "专家评审", "审核", "决定"),
    "publicity": ("审查", "公示", "决定"),
    "hearing": ("审查", "听取意见", "审核", "决定"),
    "joint": ("牵头审查", "并联审查", "汇总决定"),
}

_ACTIONS: dict[str, _Action] = {
    "one": _Action(suffix_zh="", suffix_en="", limit_share=100, demand_share=100),
    "new": _Action(suffix_zh="（新办）", suffix_en=": new", limit_share=100, demand_share=100),
    "change": _Action(suffix_zh="（变更）", suffix_en=": change", limit_share=60, demand_share=60),
    "renew": _Action(suffix_zh="（延续）", suffix_en=": renewal", limit_share=60, demand_share=50),
    "replace": _Action(
        suffix_zh="（补换发）", suffix_en=": replacement", limit_share=40, demand_share=20
    ),
    "cancel": _Action(
        suffix_zh="（注销）", suffix_en=": cancellation", limit_share=40, demand_share=20
    ),
}


def start_instant(_seed: int = 0) -> int:
    """Return where virtual time begins in a fresh folder, in µs; one morning for every seed."""
    opening = datetime.combine(START_DAY, time(9), tzinfo=ZONE)
    return int(opening.timestamp()) * 1_000_000


@cache
def county() -> Town:
    """Return the county of the demo; the same for every seed."""
    departments = tuple(_departments())
    return Town(
        hall=HALL,
        name_zh=HALL_NAME_ZH,
        name_en=HALL_NAME_EN,
        departments=departments,
        matters=tuple(_matters()),
    )


def _departments() -> list[Department]:
    found: list[Department] = []
    window = 0
    for row in _table("departments.csv"):
        count = int(row["windows"])
        numbers = range(window + 1, window + count + 1)
        window += count
        found.append(
            Department(
                code=row["code"],
                name_zh=row["name_zh"],
                name_en=row["name_en"],
                windows=tuple(f"W{number:03d}" for number in numbers),
                clerks=tuple(
                    f"clerk:{HALL[:4]}-{CLERKS_PER_WINDOW * number + turn:03d}"
                    for number in numbers
                    for turn in range(CLERKS_PER_WINDOW)
                ),
            )
        )
    return found


def _matters() -> list[Matter]:
    found: list[Matter] = []
    counts: dict[str, int] = {}
    for row in _table("matters.csv"):
        number = counts.get(row["department"], 0) + 1
        counts[row["department"]] = number
        for turn, name in enumerate(row["actions"].split()):
            found.append(_matter(row, f"{row['department']}-{number:02d}{turn}", _ACTIONS[name]))
    return found


def _matter(row: dict[str, str], code: str, action: _Action) -> Matter:
    return Matter(
        code=code,
        name_zh=row["name_zh"] + action.suffix_zh,
        name_en=row["name_en"] + action.suffix_en,
        department=row["department"],
        handling_type=row["handling"],
        promised_limit=_limit(row["promised"], action.limit_share),
        statutory_limit=_limit(row["statutory"], 100),
        flow=row["flow"],
        fee=row["fee"] or None,
        weight=max(1, int(row["weight"]) * action.demand_share // 10),
    )


def _limit(text: str, share: int) -> Limit:
    amount = int(text[:-1])
    return Limit(amount=max(1, -(-amount * share // 100)), unit=_UNITS[text[-1]])


def _table(name: str) -> list[dict[str, str]]:
    text = resources.files(__package__).joinpath("county", name).read_text(encoding="utf-8")
    return list(csv.DictReader(text.splitlines()))
