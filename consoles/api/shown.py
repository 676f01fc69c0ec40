"""Rows of read models as the answers show them: instants in the hall's zone, flags as truth values.

It stands apart so that lists, single cards and the live stream show one thing in one shape.
"""

from collections.abc import Mapping
from typing import Any
from zoneinfo import ZoneInfo

from ledger.record import instant

DURATIONS = frozenset({"used_us", "stopped_us", "overdue_us", "working_us"})
"""Columns that end in `_us` and are lengths of time; every other one is an instant."""
_FLAGS = frozenset(
    {
        "live",
        "is_highest",
        "by_hand",
        "superintended",
        "provisional",
        "suspended",
        "stopped",
        "closed",
    }
)
_INTERNAL = frozenset({"partition", "log_offset", "changed_offset"})
_PUBLIC_CARD = (
    "level", "state", "live", "rule", "department", "hall", "matter", "effective_at", "recorded_at",
)  # fmt: skip


def at(us: int | None, zone: ZoneInfo) -> str | None:
    """Return an instant as RFC 3339 with the hall's offset, None for None."""
    return None if us is None else instant(us, zone).isoformat()


def row(values: Mapping[str, Any], zone: ZoneInfo) -> dict[str, Any]:
    """Return a row: instants `…_us` as text `…_at`, `subject` as `case`, flags as booleans."""
    out: dict[str, Any] = {}
    for name, value in values.items():
        if name in _INTERNAL:
            continue
        if name == "subject":
            out["case"] = value
        elif name in _FLAGS:
            out[name] = bool(value)
        elif name.endswith("_us") and name not in DURATIONS:
            out[name.removesuffix("_us") + "_at"] = at(value, zone)
        else:
            out[name] = value
    if "log_offset" in values:
        out["position"] = {"partition": values["partition"], "offset": values["log_offset"]}
    return out


def public_card(values: Mapping[str, Any], zone: ZoneInfo) -> dict[str, Any]:
    """Return what a public screen may show of a card: no case number, no person, no reference."""
    whole = row(values, zone)
    return {name: whole.get(name) for name in _PUBLIC_CARD}
