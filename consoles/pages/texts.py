"""Every sentence the pages show, in Chinese and in English, and the choice between them.

It stands apart so that a translator, or a hall with its own words, reads one file, and so that a
test can prove that no sentence exists in one language only.
"""

from collections.abc import Mapping
from typing import Literal

from consoles.pages.board_texts import BOARD_SENTENCES
from consoles.pages.rule_texts import RULE_SENTENCES
from consoles.pages.statement_texts import STATEMENT_SENTENCES

Lang = Literal["zh", "en"]
LANGS: tuple[Lang, ...] = ("zh", "en")
COOKIE = "hall_lang"

SENTENCES: dict[str, tuple[str, str]] = {
    # Frame of every page
    "skip": ("跳到正文", "Skip to content"),
    "nav": ("主导航", "Main navigation"),
    "nav.start": ("首页", "Start"),
    "nav.warnings": ("红黄牌监察", "Warnings"),
    "nav.screen": ("大厅公示屏", "Hall screen"),
    "nav.efficiency": ("效能统计", "Efficiency"),
    "nav.rules": ("监察规则", "Rules"),
    "product": ("办件台账 · 电子监察", "Case ledger · supervision"),
    "generated": ("数据由模拟器生成", "Generated data"),
    "generated.long": (
        "数据由模拟器生成，不对应任何真实的人、单位或办件。",
        "Generated data: no real person, department or case is shown.",
    ),
    "language": ("语言", "Language"),
    "clock": ("大厅时间", "Hall time"),
    "as_of": ("数据截至", "Data as of"),
    "link.live": ("实时连接正常", "Live"),
    "link.waiting": ("正在重新连接…", "Reconnecting…"),
    "link.off": ("未连接", "Not connected"),
    "day.working": ("工作日", "Working day"),
    "day.holiday": ("节假日", "Holiday"),
    "close": ("关闭", "Close"),
    "apply": ("查看", "Show"),
    "all": ("全部", "All"),
    "unknown": ("未登记", "Not stated"),
    "none": ("无", "None"),
    # Levels
    "level.warning": ("预警", "Warning"),
    "level.yellow": ("黄牌", "Yellow card"),
    "level.red": ("红牌", "Red card"),
    "level.calm": ("正常", "In time"),
    # Start page
    "start.title": ("政务服务监察首页", "Start"),
    "start.lead": (
        "每一件事、每一张牌，都能追到原始记录。",
        "Every case and every card can be traced to its records.",
    ),
    "start.today": ("今日", "Today"),
    "start.standing": ("当前有效的牌", "Standing cards"),
    "start.roles": ("按职责进入", "By role"),
    "role.officer": ("监察员", "Supervision officer"),
    "role.officer.text": (
        "看实时红黄牌，逐张查明亮牌原因。",
        "Watch live cards and find out why each was issued.",
    ),
    "role.hall": ("大厅公示", "Hall screen"),
    "role.hall.text": (
        "全屏公示今日办件与部门状态，不显示办件号和个人信息。",
        "Full-screen public figures, without case numbers or persons.",
    ),
    "role.analyst": ("统计分析", "Analyst"),
    "role.analyst.text": (
        "按部门、按日统计，口径写在表下，可下载 CSV。",
        "Figures by department and day, definitions below the table, CSV download.",
    ),
    "role.auditor": ("审计", "Auditor"),
    "role.auditor.text": (
        "输入办件号，回放当时发生了什么、当时知道什么。",
        "Enter a case number and replay what had happened and what was known.",
    ),
    "role.source": ("接入单位", "Source systems"),
    "role.source.text": (
        "以 CloudEvents 推送事实；接口文档与错误代码。",
        "Send facts as CloudEvents; interface and error codes.",
    ),
    "start.api": ("接口文档", "API documentation"),
    "case.number": ("办件号", "Case number"),
    "case.open": ("打开办件", "Open the case"),
    # Live console
    "warnings.title": ("红黄牌实时监察", "Live warnings"),
    "warnings.feed": ("最新发牌", "Newest cards"),
    "warnings.nearest": ("最近到限", "Nearest limits"),
    "warnings.level": ("级别", "Level"),
    "warnings.department": ("部门", "Department"),
    "warnings.empty": ("还没有符合条件的牌。", "No card matches."),
    "warnings.empty.next": (
        "放宽上面的条件；新牌到限即亮，无须刷新。",
        "Widen the filter above; new cards appear by themselves.",
    ),
    "warnings.nearest.empty": (
        "没有正在计时的时限。受理办件后，这里显示最近到限的三个。",
        "No limit is running. The three nearest appear here once cases are accepted.",
    ),
    "warnings.why": ("为什么亮牌", "Why this card"),
    "warnings.new": ("新牌", "New card"),
    "warnings.shown": ("最多显示最新 {count} 张", "The newest {count} are shown"),
    "warnings.keys": (
        "键盘：J / K 上下移动，回车查看原因，Esc 关闭。",
        "Keys: J / K move, Enter shows why, Esc closes.",
    ),
    "card.effective": ("达到阈值", "Threshold reached"),
    "card.detected": ("判定", "Judged"),
    "card.recorded": ("入账", "Recorded"),
    "card.responsible": ("责任", "Responsible"),
    "card.department": ("部门", "Department"),
    "card.matter": ("事项", "Matter"),
    "card.rescinded": ("已撤牌", "Rescinded"),
    "card.why.late_evidence": ("迟到的证据表明当时未超限", "late evidence shows it was in time"),
    "card.why.amendment": ("原记录已更正", "a record was amended"),
    "state.issued": ("已发牌", "Issued"),
    "state.waiting": ("待确认", "To be confirmed"),
    "state.rescinded": ("已撤牌", "Rescinded"),
    "state.signed": ("已签收", "Signed"),
    "state.explained": ("已说明", "Explained"),
    "state.appealed": ("申诉中", "Appealed"),
    "state.upheld": ("申诉维持", "Upheld"),
    "state.downgraded": ("已降级", "Downgraded"),
    "state.revoked": ("已撤销", "Revoked"),
    "state.rectifying": ("整改中", "To be rectified"),
    "state.rectified": ("已整改", "Rectified"),
    "state.closed": ("已销号", "Closed"),
    "result.passed": ("通过", "passed"),
    "result.refused": ("不通过", "refused"),
    "result.correction": ("须补正", "needs correction"),
    "outcome.granted": ("准予", "granted"),
    "outcome.refused": ("不予许可", "refused"),
    "outcome.returned": ("退回", "returned"),
    "outcome.voided": ("作废", "voided"),
    "outcome.deleted": ("删除", "deleted"),
    "outcome.forwarded": ("转报", "forwarded"),
    "outcome.correction_lapsed": ("补正逾期", "correction lapsed"),
    "outcome.withdrawn": ("撤回", "withdrawn"),
    "outcome.other": ("其他", "other"),
    "procedure.hearing": ("听证", "hearing"),
    "procedure.tender": ("招标", "tender"),
    "procedure.auction": ("拍卖", "auction"),
    "procedure.inspection": ("检验", "inspection"),
    "procedure.testing": ("检测", "testing"),
    "procedure.quarantine": ("检疫", "quarantine"),
    "procedure.appraisal": ("鉴定", "appraisal"),
    "procedure.expert_review": ("专家评审", "expert review"),
    "procedure.publicity": ("公示", "publicity"),
    "procedure.other": ("其他程序", "other procedure"),
    "limit.promised": ("承诺时限", "Promised limit"),
    "limit.statutory": ("法定时限", "Statutory limit"),
    "limit.applied": ("申请时限", "Time applied for"),
    "limit.stopped": ("停表中，不推算到限时间", "Clock stopped: no due time is projected"),
    "limit.provisional": ("含未公布年份的暂定日历", "uses a provisional calendar"),
    "limit.remaining": ("距到限 {span}", "{span} to go"),
    "limit.passed": ("已到限", "Passed"),
    # Why this card
    "why.title": ("为什么亮牌", "Why this card"),
    "why.summary": ("计时说明", "Statement of time"),
    "why.sentence": (
        "自 {opened} 起算，至 {until}，已计时 {used}",
        "From {opened} until {until}, {used} were counted",
    ),
    "why.sentence.stopped": ("，停表 {span} 未计入", ", {span} of stopped time were left out"),
    "why.sentence.over": (
        "，超出时限 {span}，因此发{level}。",
        ", {span} beyond the limit: {level}.",
    ),
    "why.sentence.near": (
        "，已进入预警区间，因此发{level}。",
        ", which is near the limit: {level}.",
    ),
    "why.sentence.ended": ("，{limit}已到，因此发{level}。", "; the {limit} has passed: {level}."),
    "why.overdue": ("超出", "Beyond the limit"),
    "why.day": ("折算", "Conversion"),
    "why.day.is": ("1 个工作日 = {span}", "1 working day = {span}"),
    "why.rule": ("规则", "Rule"),
    "why.basis": ("依据", "Legal basis"),
    "why.pack": ("规则包", "Rule pack"),
    "why.calendar": ("日历版本", "Calendar version"),
    "why.picture": ("计时图", "Picture of the time counted"),
    "why.picture.calendar": ("自然时间", "By the calendar"),
    "why.picture.budget": ("累计计时与时限", "Counted time against the limits"),
    "why.table": ("逐段明细", "Intervals"),
    "why.kind": ("计时", "Counting"),
    "why.from": ("自", "From"),
    "why.to": ("至", "To"),
    "why.length": ("时长", "Length"),
    "why.running": ("累计", "Running sum"),
    "why.record": ("依据记录", "Record"),
    "why.sum": ("合计（已计时）", "Sum counted"),
    "why.none": (
        "此牌没有可展开的计时明细（例如人工发牌）。",
        "This card has no statement of intervals (it was issued by hand, for instance).",
    ),
    "why.not_reproduced": (
        "发牌时的规则或日历版本已不在本系统中；以下按现行版本展开，仅供参考。",
        "The versions it was issued with are gone; the intervals follow the present ones.",
    ),
    "why.pinned": (
        "本牌按发牌时的规则包与日历版本计算，之后的版本不改变它。",
        "Computed with the versions in force when the card was issued; later ones never change it.",
    ),
    # Case replay
    "case.title": ("办件回放", "Case replay"),
    "case.timeline": ("时间线", "Timeline"),
    "case.happened": ("已发生到", "What had happened by"),
    "case.known": ("已知晓到", "What was known by"),
    "case.now": ("现在", "now"),
    "case.reset": ("回到现在", "Back to now"),
    "case.facts": ("事实", "Facts"),
    "case.findings": ("监察结论", "Findings"),
    "case.ticks": ("到点", "Clock ticks"),
    "case.state": ("当时状态", "State then"),
    "case.cards": ("当时的牌", "Cards then"),
    "case.cards.none": ("当时没有牌。", "No card stood then."),
    "case.raw": ("原始记录", "Raw record"),
    "case.late": ("迟报 {span}", "reported {span} late"),
    "case.empty": (
        "到这个时刻，台账里还没有这件办件的记录。把滑块向右移动。",
        "By this moment the ledger had no record of this case. Move a slider to the right.",
    ),
    "case.phase": ("阶段", "Phase"),
    "case.suspended": ("已暂停判定，等待人工处理", "Judging is suspended until a person acts"),
    "case.accepted": ("受理", "Accepted"),
    "case.completed": ("办结", "Completed"),
    "case.bad_time": (
        "时间“{text}”读不懂。请用带时区的 RFC 3339 时间，例如 2026-11-24T09:00:00+08:00。",
        "“{text}” is not a time. Use RFC 3339 with an offset, such as 2026-11-24T09:00:00+08:00.",
    ),
    "phase.received": ("已收件", "Received"),
    "phase.correction": ("补正中", "In correction"),
    "phase.accepted": ("办理中", "In handling"),
    "phase.stopped": ("停表中", "Clock stopped"),
    "phase.completed": ("已办结", "Completed"),
    "phase.refused": ("不予受理", "Refused"),
    # Hall screen
    "screen.title": ("政务服务大厅公示", "Hall screen"),
    "count.tickets": ("今日取号", "Tickets today"),
    "count.accepted": ("今日受理", "Accepted today"),
    "count.completed": ("今日办结", "Completed today"),
    "count.open": ("在办", "Open"),
    "count.due_soon": ("临期", "Due soon"),
    "count.overdue": ("超期", "Overdue"),
    "count.stopped": ("停表", "Stopped"),
    "screen.departments": ("部门状态", "Departments"),
    "screen.cards": ("最新红黄牌", "Newest cards"),
    "screen.cards.empty": ("今日暂无红黄牌", "No card today"),
    "screen.trend": ("近 30 日受理与办结", "Accepted and completed, 30 days"),
    "screen.broken": ("数据中断", "No data since"),
    "screen.since": ("起", ""),
    "screen.kiosk": ("无人值守", "Kiosk"),
    "screen.lit": ("{count} 个部门，{lit} 个亮牌", "{count} departments, {lit} with a card"),
    # Efficiency
    "efficiency.title": ("部门效能统计", "Efficiency by department"),
    "efficiency.from": ("自", "From"),
    "efficiency.to": ("至", "To"),
    "efficiency.plot": ("每日受理、办结与按时率", "Accepted, completed and on-time rate by day"),
    "efficiency.csv": ("下载 CSV", "Download CSV"),
    "efficiency.empty": (
        "这段日期内没有数据。请换一段日期。",
        "No data between these days. Choose other days.",
    ),
    "efficiency.bad_range": (
        "起始日期晚于结束日期，已改为相反顺序。",
        "The first day was after the last; they were exchanged.",
    ),
    "efficiency.total": ("合计", "Total"),
    "efficiency.definitions": ("指标口径", "Definitions"),
    "figure.department": ("部门", "Department"),
    "figure.accepted": ("受理", "Accepted"),
    "figure.completed": ("办结", "Completed"),
    "figure.open": ("在办", "Open"),
    "figure.on_time_rate": ("按时率", "On-time rate"),
    "figure.warning": ("预警", "Warnings"),
    "figure.yellow": ("黄牌", "Yellow"),
    "figure.red": ("红牌", "Red"),
    "figure.taken_back": ("撤牌", "Taken back"),
    "figure.mean": ("平均工时", "Mean working hours"),
    "figure.p90": ("九成工时", "p90 working hours"),
    "define.accepted": (
        "受理时间落在所选日期内的办件数。",
        "Cases whose acceptance happened on the chosen days.",
    ),
    "define.completed": (
        "办结时间落在所选日期内的办件数，以最新的办结核算为准。",
        "Cases whose completion happened on the chosen days, by the latest settlement.",
    ),
    "define.open": (
        "所选最后一日结束时已受理未办结的办件数；所选日期内没有其他数据的部门也列出。",
        "Cases accepted and not completed at the end of the last chosen day, also of departments"
        " that counted nothing else on the chosen days.",
    ),
    "define.on_time_rate": (
        "按时率 = 承诺时限内办结 ÷ 有承诺时限的办结；停表时间已扣除。没有这类办结时显示“—”。",
        "Completed within the promised limit ÷ completed with a promised limit, stops taken out;"
        " “—” where there is none.",
    ),
    "define.cards": (
        "结论时间落在所选日期内所发的牌，按级别计，不论后来是否撤销；同一办件升级的各级分别计。",
        "Cards issued by findings of the chosen days, by level, whatever became of them later.",
    ),
    "define.taken_back": (
        "所选日期内撤回的牌：迟到证据或更正自动撤牌，加申诉后人工撤销，按撤回之日计。",
        "Cards taken back on the chosen days: by late evidence, amendment, or people on appeal.",
    ),
    "define.hours": (
        "所选日期内办结的全部办件自受理至办结的工作时间（小时），扣除停表；九成工时为就近序位法"
        "第 90 百分位，合计按全部办件计算，不由各部门相加。没有办结时显示“—”。",
        "Working hours from acceptance to completion of all cases completed on the chosen days,"
        " stops taken out; p90 is the nearest-rank 90th percentile, in the total that of all cases"
        " together. “—” where nothing was completed.",
    ),
    # Missing things
    "missing.title": ("没有找到", "Not found"),
    "missing.case": (
        "台账里没有办件“{id}”的记录。请核对办件号，或在首页重新输入。",
        "The ledger has no record of case “{id}”. Check the number, or enter it on the start page.",
    ),
    "missing.card": (
        "没有编号为“{id}”的牌。请从红黄牌监察页打开。",
        "There is no card “{id}”. Open it from the warnings page.",
    ),
    "missing.record": (
        "台账里没有这条记录：{id}。",
        "The ledger has no such record: {id}.",
    ),
    "missing.page": (
        "这个地址没有页面。请核对地址，或从首页进入。",
        "There is no page at this address. Check it, or begin at the start page.",
    ),
    "missing.back": ("返回首页", "Back to the start page"),
    **BOARD_SENTENCES,
    **RULE_SENTENCES,
    **STATEMENT_SENTENCES,
}
"""Key → (Chinese, English)."""


class Texts:
    """The sentences of one language.

    Attributes:
        lang: the language spoken.
    """

    def __init__(self, lang: Lang) -> None:
        self.lang: Lang = lang
        self._column = LANGS.index(lang)

    def __call__(self, key: str, **values: object) -> str:
        """Return the sentence called `key`, with `values` put in.

        Raises:
            KeyError: no sentence has this name.
        """
        sentence = SENTENCES[key][self._column]
        return sentence.format_map(values) if values else sentence

    def limit(self, name: str | None) -> str:
        """Return what a limit is called within a sentence."""
        called = self.named("limit", name)
        return called[:1].lower() + called[1:]

    def named(self, family: str, code: str | None) -> str:
        """Return the sentence `family.code`, or the code itself where no sentence names it."""
        if not code:
            return self("unknown")
        pair = SENTENCES.get(f"{family}.{code}")
        return pair[self._column] if pair else code


def choose_lang(query: Mapping[str, str], cookies: Mapping[str, str]) -> Lang:
    """Return the language of a request: `?lang=`, else the cookie, else Chinese."""
    for asked in (query.get("lang"), cookies.get(COOKIE)):
        for lang in LANGS:
            if asked == lang:
                return lang
    return "zh"
