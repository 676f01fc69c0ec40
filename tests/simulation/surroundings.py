"""What lies around the handling of a random case: receipts, stages, parts, fees, certificates.

It stands apart from `histories.py`, which draws the cycle itself; complaints and consultations are
subjects of their own and take the place of a case.
"""

from collections.abc import Callable
from datetime import datetime, timedelta
from random import Random
from typing import Any, Protocol

Data = dict[str, Any]
DAY = timedelta(days=1)
PROCEDURES = ("hearing", "hearing", "hearing", "testing", "expert_review", "publicity", "other")
OUTCOMES = (
    *("granted", "granted", "granted", "refused", "withdrawn", "returned", "voided"),
    *("deleted", "forwarded", "other", "correction_lapsed"),
)
STAGES = ("review", "decide", "sign")
TAGS = ("无理由超过法定办理时间", "未在承诺时间内办结", "态度不好")


class Drawing(Protocol):
    """What a drawing offers: its dice, and a place for events."""

    random: Random
    start: datetime

    def add(self, kind: str, at: datetime, data: Data, family: str = "case") -> Any: ...
    def chance(self, share: float) -> bool: ...
    def moment(self, since: datetime, days: float) -> datetime: ...
    def limit(self, low: int, high: int) -> Data: ...
    def text(self, at: datetime) -> str: ...


def stop_data(drawing: Drawing, about: Data, begun: datetime) -> Data:
    """Return a special procedure: of any kind, with or without a written notice."""
    data = {**about, "procedure": drawing.random.choice(PROCEDURES)}
    if drawing.chance(0.65):
        data["notice_at"] = drawing.text(begun)
    return data


def extension_data(drawing: Drawing, about: Data) -> Data:
    """Return an extension, approved or not."""
    data = {**about, "by": drawing.limit(1, 5)}
    if drawing.chance(0.7):
        data["approver_ref"] = "P-1"
    if drawing.chance(0.85):
        data["reason"] = drawing.random.choice(("complex", "complex", " "))
    if drawing.chance(0.1) and data["by"]["unit"] != "month":
        data["by"] = {"amount": drawing.random.randint(9, 17), "unit": data["by"]["unit"]}
    return data


def acceptance_data(drawing: Drawing, accepted: datetime) -> Data:
    """Return what an acceptance may say beside its limits."""
    data: Data = {}
    if drawing.chance(0.25):
        names = drawing.random.sample(STAGES, drawing.random.randint(1, 3))
        data["stage_limits"] = {name: drawing.limit(1, 4) for name in names}
    if drawing.chance(0.12):
        data["missing_materials"] = {"items": ["plan"]}
        if drawing.chance(0.8):
            data["missing_materials"]["due"] = drawing.text(drawing.moment(accepted, 9))
    if drawing.chance(0.3):
        data["chargeable"] = drawing.chance(0.5)
    if drawing.chance(0.3):
        data["materials"] = {"required": 3, "submitted": drawing.random.choice((2, 3))}
    return data


def completion_data(drawing: Drawing, about: Data) -> Data:
    """Return a completion of any outcome."""
    data = {**about, "outcome": drawing.random.choice(OUTCOMES)}
    if drawing.chance(0.3):
        data["certificate_ref"] = "C-1"
    if drawing.chance(0.4):
        data["reason"] = drawing.random.choice(("incomplete", "  "))
    if drawing.chance(0.08):
        data["fee"] = {"amount": drawing.random.choice(("0", "12.50")), "currency": "CNY"}
    return data


def draw_receipt(drawing: Drawing, about: Data, accepted: datetime) -> bool:
    """Add what comes before the acceptance; return whether the acceptance never comes."""
    if not drawing.chance(0.35):
        return False
    received = accepted - drawing.random.uniform(0, 9) * DAY
    received = received.replace(microsecond=0)
    channel = drawing.random.choice(("online", "mobile", "window", None))
    data = {**about, "matter": "m-1", "department": "d-1", "channel": channel}
    drawing.add("received", received, data)
    if drawing.chance(0.1):
        drawing.add("received", drawing.moment(received, 3), data)
    if drawing.chance(0.5):
        result = drawing.random.choice(("passed", "passed", "refused", "correction"))
        drawing.add("pre-reviewed", drawing.moment(received, 6), {**about, "result": result})
    for _ in range(drawing.random.choice((0, 0, 1, 1, 2, 3))):
        asked = drawing.moment(received, 7)
        items = drawing.random.choice((["plan"], ["plan", "deed"], [" "]))
        drawing.add("correction-requested", asked, {**about, "items": items})
        if drawing.chance(0.7):
            since = asked if drawing.chance(0.85) else received
            drawing.add("correction-received", drawing.moment(since, 4), dict(about))
    if drawing.chance(0.08):
        reason = drawing.random.choice(("not competent", None))
        drawing.add("acceptance-refused", drawing.moment(received, 8), {**about, "reason": reason})
    return drawing.chance(0.2)


