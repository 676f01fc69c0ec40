"""Facts around the cases: complaints, consultations, the queue, and units of the hall."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from ledger.fact import Fact, fact


@dataclass(frozen=True, slots=True, kw_only=True)
class _Complaint(Fact):
    """What facts about a complaint (投诉) may carry; its id is the subject."""

    case: str | None = None
    department: str | None = None
    due: datetime | None = None
    result: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class _Consultation(Fact):
    """What facts about a consultation (咨询) may carry; its id is the subject."""

    department: str | None = None
    due: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class _Ticket(Fact):
    """What facts about a queue ticket (排队号) may carry; its id is the subject."""

    hall: str | None = None
    window: str | None = None
    matter: str | None = None
    case: str | None = None


@fact("hall.complaint.filed.v1")
class ComplaintFiled(_Complaint):
    """投诉."""


@fact("hall.complaint.accepted.v1")
class ComplaintAccepted(_Complaint):
    """投诉受理."""


@fact("hall.complaint.refused.v1")
class ComplaintRefused(_Complaint):
    """投诉不予受理."""


@fact("hall.complaint.transferred.v1")
class ComplaintTransferred(_Complaint):
    """投诉转办."""


@fact("hall.complaint.extended.v1")
class ComplaintExtended(_Complaint):
    """投诉延期."""


@fact("hall.complaint.answered.v1")
class ComplaintAnswered(_Complaint):
    """投诉回复."""


@fact("hall.complaint.closed.v1")
class ComplaintClosed(_Complaint):
    """投诉办结."""


@fact("hall.consultation.asked.v1")
class ConsultationAsked(_Consultation):
    """咨询."""


@fact("hall.consultation.answered.v1")
class ConsultationAnswered(_Consultation):
    """咨询答复."""


@fact("hall.queue.ticket-drawn.v1")
class TicketDrawn(_Ticket):
    """取号."""


@fact("hall.queue.called.v1")
class TicketCalled(_Ticket):
    """叫号."""


@fact("hall.queue.served.v1")
class TicketServed(_Ticket):
    """服务结束."""


@fact("hall.queue.abandoned.v1")
class TicketAbandoned(_Ticket):
    """弃号."""


@fact("hall.unit.attendance-noted.v1")
class AttendanceNoted(Fact):
    """考勤."""

    clerk_ref: str | None = None
    status: Literal["present", "late", "left_early", "absent", "on_leave"]
    text: str | None = None


@fact("hall.unit.inspection-noted.v1")
class InspectionNoted(Fact):
    """巡查."""

    item: str
    clerk_ref: str | None = None
    window: str | None = None
    text: str | None = None


@fact("hall.unit.score-entered.v1")
class ScoreEntered(Fact):
    """人工评分: points as decimal text."""

    item: str
    points: str
    actor_ref: str | None = None
    text: str | None = None


HallFact = (
    ComplaintFiled
    | ComplaintAccepted
    | ComplaintRefused
    | ComplaintTransferred
    | ComplaintExtended
    | ComplaintAnswered
    | ComplaintClosed
    | ConsultationAsked
    | ConsultationAnswered
    | TicketDrawn
    | TicketCalled
    | TicketServed
    | TicketAbandoned
    | AttendanceNoted
    | InspectionNoted
    | ScoreEntered
)
