"""What people call each type of record, and which of its fields they want to read first.

It stands apart from `texts.py` because it follows the wire contract: a test requires a name for
every type the ledger knows.
"""

from typing import Literal

from consoles.pages.texts import LANGS, Lang

Family = Literal["fact", "finding", "tick"]

NAMES: dict[str, tuple[str, str]] = {
    "hall.case.received.v1": ("收件", "Received"),
    "hall.case.pre-reviewed.v1": ("预审", "Pre-reviewed"),
    "hall.case.correction-requested.v1": ("补正告知", "Correction requested"),
    "hall.case.correction-received.v1": ("补正受理", "Correction received"),
    "hall.case.accepted.v1": ("受理", "Accepted"),
    "hall.case.acceptance-refused.v1": ("不予受理", "Acceptance refused"),
    "hall.case.transferred.v1": ("转办", "Transferred"),
    "hall.case.stage-started.v1": ("环节开始", "Stage started"),
    "hall.case.stage-finished.v1": ("环节结束", "Stage finished"),
    "hall.case.part-dispatched.v1": ("抄告相关", "Part dispatched"),
    "hall.case.part-replied.v1": ("限时反馈", "Part replied"),
    "hall.case.urged.v1": ("催办", "Urged"),
    "hall.case.clock-stopped.v1": ("特别程序开始（停表）", "Clock stopped"),
    "hall.case.clock-resumed.v1": ("特别程序结束（恢复计时）", "Clock resumed"),
    "hall.case.extended.v1": ("延期", "Extended"),
    "hall.case.decided.v1": ("作出决定", "Decided"),
    "hall.case.completed.v1": ("办结", "Completed"),
    "hall.case.certificate-issued.v1": ("出证", "Certificate issued"),
    "hall.case.delivered.v1": ("送达", "Delivered"),
    "hall.case.fee-charged.v1": ("核费", "Fee charged"),
    "hall.case.fee-paid.v1": ("缴费", "Fee paid"),
    "hall.case.rated.v1": ("好差评", "Rated"),
    "hall.case.amended.v1": ("更正", "Amended"),
    "hall.case.released.v1": ("恢复判定", "Released for judging"),
    "hall.card.confirmed.v1": ("确认发牌", "Card confirmed"),
    "hall.card.signed.v1": ("签收", "Card signed"),
    "hall.card.explained.v1": ("说明", "Card explained"),
    "hall.card.appealed.v1": ("申诉", "Card appealed"),
    "hall.card.appeal-decided.v1": ("申诉处理", "Appeal decided"),
    "hall.card.superintended.v1": ("督办", "Superintended"),
    "hall.card.rectification-ordered.v1": ("责令整改", "Rectification ordered"),
    "hall.card.rectified.v1": ("整改完成", "Rectified"),
    "hall.card.held-accountable.v1": ("问责", "Held accountable"),
    "hall.card.closed.v1": ("销号", "Card closed"),
    "hall.card.issued-by-hand.v1": ("人工发牌", "Card issued by hand"),
    "hall.finding.limits-set.v1": ("时限核定", "Limits set"),
    "hall.finding.card-issued.v1": ("发牌", "Card issued"),
    "hall.finding.card-rescinded.v1": ("自动撤牌", "Card rescinded"),
    "hall.finding.deemed-accepted.v1": ("视为受理", "Deemed accepted"),
    "hall.finding.case-settled.v1": ("办结核算", "Case settled"),
    "hall.finding.case-unjudged.v1": ("暂停判定", "Judging suspended"),
    "hall.finding.anomaly-found.v1": ("异常", "Anomaly found"),
    "hall.complaint.filed.v1": ("投诉", "Complaint filed"),
    "hall.complaint.accepted.v1": ("投诉受理", "Complaint accepted"),
    "hall.complaint.refused.v1": ("投诉不予受理", "Complaint refused"),
    "hall.complaint.transferred.v1": ("投诉转办", "Complaint transferred"),
    "hall.complaint.extended.v1": ("投诉延期", "Complaint extended"),
    "hall.complaint.answered.v1": ("投诉答复", "Complaint answered"),
    "hall.complaint.closed.v1": ("投诉办结", "Complaint closed"),
    "hall.consultation.asked.v1": ("咨询", "Consultation asked"),
    "hall.consultation.answered.v1": ("咨询答复", "Consultation answered"),
    "hall.queue.ticket-drawn.v1": ("取号", "Ticket drawn"),
    "hall.queue.called.v1": ("叫号", "Called"),
    "hall.queue.served.v1": ("接待", "Served"),
    "hall.queue.abandoned.v1": ("弃号", "Abandoned"),
    "hall.unit.attendance-noted.v1": ("考勤", "Attendance noted"),
    "hall.unit.inspection-noted.v1": ("巡查", "Inspection noted"),
    "hall.unit.score-entered.v1": ("人工评分", "Score entered"),
    "hall.reference.hall-published.v1": ("大厅目录", "Hall published"),
    "hall.reference.department-published.v1": ("部门目录", "Department published"),
    "hall.reference.window-published.v1": ("窗口目录", "Window published"),
    "hall.reference.matter-published.v1": ("事项目录", "Matter published"),
    "hall.reference.calendar-published.v1": ("日历发布", "Calendar published"),
    "hall.reference.pack-published.v1": ("规则包发布", "Rule pack published"),
    "hall.reference.roster-published.v1": ("值班表发布", "Roster published"),
    "hall.clock.reached.v1": ("到点", "Clock tick"),
    "hall.supervision.judged.v1": ("判定水位", "Judged up to"),
    "hall.log.skipped.v1": ("跳过坏记录", "Record skipped"),
    "hall.import.begun.v1": ("导入开始", "Import begun"),
    "hall.import.ended.v1": ("导入结束", "Import ended"),
}
"""Record type → (Chinese, English)."""

