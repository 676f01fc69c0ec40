"""Time rules by name: each watches one kind of clock through the thresholds a pack gives it."""

from collections.abc import Callable, Mapping
from typing import NamedTuple

from ledger.case import Known
from ledger.case_events import (
    AcceptanceRefused,
    CaseAccepted,
    CasePreReviewed,
    CaseReceived,
    CertificateIssued,
    CorrectionReceived,
    CorrectionRequested,
    DecisionMade,
    PartDispatched,
    PartReplied,
    ResultDelivered,
    StageFinished,
    StageStarted,
)
from ledger.fact import Fact
from ledger.findings import LimitName
from processors.supervision.law import Law
from processors.supervision.state import CaseState

Heeds = Callable[[CaseState, Known, Law], bool]
"""Whether a fact that comes in order to such a case may matter; True where in doubt."""


class TimeRule(NamedTuple):
    """What a rule on time watches.

    Attributes:
        clock: kind of the clock.
        limits: limits such a clock may have.
        moved_by: quiet fact types (`quiet.py`) that open or close it, and when they may.
    """

    clock: str
    limits: tuple[LimitName, ...]
    moved_by: Mapping[type[Fact], Heeds]
    meaning: str
    meaning_en: str


def always(_state: CaseState, _known: Known, _law: Law) -> bool:
    """Heed every such fact."""
    return True


def _has_clock(kind: str) -> Heeds:
    def heeds(state: CaseState, _known: Known, _law: Law) -> bool:
        return kind in [each for _, each, _ in state.limits]

    return heeds


def _not_accepted(state: CaseState, known: Known, _law: Law) -> bool:
    part = getattr(known.fact, "part", None)
    return part not in [accepted.part for accepted in state.acceptances()]


def _stage_has_limit(state: CaseState, _known: Known, law: Law) -> bool:
    if law.matter is not None and any(stage.limit is not None for stage in law.matter.stages):
        return True
    return any(accepted.stage_limits is not None for accepted in state.acceptances())


def _is_online(state: CaseState, known: Known, law: Law) -> bool:
    online = getattr(known.fact, "channel", None) in law.pack.online_channels
    return online and _not_accepted(state, known, law)


_RECEIPT = dict.fromkeys(
    (CaseReceived, CasePreReviewed, CorrectionRequested, AcceptanceRefused), _not_accepted
)


def _certified(kind: str) -> dict[type[Fact], Heeds]:
    """Heed the first certificate or delivery while such a clock runs, and none that follows.

    One that lies before an opening of the case answers nothing of what was opened there.
    """
    has_clock = _has_clock(kind)

    def heeds(state: CaseState, known: Known, law: Law) -> bool:
        if not has_clock(state, known, law):
            return False
        part = getattr(known.fact, "part", None)
        for each in reversed(state.facts):
            if type(each.fact) in _OPENING:
                break
            if type(each.fact) in _CERTIFYING and getattr(each.fact, "part", None) == part:
                return False
        return True

    return dict.fromkeys(_CERTIFYING, heeds)


_CERTIFYING: tuple[type[Fact], ...] = (CertificateIssued, ResultDelivered)
_OPENING: tuple[type[Fact], ...] = (CaseReceived, CaseAccepted)


TIME_RULES: dict[str, TimeRule] = {
    "handling-limit": TimeRule(
        "handling",
        ("promised", "statutory"),
        {},
        "办件时限：受理至办结，扣除特别程序",
        "from acceptance to completion, special procedures taken out",
    ),
    "special-procedure-limit": TimeRule(
        "special-procedure",
        ("applied",),
        {},
        "特别程序时限：自开始至结束，对照申请时限",
        "a special procedure against the time applied for",
    ),
    "pre-review-limit": TimeRule(
        "pre-review",
        ("promised",),
        {**_RECEIPT, CaseReceived: _is_online},
        "网上办事（预受理）时限：网上提交至预审",
        "from an on-line application to its pre-review",
    ),
    "correction-notice-limit": TimeRule(
        "correction-notice",
        ("statutory",),
        _RECEIPT,
        "补正告知时限：收件至一次性告知、受理或不予受理",
        "from receipt to the one-time correction notice, acceptance or refusal",
    ),
    "certificate-limit": TimeRule(
        "certificate",
        ("promised",),
        _certified("certificate"),
        "电子证照出证时限：办结至出证",
        "from completion to the issue of the certificate",
    ),
    "delivery-limit": TimeRule(
        "delivery",
        ("statutory",),
        {DecisionMade: always, **_certified("delivery")},
        "颁发、送达时限：准予决定至送达",
        "from the decision to grant to its delivery",
    ),
    "stage-limit": TimeRule(
        "stage",
        ("promised",),
        {StageStarted: _stage_has_limit, StageFinished: _stage_has_limit},
        "环节时限：环节开始至结束，扣除特别程序",
        "a stage against its own limit, special procedures taken out",
    ),
    "part-reply-limit": TimeRule(
        "part-reply",
        ("promised",),
        {PartDispatched: always, PartReplied: always},
        "联办限时反馈：抄告相关部门至反馈",
        "a department's reply on its part of a joint case",
    ),
    "missing-materials-limit": TimeRule(
        "missing-materials",
        ("promised",),
        {CorrectionReceived: _has_clock("missing-materials")},
        "容缺补正时限：容缺受理至补齐材料",
        "materials still owed after an acceptance under tolerance",
    ),
    "consultation-limit": TimeRule(
        "consultation",
        ("promised",),
        {},
        "咨询时限：咨询至答复",
        "a consultation against its due instant",
    ),
    "complaint-limit": TimeRule(
        "complaint",
        ("promised",),
        {},
        "投诉时限：投诉受理至回复",
        "a complaint against its due instant",
    ),
}
