"""What one cell of a catalogue's CSV may hold, and how it is written.

- a limit: `20 working_day`, or `20个工作日`; `即办` is the same day's limit, `0 working_day`. A
  bare `20日` is refused: under 行政许可法 art. 82 it means working days, elsewhere natural ones;
- a list: items divided by `;` (or `；`, or a line break);
- stages: a list of names, each followed by `=` and its limit if it has one:
  `审查=2 working_day; 现场核查; 决定=1 working_day`;
- yes and no: `true`, `false`, or `是`, `否`;
- a backslash takes `;`, `；`, `=`, `＝` and itself as they are.

Cells are stripped. One that a spreadsheet could take for a formula is written behind an apostrophe,
and a leading apostrophe is taken away again on reading.
"""

import re
from collections.abc import Mapping, Sequence
from typing import Any

from consoles.api.csv_text import harmless
from ledger.catalogue_problems import limit_text
from ledger.fact import Limit, Unit

_UNITS: dict[Unit, tuple[str, ...]] = {
    "working_day": ("working_days", "working day", "working days", "工作日", "个工作日"),
    "natural_day": ("natural_days", "natural day", "natural days", "自然日", "个自然日", "日历日"),
    "working_hour": ("working_hours", "working hour", "working hours", "工作小时", "个工作小时"),
    "hour": ("hours", "小时", "个小时"),
    "minute": ("minutes", "分钟"),
    "month": ("months", "月", "个月"),
}
_UNIT_OF = {name: unit for unit, names in _UNITS.items() for name in (unit, *names)}
_SAME_DAY = ("即办", "即时办结", "当场办结")
_LIMIT = re.compile(r"(\d{1,9})\s*(\D+)")
_HANDLING = {
    "即办": "immediate",
    "承诺": "promised",
    "联办": "joint",
    "上报": "reported",
    "退回": "returned",
    "补办": "supplementary",
    "特办": "special",
}
_YES, _NO = ("true", "yes", "y", "1", "是"), ("false", "no", "n", "0", "否")
_DIVIDERS, _EQUALS = (";", "；", "\n"), ("=", "＝")


class CellInvalid(Exception):
    """A cell that does not say what it should; `expected` says what that is."""

    def __init__(self, expected: str) -> None:
        """Keep what was expected."""
        super().__init__(expected)
        self.expected = expected


def shielded(text: str) -> str:
    """Return a cell's text as it is written: no spreadsheet takes it for a formula."""
    return f"'{text}" if text.startswith("'") else str(harmless(text))


def unshielded(cell: str) -> str:
    """Return what a cell says, without the apostrophe that shields it."""
    return cell.strip().removeprefix("'").strip()


def read_text(text: str) -> str:
    """Return text as it is."""
    return text


def write_text(value: str) -> str:
    """Return text as it is."""
    return value


def read_limit(text: str) -> dict[str, Any]:
    """Return a limit as plain JSON.

    Raises:
        CellInvalid: it is no amount with a unit.
    """
    if text in _SAME_DAY:
        return {"amount": 0, "unit": "working_day"}
    found = _LIMIT.fullmatch(text)
    unit = _UNIT_OF.get(found[2].strip().casefold()) if found else None
    if found is None or unit is None:
        raise CellInvalid(
            "an amount and a unit such as '20 working_day' or '20个工作日' "
            f"(units: {', '.join(_UNITS)}), or '即办'"
        )
    return {"amount": int(found[1]), "unit": unit}


def write_limit(value: Mapping[str, Any]) -> str:
    """Return a limit as its cell."""
    return limit_text(Limit(amount=value["amount"], unit=value["unit"]))


def read_handling(text: str) -> str:
    """Return a handling type's code; Chinese names are taken too (即办件, 即办, …)."""
    return _HANDLING.get(text.removesuffix("件"), text.casefold())


def read_flag(text: str) -> bool:
    """Return yes or no.

    Raises:
        CellInvalid: it is neither.
    """
    if text.casefold() in (*_YES, *_NO):
        return text.casefold() in _YES
    raise CellInvalid("true or false (是, 否)")


def write_flag(value: bool) -> str:
    """Return yes or no as its cell."""
    return "true" if value else "false"


def read_list(text: str) -> list[str]:
    """Return the items of a list; empty ones are left out.

    Raises:
        CellInvalid: a backslash stands before what needs none.
    """
    return [_unescaped(item) for item in _divided(text, _DIVIDERS) if item.strip()]


def write_list(value: Sequence[str]) -> str:
    """Return a list as its cell."""
    return "; ".join(map(_escaped, value))


def read_stages(text: str) -> list[dict[str, Any]]:
    """Return stages as plain JSON.

    Raises:
        CellInvalid: a limit that is none, or a backslash before what needs none.
    """
    return [_stage(item) for item in _divided(text, _DIVIDERS) if item.strip()]


def _stage(item: str) -> dict[str, Any]:
    name, *limits = _divided(item, _EQUALS)
    if len(limits) > 1:
        raise CellInvalid("at most one '=' in a stage (write '\\=' for one in its name)")
    stage: dict[str, Any] = {"name": _unescaped(name)}
    if limits:
        stage["limit"] = read_limit(limits[0].strip())
    return stage


def write_stages(value: Sequence[Mapping[str, Any]]) -> str:
    """Return stages as their cell."""
    return "; ".join(
        _escaped(stage["name"]) + (f"={write_limit(stage['limit'])}" if "limit" in stage else "")
        for stage in value
    )


def _divided(text: str, dividers: Sequence[str]) -> list[str]:
    """Return the pieces between dividers that no backslash stands before; escapes are kept."""
    pieces, escaped = [""], False
    for each in text:
        if each in dividers and not escaped:
            pieces.append("")
        else:
            pieces[-1] += each
        escaped = each == "\\" and not escaped
    return pieces


def _unescaped(text: str) -> str:
    found = re.fullmatch(r"(?:[^\\]|\\[\\;；=＝])*", text.strip())
    if found is None:
        raise CellInvalid("a backslash only before ; ； = ＝ or another backslash")
    return re.sub(r"\\(.)", r"\1", found[0])


def _escaped(text: str) -> str:
    return re.sub(r"([\\;；=＝])", r"\\\1", text)
