"""The sentences of the page of rules, in Chinese and in English; a part of `texts.py`.

It stands apart because these are the words about rules themselves: what a parameter means, and how
a pack counts. What a rule finds is said by the rule.
"""

RULE_SENTENCES: dict[str, tuple[str, str]] = {
    "rules.title": ("监察规则", "Rules"),
    "rules.lead": (
        "本页由规则包自动生成：每条规则查什么、参数是多少、依据哪一条。牌和异常都链接到这里。",
        "Made from the rule pack itself: what each rule finds, with which parameters, on which"
        " legal basis. Cards and findings lead here.",
    ),
    "rules.link": ("这条规则的说明与依据", "This rule, its parameters and its basis"),
    "rules.in_force": ("现行规则包", "In force"),
    "rules.not_in_force": ("非现行规则包", "Not in force"),
    "rules.unknown": (
        "没有名为“{name}”的规则包，以下是现行规则包。",
        "There is no rule pack “{name}”; this is the one in force.",
    ),
    "rules.others": ("其他规则包", "Other packs"),
    "rules.contents": ("规则目录", "Contents"),
    "rules.pack": ("规则包", "Rule pack"),
    "rules.version": ("版本", "Version"),
    "rules.counting": ("计时方式", "Counting"),
    "rules.counting.working_seconds": (
        "按办公时间连续计时，超过一秒即为超过",
        "office hours from the instant of opening; one second over is over",
    ),
    "rules.counting.statutory_day": (
        "按工作日计：开始当日不计入，至第 N 个工作日下班时止",
        "working days: the day of opening is not counted, ends at the close of the last day",
    ),
    "rules.closes": ("计时结束于", "Closed by"),
    "rules.grace": ("等待迟到记录", "Waits for records"),
    "rules.issue_from": ("发牌起始", "Cards from"),
    "rules.deemed": ("视为受理", "Deemed acceptance"),
    "rules.deemed.is": (
        "补正告知时限届满而未告知的，自收件之日起视为受理",
        "a case not told in time what to correct counts as accepted from its receipt",
    ),
    "rules.immediate": ("即办件", "Immediate cases"),
    "rules.immediate.is": ("只告知时限，不发牌", "their limits are told, no cards"),
    "rules.stops": ("停表", "Stops"),
    "rules.stops.all": ("所有特别程序均可停表", "every special procedure stops the clock"),
    "rules.stops.listed": ("仅下列特别程序可停表：{names}", "only by: {names}"),
    "rules.stops.notice": ("须书面告知申请人", "only with a written notice to the applicant"),
    "rules.extensions": ("延期", "Extensions"),
    "rules.extensions.any": ("次数不限", "any number"),
    "rules.extensions.most": ("最多 {count} 次", "at most {count}"),
    "rules.extensions.longest": ("{kind}不超过 {span}", "{kind} no longer than {span}"),
    "rules.extensions.approval": ("须有批准人和理由", "only with an approver and a reason"),
    "rules.any_kind": ("一般办件", "cases in general"),
    "rules.time": ("时限规则", "Time rules"),
    "rules.time.lead": (
        "每条规则看一种时钟；到达阈值即发相应的牌，补报的证据可以自动撤牌。",
        "Each watches one kind of clock; a card is issued when a threshold passes, and taken back"
        " if late evidence shows otherwise.",
    ),
    "rules.conduct": ("程序与真实性规则", "Procedure and truthfulness"),
    "rules.conduct.lead": (
        "每条规则看一件办件；查出的异常供人核查，规则包另有规定的直接发牌。",
        "Each looks at one case; what it finds is for a person to check, unless the pack makes it"
        " a card.",
    ),
    "rules.unit": ("单位规则", "Unit rules"),
    "rules.unit.lead": (
        "每条规则看一个单位的一个周期，周期结束后判定，只供人核查，不发牌。",
        "Each looks at a unit over a period, after its close; for a person to check, never a card.",
    ),
    "rules.core": ("数据异常", "Disorder of the data"),
    "rules.core.lead": (
        "不论哪个规则包，台账都会指出的记录矛盾；只供人核查，不发牌。",
        "What the ledger names under every pack; for a person to check, never a card.",
    ),
    "rules.off": ("本规则包未启用", "Not switched on in this pack"),
    "rules.name": ("规则", "Rule"),
    "rules.level": ("级别", "Level"),
    "rules.limit": ("时限", "Limit"),
    "rules.when": ("阈值", "Threshold"),
    "rules.basis": ("依据", "Basis"),
    "rules.parameters": ("参数", "Parameters"),
    "rules.defaults": ("默认时限", "Default limits"),
    "rules.gives": ("结果", "Gives"),
    "rules.finding": ("异常，供人核查", "a finding for a person to check"),
    "rules.confirm": ("须人工确认", "waits for a person to confirm"),
    "rules.period": ("周期", "Period"),
    "rules.at_end": ("超过时限", "once it has passed"),
    "rules.same_day": ("当日办结", "the same day"),
    "rules.before": (
        "届满前 {count} 日（按该时限的单位，一般为工作日）",
        "{count} before its end, in units of the limit (as a rule working days)",
    ),
    "rules.after": (
        "届满后 {count} 日（按该时限的单位，一般为工作日）",
        "{count} after its end, in units of the limit (as a rule working days)",
    ),
    "closes.completed": ("办结", "completion"),
    "closes.decided": ("作出决定", "decision"),
    "period.minute": ("每分钟", "each minute"),
    "period.day": ("每日", "each day"),
    "period.week": ("每周", "each week"),
    "period.month": ("每月", "each month"),
    "period.quarter": ("每季度", "each quarter"),
    "period.year": ("每年", "each year"),
    # Parameters of rules, by key
    "parameter.wait": ("等待迟到记录的时间", "time to wait for a record reported later"),
    "parameter.rounds": ("补正往返次数", "answered rounds of correction"),
    "parameter.minutes": ("受理后不足几分钟", "fewer minutes than"),
    "parameter.outcomes": ("须有理由的办结结果", "outcomes that need a reason"),
    "parameter.statutory_tags": (
        "表示超过法定时限的评价标签",
        "tags that say the statutory limit was missed",
    ),
    "parameter.promised_tags": (
        "表示超过承诺时限的评价标签",
        "tags that say the promised limit was missed",
    ),
    "parameter.most": ("最多次数", "in order up to"),
    "parameter.times": ("达到次数", "as often as"),
    "parameter.within": ("届满后多久之内", "within so much after the end"),
    "parameter.percent": ("达到百分比", "share in per cent"),
    "parameter.percentile": ("分位", "percentile"),
    "parameter.least": ("最少条数", "at least so many"),
    "parameter.delay": ("延迟超过", "delay beyond"),
    "parameter.cards": ("年内牌数", "cards within a year"),
    "parameter.level": ("级别", "level"),
    "parameter.usual": ("平时每周期受理数", "usual acceptances in a period"),
    "parameter.periods": ("往前看的周期数", "earlier periods looked at"),
    "parameter.siblings": ("其他部门同类事项受理数", "acceptances of its matters elsewhere"),
}
"""Key → (Chinese, English)."""
