"""Facts about a case (办件) and about its certificate, fee and rating: the families `hall.case.*`.

The order of this file is the family rank: facts of one instant are judged in this order.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from ledger.fact import STRICT, Fact, Identity, Limit, Money, check_money, fact

HandlingType = Literal[
    "immediate", "promised", "joint", "reported", "returned", "supplementary", "special"
]
Procedure = Literal[
    "hearing",
    "tender",
    "auction",
    "inspection",
    "testing",
    "quarantine",
    "appraisal",
    "expert_review",
    "publicity",
    "other",
]
Outcome = Literal[
    "granted",
    "refused",
    "returned",
    "voided",
    "deleted",
    "forwarded",
    "correction_lapsed",
    "withdrawn",
    "other",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class MissingMaterials:
    """Secondary materials still owed after an acceptance under tolerance (容缺受理)."""

    __pydantic_config__ = STRICT
    items: tuple[str, ...]
    due: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Materials:
    """How many mandatory materials the matter requires and how many were handed in."""

    __pydantic_config__ = STRICT
    required: int
    submitted: int


@dataclass(frozen=True, slots=True, kw_only=True)
class _CaseFact(Fact):
    """Every fact of a case may name the department's share (`part`) of a joint case."""

    part: str | None = None


@fact("hall.case.received.v1")
class CaseReceived(_CaseFact):
    """收件/申报: materials were taken in; nothing is accepted yet."""

    matter: str
    hall: str | None = None
    department: str | None = None
    window: str | None = None
    clerk_ref: str | None = None
    applicant_ref: str | None = None
    agent_ref: str | None = None
    channel: str | None = None


@fact("hall.case.pre-reviewed.v1")
class CasePreReviewed(_CaseFact):
    """预审/预受理: an on-line application was looked at before acceptance."""

    result: Literal["passed", "refused", "correction"]


@fact("hall.case.correction-requested.v1")
class CorrectionRequested(_CaseFact):
    """补正告知: everything to correct, told once (行政许可法 art. 32)."""

    items: tuple[str, ...]
    reason: str | None = None
    due: datetime | None = None


@fact("hall.case.correction-received.v1")
class CorrectionReceived(_CaseFact):
    """补正受理: corrected materials came in."""

    items: tuple[str, ...] | None = None


@fact("hall.case.accepted.v1")
class CaseAccepted(_CaseFact):
    """受理: the limits start (行政许可法 art. 42)."""

    matter: str
    hall: str | None = None
    department: str
    window: str | None = None
    clerk_ref: str | None = None
    agent_ref: str | None = None
    channel: str | None = None
    handling_type: HandlingType | None = None
    missing_materials: MissingMaterials | None = None
    promised_limit: Limit | None = None
    statutory_limit: Limit | None = None
    promised_due: datetime | None = None
    materials: Materials | None = None
    chargeable: bool | None = None
    stage_limits: dict[str, Limit] | None = None


@fact("hall.case.acceptance-refused.v1")
class AcceptanceRefused(_CaseFact):
    """不予受理: refused with a reason (行政许可法 art. 32)."""

    reason: str | None = None


@fact("hall.case.transferred.v1")
class CaseTransferred(_CaseFact):
    """转办/移交: from one department or clerk to another."""

    from_department: str | None = None
    to_department: str | None = None
    from_clerk: str | None = None
    to_clerk: str | None = None
    stage: str | None = None
    reason: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class _Stage(_CaseFact):
    """A named step of handling: review, check on site, decision."""

    stage: str
    department: str | None = None
    clerk_ref: str | None = None
    result: str | None = None
    opinion_ref: str | None = None


@fact("hall.case.stage-started.v1")
class StageStarted(_Stage):
    """环节开始."""


@fact("hall.case.stage-finished.v1")
class StageFinished(_Stage):
    """环节结束."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Part(_CaseFact):
    """A department's share of a joint case; `part` names it."""

    part: str
    department: str
    lead_department: str | None = None
    due: datetime | None = None
    result: str | None = None
    opinion_ref: str | None = None


