"""A statement of intervals as the answers give it, for the tests of the pages that show one."""

from typing import Any

from tests.consoles.page_rows import HOUR, at

ACCEPTED = {
    "type": "hall.case.accepted.v1",
    "source": "/halls/430121/approval",
    "id": "7701",
    "position": {"partition": 0, "offset": 2},
}
STOPPED = ACCEPTED | {
    "type": "hall.case.clock-stopped.v1",
    "position": {"partition": 0, "offset": 5},
}


def part(
    kind: str,
    reason: str,
    start: str,
    until: str,
    running_h: float,
    counted_h: float = 0,
    **more: Any,
) -> dict[str, Any]:
    return {
        "kind": kind,
        "reason": reason,
        "from": f"2026-11-{start}+08:00",
        "until": f"2026-11-{until}+08:00",
        "length_us": at(until) - at(start),
        "counted": int(counted_h * HOUR),
        "running": int(running_h * HOUR),
        "day": None,
        "basis": "《行政许可法》第四十二条",
        "record": STOPPED if kind == "stopped" else ACCEPTED,
        **more,
    }


def note(reason: str, when: str, **more: Any) -> dict[str, Any]:
    return {
        "at": f"2026-11-{when}+08:00",
        "reason": reason,
        "limit": None,
        "before": None,
        "after": None,
        "span": None,
        "basis": "《行政许可法》第四十二条第一款",
        "record": ACCEPTED,
        **more,
    }


def limit(name: str, due: str | None, budget_h: int | None, **more: Any) -> dict[str, Any]:
    ends = None if due is None else f"2026-11-{due}+08:00"
    return {
        "limit": name,
        "granted": {"amount": 1, "unit": "working_day"},
        "granted_us": None if budget_h is None else budget_h * HOUR,
        "due_at": ends,
        "effective_at": ends,
        "origin": "pack",
        "basis": "《行政许可法》第四十二条",
        "measure": "working_time",
        "budget": None if budget_h is None else budget_h * HOUR,
        **more,
    }


def explanation(**changes: Any) -> dict[str, Any]:
    """A promise of one working day, used up on the second day at 13:00, with a stop before."""
    return {
        "rule": "handling-limit",
        "clock": "handling",
        "cycle": "/halls/430121/approval#7701",
        "part": None,
        "opened_at": "2026-11-23T09:00:00+08:00",
        "closed_at": None,
        "until": "2026-11-24T13:30:00+08:00",
        "opener": ACCEPTED,
        "closer": None,
        "stopped": False,
        "limit": "promised",
        "unit": "working_day",
        "measure": "working_time",
        "standard_day_us": 7 * HOUR,
        "used": int(7.5 * HOUR),
        "overdue": int(0.5 * HOUR),
        "used_us": int(7.5 * HOUR),
        "stopped_us": 3 * HOUR,
        "overdue_us": int(0.5 * HOUR),
        "basis": "《行政许可法》第四十二条",
        "pack": "hunan",
        "pack_version": "2018-10",
        "calendar_version": "cn-2026.1",
        "reproduced": True,
        "limits": [
            limit("promised", "24T13:00:00", 7),
            limit("statutory", None, None, granted=None),
        ],
        "thresholds": [
            {
                "level": "yellow",
                "limit": "promised",
                "offset": 0,
                "effective_at": "2026-11-24T13:00:00+08:00",
                "crossed": True,
                "possible": True,
                "basis": "《行政许可法》第四十二条",
            }
        ],
        "intervals": [
            part("counted", "running", "23T09:00:00", "23T12:00:00", 3, 3),
            part("not_working", "lunch", "23T12:00:00", "23T13:00:00", 3),
            part("counted", "running", "23T13:00:00", "23T17:00:00", 7, 4),
            part("not_working", "night", "23T17:00:00", "24T09:00:00", 7),
            part("stopped", "stop", "24T09:00:00", "24T12:00:00", 7),
            part("not_working", "lunch", "24T12:00:00", "24T13:00:00", 7),
            part("counted", "running", "24T13:00:00", "24T13:30:00", 7.5, 0.5),
        ],
        "notes": [note("limit-ends", "24T13:00:00", limit="promised")],
        **changes,
    }
