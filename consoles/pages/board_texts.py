"""The sentences about many clocks, findings and subjects, in both languages; a part of `texts.py`.

It stands apart because they name what supervision knows: kinds of clock, kinds of subject, and
states of a clock as findings tell them.
"""

BOARD_SENTENCES: dict[str, tuple[str, str]] = {
    # Kinds of clock, as a word beside a card
    "about.handling": ("办件", "Handling"),
    "about.special-procedure": ("特别程序", "Special procedure"),
    "about.pre-review": ("预审", "Pre-review"),
    "about.correction-notice": ("补正告知", "Correction notice"),
    "about.certificate": ("出证", "Certificate"),
    "about.delivery": ("送达", "Delivery"),
    "about.stage": ("环节", "Stage"),
    "about.part-reply": ("联办反馈", "Part reply"),
    "about.missing-materials": ("容缺补正", "Materials owed"),
    "about.consultation": ("咨询", "Consultation"),
    "about.complaint": ("投诉", "Complaint"),
    "about.none": ("规范", "Conduct"),
    # Kinds of subject: number, and title of the page of its history
    "subject.case": ("办件号", "Case number"),
    "subject.complaint": ("投诉号", "Complaint"),
    "subject.consultation": ("咨询号", "Consultation"),
    "subject.queue": ("排队号", "Queue ticket"),
    "subject.unit": ("单位", "Department"),
    "history.case": ("办件回放", "Case replay"),
    "history.complaint": ("投诉经过", "Complaint replay"),
    "history.consultation": ("咨询经过", "Consultation replay"),
    "history.queue": ("排队经过", "Queue ticket replay"),
    "history.unit": ("单位监察经过", "Department replay"),
    "special": ("特办", "Special case"),
    "handling.immediate": ("即办件", "immediate"),
    "handling.promised": ("承诺件", "promised"),
    "handling.joint": ("联办件", "joint"),
    "handling.reported": ("上报件", "reported"),
    "handling.returned": ("退回件", "returned"),
    "handling.supplementary": ("补办件", "supplementary"),
    "handling.special": ("特办件", "special"),
    # The clocks of a case
    "clocks.title": ("当时的时限", "Clocks then"),
    "clocks.none": ("当时没有时限。", "No clock had opened then."),
    "clocks.opened": ("起算", "Opened"),
    "clocks.closed": ("结束", "Closed"),
    "clocks.nearest": ("最近到限", "Nearest"),
    "clocks.next": ("下一级", "Next level"),
    "clocks.passed": ("已到限", "Passed"),
    # Findings
    "found.title": ("当时的异常", "Findings then"),
    "found.none": ("当时没有异常。", "Nothing was found then."),
    "found.cites": ("所据记录", "Records"),
    "found.rule": ("规则", "Rule"),
    "case.deemed": ("视为受理", "Deemed accepted"),
    "case.deemed.is": (
        "自收件之日（{at}）起视为受理：逾期未告知补正",
        "from its receipt on ({at}): not told in time what to correct",
    ),
    "case.withdrawn": ("{name}（收回）", "{name}, withdrawn"),
    "case.handling_type": ("办件类型", "Kind of case"),
    "case.last": ("最近记录", "Last record"),
}
"""Key → (Chinese, English)."""