@fact("hall.case.part-dispatched.v1")
class PartDispatched(_Part):
    """抄告相关: a part of a joint case goes to a department (行政许可法 art. 26)."""


@fact("hall.case.part-replied.v1")
class PartReplied(_Part):
    """限时反馈: the department's answer on its part."""


@fact("hall.case.urged.v1")
class CaseUrged(_CaseFact):
    """催办: a nudge; needs no card."""

    actor_ref: str
    text: str | None = None


@fact("hall.case.clock-stopped.v1")
class ClockStopped(_CaseFact):
    """特别程序开始: time not counted (行政许可法 art. 45), at most as long as applied for."""

    procedure: Procedure
    applied: Limit | None = None
    notice_at: datetime | None = None
    approver_ref: str | None = None
    reason: str | None = None


@fact("hall.case.clock-resumed.v1")
class ClockResumed(_CaseFact):
    """特别程序结束."""

    result: str | None = None


@fact("hall.case.extended.v1")
class CaseExtended(_CaseFact):
    """延期: with approval and a reason told (行政许可法 art. 42)."""

    by: Limit
    approver_ref: str | None = None
    reason: str | None = None


@fact("hall.case.decided.v1")
class DecisionMade(_CaseFact):
    """作出决定."""

    outcome: Literal["granted", "refused"]


@fact("hall.case.completed.v1")
class CaseCompleted(_CaseFact):
    """办结: handling finished."""

    outcome: Outcome
    reason: str | None = None
    fee: Money | None = None
    certificate_ref: str | None = None


@fact("hall.case.certificate-issued.v1")
class CertificateIssued(_CaseFact):
    """出证."""

    certificate_ref: str | None = None
    method: str | None = None


@fact("hall.case.delivered.v1")
class ResultDelivered(_CaseFact):
    """送达/领取 (行政许可法 art. 44)."""

    certificate_ref: str | None = None
    method: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class _Fee(_CaseFact):
    """An amount of money as decimal text, never a float."""

    amount: str
    currency: str | None = None
    basis: str | None = None
    receipt_ref: str | None = None

    def __post_init__(self) -> None:
        """Refuse an amount that is not decimal text."""
        check_money(self.amount)


@fact("hall.case.fee-charged.v1")
class FeeCharged(_Fee):
    """核费."""


@fact("hall.case.fee-paid.v1")
class FeePaid(_Fee):
    """缴费."""


@fact("hall.case.rated.v1")
class CaseRated(_CaseFact):
    """好差评: 1 非常满意 … 5 非常不满意 (GB/T 39046-2020 A.8)."""

    score: Literal[1, 2, 3, 4, 5]
    channel: str | None = None
    tags: tuple[str, ...] | None = None


@fact("hall.case.amended.v1")
class CaseAmended(_CaseFact):
    """更正/重报: an earlier record of the case was wrong.

    Attributes:
        amends: the record that is corrected.
        replacement: fields of its data, merged over the old; `time` among them is the instant.
        void: the record is to count as never made.
    """

    amends: Identity
    replacement: dict[str, Any] | None = None
    void: bool | None = None
    reason: str
    approver_ref: str | None = None

    def __post_init__(self) -> None:
        """Require exactly one of a replacement and `void: true`."""
        if (self.replacement is None) == (self.void is not True):
            raise ValueError("give either a replacement or void: true")


@fact("hall.case.released.v1")
class CaseReleased(_CaseFact):
    """恢复判定: an operator lets a suspended case be judged again."""

    actor_ref: str | None = None
    reason: str | None = None


CaseFact = (
    CaseReceived
    | CasePreReviewed
    | CorrectionRequested
    | CorrectionReceived
    | CaseAccepted
    | AcceptanceRefused
    | CaseTransferred
    | StageStarted
    | StageFinished
    | PartDispatched
    | PartReplied
    | CaseUrged
    | ClockStopped
    | ClockResumed
    | CaseExtended
    | DecisionMade
    | CaseCompleted
    | CertificateIssued
    | ResultDelivered
    | FeeCharged
    | FeePaid
    | CaseRated
    | CaseAmended
    | CaseReleased
)