def draw_handling(drawing: Drawing, about: Data, accepted: datetime, span: int) -> None:
    """Add stages and transfers, and what comes afterwards."""
    random = drawing.random
    for name in random.sample(STAGES, random.choice((0, 0, 1, 2, 3))):
        begun = drawing.moment(accepted - drawing.chance(0.1) * 2 * DAY, span)
        stage = {**about, "stage": name}
        if drawing.chance(0.9):
            drawing.add("stage-started", begun, stage)
        if drawing.chance(0.7):
            ended = drawing.moment(begun - drawing.chance(0.1) * DAY, 5)
            drawing.add("stage-finished", ended, stage)
    for _ in range(random.choice((0, 0, 0, 0, 0, 1, 3, 4))):
        there = random.sample(("d-1", "d-2", "d-3"), 2)
        data = {**about, "from_department": there[0], "to_department": there[1]}
        drawing.add("transferred", drawing.moment(accepted, span), data)
    draw_afterwards(drawing, about, accepted, span)


def draw_afterwards(drawing: Drawing, about: Data, accepted: datetime, span: int) -> None:
    """Add fees, certificates and ratings."""
    random = drawing.random
    if drawing.chance(0.15):
        data = {**about, "amount": random.choice(("0", "5.00", "80")), "basis": "b-1"}
        kind = random.choice(("fee-charged", "fee-paid"))
        drawing.add(kind, drawing.moment(accepted, span), data)
    for kind in ("certificate-issued", "delivered"):
        if drawing.chance(0.2):
            drawing.add(kind, drawing.moment(accepted, 2 * span), dict(about))
    if drawing.chance(0.12):
        data = {**about, "score": random.choice((1, 4, 5)), "tags": random.sample(TAGS, 2)}
        drawing.add("rated", drawing.moment(accepted, 2 * span), data)
    if drawing.chance(0.1):
        drawing.add("correction-received", drawing.moment(accepted, span), dict(about))


def draw_parts(drawing: Drawing, accepted: datetime, span: int) -> None:
    """Add parts of a joint case: dispatched, answered or not."""
    for part in ("land", "fire"):
        if not drawing.chance(0.6):
            continue
        for _ in range(drawing.random.choice((1, 1, 2))):
            begun = drawing.moment(accepted, span)
            data = {"part": part, "department": f"d-{part}"}
            if drawing.chance(0.5):
                data["due"] = drawing.text(drawing.moment(begun, 6))
            if drawing.chance(0.9):
                drawing.add("part-dispatched", begun, data)
            if drawing.chance(0.6):
                replied = {"part": part, "department": f"d-{part}"}
                drawing.add("part-replied", drawing.moment(begun, 8), replied)


def matter_entry(drawing: Drawing) -> Data:
    """Return a version of the matter that all cases are about, as a catalogue has it."""
    entry: Data = {"code": "m-1", "name": "m", "department": "d-1"}
    if drawing.chance(0.5):
        entry["promised_limit"] = drawing.limit(1, 6)
    if drawing.chance(0.5):
        entry["statutory_limit"] = drawing.limit(2, 9)
    if drawing.chance(0.6):
        names = drawing.random.sample(STAGES, drawing.random.randint(1, 3))
        entry["stages"] = [
            {"name": name, **({"limit": drawing.limit(1, 4)} if drawing.chance(0.6) else {})}
            for name in names
        ]
    if drawing.chance(0.5):
        entry["fee"] = {"free": drawing.chance(0.4)}
        if not entry["fee"]["free"]:
            entry["fee"] |= {"amount": "20.00", "basis": drawing.random.choice(("b-1", "b-2"))}
    entry["issues_certificate"] = drawing.chance(0.5)
    return entry


def draw_complaint(drawing: Drawing) -> None:
    """Add a complaint: filed, accepted, extended, answered; or not."""
    filed = drawing.start
    accepted = drawing.moment(filed, 4)
    _maybe_due(drawing, "filed", filed, 0.5)
    if drawing.chance(0.95):
        _maybe_due(drawing, "accepted", accepted, 0.6)
    for _ in range(drawing.random.choice((0, 0, 1, 2))):
        _maybe_due(drawing, "extended", drawing.moment(accepted, 8), 0.9)
    for kind, share in (("answered", 0.5), ("closed", 0.4), ("refused", 0.08)):
        if drawing.chance(share):
            drawing.add(kind, drawing.moment(filed, 14), {}, "complaint")


def draw_consultation(drawing: Drawing) -> None:
    """Add a consultation: asked, answered or not."""
    asked = drawing.start
    for _ in range(drawing.random.choice((1, 1, 1, 2))):
        data = {"department": "d-1"}
        if drawing.chance(0.85):
            data["due"] = drawing.text(drawing.moment(asked, 9))
        drawing.add("asked", asked, data, "consultation")
        asked = drawing.moment(asked, 5)
    for _ in range(drawing.random.choice((0, 1, 1, 2))):
        drawing.add("answered", drawing.moment(drawing.start, 12), {}, "consultation")


def _maybe_due(drawing: Drawing, kind: str, at: datetime, share: float) -> None:
    data = {"department": "d-1"}
    if drawing.chance(share):
        data["due"] = drawing.text(drawing.moment(at, 9))
    drawing.add(kind, at, data, "complaint")


AROUND: tuple[Callable[[Drawing], None], ...] = (draw_complaint, draw_consultation)