FIELDS: dict[str, tuple[str, str]] = {
    "matter": ("事项", "matter"),
    "department": ("部门", "department"),
    "from_department": ("转出", "from"),
    "to_department": ("转入", "to"),
    "window": ("窗口", "window"),
    "stage": ("环节", "stage"),
    "clerk_ref": ("经办", "clerk"),
    "to_clerk": ("经办", "clerk"),
    "actor_ref": ("操作人", "by"),
    "approver_ref": ("批准人", "approved by"),
    "result": ("结果", "result"),
    "outcome": ("结果", "outcome"),
    "decision": ("决定", "decision"),
    "procedure": ("程序", "procedure"),
    "applied": ("申请时长", "applied for"),
    "by": ("延长", "by"),
    "promised_limit": ("承诺时限", "promised limit"),
    "statutory_limit": ("法定时限", "statutory limit"),
    "promised_due": ("承诺到限", "promised due"),
    "statutory_due": ("法定到限", "statutory due"),
    "applied_due": ("申请时长到限", "time applied for ends"),
    "closed_at": ("结束", "closed"),
    "level": ("级别", "level"),
    "effective_at": ("生效", "effective from"),
    "due_at": ("到点", "due"),
    "rule": ("规则", "rule"),
    "clock": ("时限", "clock"),
    "reason": ("原因", "reason"),
    "text": ("说明", "text"),
    "items": ("材料", "items"),
    "amount": ("金额", "amount"),
    "score": ("评分", "score"),
    "detail": ("详情", "detail"),
    "error": ("错误代码", "error code"),
}
"""Field of a fact → its label; the order is the order in which a line shows them."""


def type_name(record_type: str, lang: Lang) -> str:
    """Return what people call a record type; the type itself where it has no name."""
    pair = NAMES.get(record_type)
    return pair[LANGS.index(lang)] if pair else record_type


def field_name(field: str, lang: Lang) -> str:
    """Return the label of a field."""
    return FIELDS[field][LANGS.index(lang)]


def family_of(record_type: str) -> Family:
    """Return whether a record is a fact from outside, a finding of supervision, or a tick."""
    if record_type.startswith("hall.finding."):
        return "finding"
    return "tick" if record_type.startswith("hall.clock.") else "fact"
