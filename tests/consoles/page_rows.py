"""Rows of read models and a reader of pages, as the tests of pages use them."""

from typing import Any
from zoneinfo import ZoneInfo

from consoles.pages.texts import Lang, Texts
from consoles.pages.times import Times, read_instant
from consoles.pages.view_models import Reader

SHANGHAI = ZoneInfo("Asia/Shanghai")
NAMES_OF = {("department", "SCJ"): "市场监督管理局", ("matter", "M7"): "公司设立登记"}
HOUR = 3_600_000_000
CASE = "430121-2026-100200"
CLERK = "clerk:4301-017"


def at(text: str) -> int:
    return read_instant(f"2026-11-{text}+08:00")


def reader(lang: Lang = "zh", now: str = "24T10:12:05") -> Reader:
    return Reader(
        t=Texts(lang),
        times=Times(zone=SHANGHAI, lang=lang, now_us=at(now)),
        name_of=lambda kind, code: NAMES_OF.get((kind, code)),
    )


def card_row(**changes: Any) -> dict[str, Any]:
    """A row of the warning board: a yellow card of this morning."""
    return {
        "subject": CASE,
        "card_id": "5f8b3c7e-0000-5000-8000-000000000001",
        "level": "yellow",
        "rule": "handling-limit",
        "clock": "handling",
        "handling_type": "promised",
        "department": "SCJ",
        "matter": "M7",
        "part": None,
        "clerk_ref": CLERK,
        "stage": "审查",
        "effective_us": at("24T09:31:02"),
        "detected_us": at("24T09:31:07"),
        "state": "issued",
        "live": 1,
        "rescinded_us": None,
        "rescind_reason": None,
        "changed_offset": 12,
        "used_us": 0,
        "stopped_us": 0,
        "overdue_us": 0,
        "basis": "行政许可法第四十二条",
        "pack": "hunan",
        "pack_version": "2018-10",
        "calendar_version": "cn-2026.1",
        **changes,
    }


RESCINDED = card_row(
    state="rescinded",
    live=0,
    rescinded_us=at("24T09:55:00"),
    rescind_reason="late_evidence",
    changed_offset=19,
)
