"""The life of a case, told as the facts that the approval system of a hall reports.

It stands apart from the course (when things happen) and from the mishaps (how badly they are
reported): here stands what is reported, family by family, in the public wire form.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from consoles.demo.course import Course, Frame, Pace
from consoles.demo.dice import Dice
from consoles.demo.facts import Json, Pen, Sending, instant_text
from consoles.demo.town import HALL, Limit, Town
from consoles.demo.workday import HOUR_US, MINUTE_US, SECOND_US, WORKING_DAY_US, HallTime

_REASONS = {
    "refused": "不符合法定条件",
    "returned": "申请材料与事项不符，退回申请人",
    "withdrawn": "申请人书面撤回申请",
    "correction_lapsed": "逾期未补正",
    "voided": "重复申请，作废",
    "deleted": "录入错误",
    "forwarded": "初审通过，转报上级机关",
    "other": "按告知承诺办结",
}
_STOP_REASONS = {
    "inspection": "需现场检验",
    "testing": "样品送检",
    "appraisal": "需专业鉴定",
    "expert_review": "组织专家评审",
    "publicity": "公示征求意见",
    "hearing": "依申请举行听证",
    "other": "需其他机关协查",
}
_MISSING = ("营业场所使用证明", "法定代表人授权书", "平面布局图", "安全管理制度", "原证正本")
_MATERIALS = ("申请表", "身份证明复印件", "场地证明", "承诺书", "审计报告")
_RATING_TAGS = {
    1: ("服务热情", "办事高效"),
    2: ("态度较好",),
    3: ("等候时间较长",),
    4: ("要求提供办事指南之外的材料",),
    5: ("多次跑动",),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Teller:
    """Tells one case: its frame and course, the calendar, its chance, and the pen that writes."""

    town: Town
    frame: Frame
    course: Course
    hours: HallTime
    dice: Dice
    pen: Pen

    def tell(self) -> list[Sending]:
        """Return every fact of the case's life, in order of time, with its ordinary delivery."""
        self._arrival()
        if self.course.accepted_us is None:
            self._write("acceptance-refused", self.course.ends_us, reason="不属于本机关职权范围")
        else:
            self._acceptance(self.course.accepted_us)
            self._stages(self.course.accepted_us)
            self._stop()
            self._troubles(self.course.accepted_us)
            self._ending(self.course.accepted_us)
        return sorted(self.pen.sent, key=lambda sending: sending.time_us)

    def _write(self, what: str, time_us: int, **data: Json | None) -> Sending:
        return self.pen.write(f"case.{what}", time_us, data)

    def _arrival(self) -> None:
        course, frame, dice = self.course, self.frame, self.dice
        self._write(
            "received",
            course.received_us,
            matter=frame.matter.code,
            applicant_ref=frame.applicant,
            agent_ref=f"agent:{HALL[:4]}-{dice.between(1, 20):02d}" if dice.happens(40) else None,
            **self._place(),
        )
        if course.pre_reviewed_us is not None:
            self._write("pre-reviewed", course.pre_reviewed_us, result="passed")
        if course.correction_asked_us is not None and course.corrected_us is not None:
            items: list[Json] = [dice.pick(_MATERIALS)]
            due_us = self.hours.after(course.correction_asked_us, 5 * WORKING_DAY_US)
            self._write(
                "correction-requested",
                course.correction_asked_us,
                items=items,
                reason="材料不齐全",
                due=instant_text(due_us),
            )
            self._write("correction-received", course.corrected_us, items=items)

    def _place(self) -> dict[str, Json | None]:
        """Return where the case is: at a window, or with a department for what came on line."""
        frame = self.frame
        at_window = frame.channel == "window"
        return {
            "hall": HALL,
            "department": frame.matter.department,
            "window": frame.window if at_window else None,
            "clerk_ref": frame.clerk if at_window else None,
            "channel": frame.channel,
        }

    def _acceptance(self, accepted_us: int) -> None:
        matter, dice = self.frame.matter, self.dice
        required = dice.between(2, 7)
        missing: dict[str, Json] | None = None
        if matter.handling_type == "promised" and dice.happens(15):
            due_us = self.hours.after(accepted_us, WORKING_DAY_US)
            missing = {"items": [dice.pick(_MISSING)], "due": instant_text(due_us)}
        self._write(
            "accepted",
            accepted_us,
            matter=matter.code,
            handling_type="special" if dice.happens(8) else matter.handling_type,
            promised_limit=_wire(matter.promised_limit),
            statutory_limit=_wire(matter.statutory_limit),
            materials={"required": required, "submitted": required},
            missing_materials=missing,
            chargeable=matter.fee is not None,
            **self._place(),
        )

    def _stages(self, accepted_us: int) -> None:
        stages = self.frame.matter.stages
        begin_us = accepted_us
        for number, stage in enumerate(stages, start=1):
            end_us = self._during(accepted_us, 98 * number // len(stages))
            data: Mapping[str, Json] = {"stage": stage, "department": self.frame.matter.department}
            self._write("stage-started", begin_us, **data, clerk_ref=self._officer())
            if stage == "并联审查":
                self._parts(begin_us, end_us)
            self._write("stage-finished", end_us, **data, result="passed")
            begin_us = min(end_us + self.dice.between(0, 90) * SECOND_US, self.course.ends_us)
            if number < len(stages) and self.dice.happens(20):
                self._transfer(begin_us, stages[number])

    def _parts(self, begin_us: int, end_us: int) -> None:
        lead = self.frame.matter.department
        others = [town.code for town in self.town.departments[:12] if town.code != lead]
        first = self.dice.below(len(others) - 1)
        for other in others[first : first + 2]:
            due_us = self.hours.after(begin_us, 5 * WORKING_DAY_US)
            share: Mapping[str, Json] = {"part": other, "department": other}
            self._write(
                "part-dispatched",
                begin_us,
                **share,
                lead_department=lead,
                due=instant_text(due_us),
            )
            replied_us = self.hours.between(begin_us, end_us, self.dice.between(30, 90))
            self._write("part-replied", replied_us, **share, result="agreed")

    def _transfer(self, time_us: int, stage: str) -> None:
        department = self.frame.matter.department
        self._write(
            "transferred",
            time_us,
            from_department=department,
            to_department=department,
            from_clerk=self.frame.clerk,
            to_clerk=self._officer(),
            stage=stage,
            reason="经办人外出，转办",
        )

    def _stop(self) -> None:
        stop = self.course.stop
        if stop is None:
            return
        self._write(
            "clock-stopped",
            stop.begins_us,
            procedure=stop.procedure,
            applied=_wire(stop.applied),
            notice_at=instant_text(stop.begins_us),
            approver_ref=self._head(),
            reason=_STOP_REASONS.get(stop.procedure),
        )
        self._write("clock-resumed", stop.resumes_us, result="已取得结论")

    def _troubles(self, accepted_us: int) -> None:
        course, dice = self.course, self.dice
        slow = course.pace is not Pace.QUIET
        if dice.happens(650 if slow else 6):
            self._write(
                "urged",
                self._during(accepted_us, dice.between(60, 95)),
                actor_ref=f"officer:{HALL[:4]}-{dice.between(1, 6):02d}",
                text="请尽快办理",
            )
        if not slow and self.frame.matter.promised_limit.amount >= 10 and dice.happens(12):
            self._write(
                "extended",
                self._during(accepted_us, 70),
                by={"amount": 5, "unit": self.frame.matter.promised_limit.unit},
                approver_ref=self._head(),
                reason="案情复杂，经批准延长",
            )

    def _ending(self, accepted_us: int) -> None:
        course, matter = self.course, self.frame.matter
        granted = course.outcome == "granted"
        fee: dict[str, Json] | None = None
        if granted and matter.fee is not None:
            fee = {"amount": matter.fee, "currency": "CNY"}
            self._fee(accepted_us, matter.fee)
        certificate = f"cert:{self.dice.token(10)}" if granted else None
        if granted or course.outcome == "refused":
            self._write("decided", self._during(accepted_us, 99), outcome=course.outcome)
        self._write(
            "completed",
            course.ends_us,
            outcome=course.outcome,
            reason=_REASONS.get(course.outcome),
            fee=fee,
            certificate_ref=certificate,
        )
        if certificate is not None:
            self._hand_over(certificate)
        if self.dice.happens(620):
            self._rating()

    def _fee(self, accepted_us: int, amount: str) -> None:
        charged_us = self._during(accepted_us, 50)
        self._write("fee-charged", charged_us, amount=amount, currency="CNY", basis="收费目录清单")
        self._write(
            "fee-paid",
            self._during(accepted_us, 75),
            amount=amount,
            currency="CNY",
            receipt_ref=f"receipt:{self.dice.token(8)}",
        )

    def _hand_over(self, certificate: str) -> None:
        prompt = self.frame.matter.handling_type == "immediate"
        paper: Mapping[str, Json] = {"certificate_ref": certificate}
        wait_us = self.dice.between(1, 5 if prompt else 400) * MINUTE_US
        issued_us = self.hours.after(self.course.ends_us, wait_us)
        self._write("certificate-issued", issued_us, **paper, method="electronic")
        days_us = 0 if prompt else self.dice.between(0, 2) * WORKING_DAY_US
        delivered_us = self.hours.after(issued_us, days_us + 2 * MINUTE_US)
        method = "window" if self.frame.channel == "window" else "post"
        self._write("delivered", delivered_us, **paper, method=method)

    def _rating(self) -> None:
        dice = self.dice
        score = dice.weighted((1, 2, 3, 4, 5), (880, 100, 16, 3, 1))
        at_window = self.frame.channel == "window"
        delay_us = dice.between(20, 600) * SECOND_US if at_window else dice.between(1, 9) * HOUR_US
        tags: list[Json] | None = [dice.pick(_RATING_TAGS[score])] if dice.happens(300) else None
        self.pen.write(
            "case.rated",
            self.course.ends_us + delay_us,
            {"score": score, "channel": "tablet" if at_window else "mobile", "tags": tags},
            system="evaluator",
        )

    def _during(self, accepted_us: int, per_cent: int) -> int:
        """Return the instant at which so much of the handling has passed."""
        return self.hours.between(accepted_us, self.course.ends_us, per_cent)

    def _officer(self) -> str:
        """Return the code of one of the department's clerks."""
        return self.dice.pick(self.town.department(self.frame.matter.department).clerks)

    def _head(self) -> str:
        """Return the code of the department's head, who approves."""
        return f"head:{self.frame.matter.department}"


def _wire(limit: Limit) -> dict[str, Json]:
    return {"amount": limit.amount, "unit": limit.unit}
