"""The dashboard 大厅总览: today's work, cards and risk, efficiency, what sources send."""

from alerts.boards.panels import (
    LEVELS,
    NO_OR_YES,
    RISKS,
    ZERO_IS_GOOD,
    Dashboard,
    Named,
    Panel,
    Query,
    Row,
    Step,
    Variable,
)

_HALL = '{hall=~"$hall"}'


def _today(name: str) -> str:
    return f"sum(max by (hall) (hall_today_{name}{_HALL}))"


def _by_hall(name: str) -> str:
    return f"max by (hall) (hall_today_{name}{_HALL})"


_TODAY = Row(
    "今日 Today",
    (
        Panel(
            title="受理 Accepted",
            description="今日受理办件数（件）。Cases accepted on the hall's present day.",
            kind="stat",
            unit="none",
            width=4,
            height=4,
            queries=[Query(_today("accepted_cases"), "受理 accepted")],
        ),
        Panel(
            title="办结 Completed",
            description="今日办结办件数（件），按最近一次核算。Completed today, as last settled.",
            kind="stat",
            unit="none",
            width=4,
            height=4,
            queries=[Query(_today("completed_cases"), "办结 completed")],
        ),
        Panel(
            title="按时办结率 On time",
            description="今日办结且有承诺时限的办件中，在承诺时限内办结的比例；没有办结则无数据。"
            "Of those completed today with a promised limit, the share within it.",
            kind="stat",
            unit="percentunit",
            decimals=1,
            max=1,
            width=4,
            height=4,
            steps=(Step(None, "red"), Step(0.9, "yellow"), Step(0.98, "green")),
            queries=[
                Query(
                    f"{_today('on_time_cases')} / ({_today('promised_cases')} > 0)",
                    "按时率 on time",
                )
            ],
        ),
        Panel(
            title="平均办理工时 Mean working time",
            description="今日办结办件的平均工作时长（扣除停表）。"
            "Mean working time of those completed today, stops taken out.",
            kind="stat",
            unit="suffix: 小时 h",
            decimals=1,
            width=4,
            height=4,
            queries=[
                Query(
                    f"{_today('working_seconds')} / ({_today('completed_cases')} > 0) / 3600",
                    "工时 hours",
                )
            ],
        ),
        Panel(
            title="在办 Open",
            description="在办办件数（件），不含导入的历史办件。Open live cases.",
            kind="stat",
            unit="none",
            width=4,
            height=4,
            queries=[Query(f"sum(hall_risk:cases_open:max{_HALL})", "在办 open")],
        ),
        Panel(
            title="暂停判定 Suspended",
            description="无法判定、等待运维处理的办件数。Cases that could not be judged.",
            kind="stat",
            unit="none",
            width=4,
            height=4,
            steps=ZERO_IS_GOOD,
            queries=[Query("max(hall_supervision_suspended_cases)", "暂停 suspended")],
        ),
    ),
)

_CARDS = Row(
    "红黄牌与风险 Cards and risk",
    (
        Panel(
            title="有效牌 Live cards",
            description="当前有效的牌，按每个时钟的最高级别计；已撤销的不计。"
            "Cards that stand, by the highest level of their clock.",
            kind="stat",
            unit="none",
            width=8,
            height=5,
            named=LEVELS,
            queries=[Query(f"sum by (level) (hall_level:cards:max{_HALL})", "{{level}}")],
        ),
        Panel(
            title="未签收 Unsigned",
            description="尚未签收的有效牌。Live cards that nobody has signed.",
            kind="stat",
            unit="none",
            width=8,
            height=5,
            named=LEVELS,
            queries=[
                Query(
                    f"sum by (level) (max by (hall, level) (hall_cards_unsigned{_HALL}))",
                    "{{level}}",
                )
            ],
        ),
        Panel(
            title="今日发牌 Issued today",
            description="今日发出的牌，不论后来如何。Cards issued today, whatever became of them.",
            kind="stat",
            unit="none",
            width=8,
            height=5,
            named=LEVELS,
            queries=[
                Query(
                    f"sum by (level) (max by (hall, level) (hall_today_cards_issued{_HALL}))",
                    "{{level}}",
                )
            ],
        ),
        Panel(
            title="在办风险 Open cases by risk",
            description="在办办件，按其上最高有效牌分级。Open cases by the highest card on them.",
            kind="areas",
            unit="none",
            width=12,
            height=8,
            named=RISKS,
            queries=[Query(f"sum by (risk) (hall_risk:cases_open:max{_HALL})", "{{risk}}")],
        ),
        Panel(
            title="有效牌走势 Live cards over time",
            description="有效牌数随时间的变化。How many cards stood.",
            kind="lines",
            unit="none",
            width=12,
            height=8,
            named=LEVELS,
            queries=[Query(f"sum by (level) (hall_level:cards:max{_HALL})", "{{level}}")],
        ),
        Panel(
            title="部门在办风险 Open cases by department",
            description="各部门在办办件，按风险分级。Open cases of each department by risk.",
            kind="matrix",
            unit="none",
            width=12,
            height=9,
            rows="department",
            columns="risk",
            named=(Named("department\\risk", "部门 department"), *RISKS),
            queries=[
                Query("max by (department, risk) (hall_department_cases_open)", "{{department}}")
            ],
        ),
        Panel(
            title="部门红黄牌 Cards by department",
            description="黄牌与红牌最多的二十个部门。The twenty departments with most cards.",
            kind="bars",
            unit="none",
            width=12,
            height=9,
            steps=(Step(None, "green"), Step(1, "yellow"), Step(5, "red")),
            queries=[
                Query(
                    "topk(20, sum by (department) (max by (department, level) "
                    '(hall_department_cards{level=~"yellow|red"})))',
                    "{{department}}",
                )
            ],
        ),
    ),
)

_EFFICIENCY = Row(
    "效能 Efficiency",
    (
        Panel(
            title="大厅今日效能 Halls today",
            description="各大厅今日受理、办结、按时。Accepted, completed, on time, by hall.",
            kind="table",
            unit="none",
            width=14,
            height=8,
            named=(
                Named("hall", "大厅 hall"),
                Named("按时率 rate", "按时率 rate", unit="percentunit"),
            ),
            queries=[
                Query(_by_hall("accepted_cases"), "受理 accepted"),
                Query(_by_hall("completed_cases"), "办结 completed"),
                Query(_by_hall("promised_cases"), "有承诺 promised"),
                Query(_by_hall("on_time_cases"), "按时 on time"),
                Query(f"hall:today_on_time:ratio{_HALL}", "按时率 rate"),
            ],
        ),
        Panel(
            title="按时率走势 On time over the day",
            description="每日从零开始累计。Counted from the beginning of each day.",
            kind="lines",
            unit="percentunit",
            max=1,
            width=10,
            height=8,
            queries=[Query(f"hall:today_on_time:ratio{_HALL}", "{{hall}}")],
        ),
    ),
)

_INTAKE = Row(
    "报送 Intake",
    (
        Panel(
            title="报送速率 Events sent",
            description="每秒报送事件，按结果：入账、重复、冲突、拒收。"
            "Events per second: appended, repeated, conflict, refused.",
            kind="lines",
            unit="cps",
            width=9,
            height=8,
            named=(
                Named("appended", "● 入账 appended", "green"),
                Named("repeated", "◌ 重复 repeated", "blue", (2, 6)),
                Named("conflict", "◆ 冲突 conflict", "orange", (20, 5)),
                Named("refused", "✕ 拒收 refused", "red", (10, 10)),
            ),
            queries=[
                Query(
                    "sum by (outcome) (rate(hall_http_events_total[$__rate_interval]))",
                    "{{outcome}}",
                )
            ],
        ),
        Panel(
            title="报送时延 Ingest delay",
            description="从事件发生到入账，近一小时的中位数与 95 分位。"
            "From when a fact happened to when the ledger learned it, over the last hour.",
            kind="lines",
            unit="s",
            width=9,
            height=8,
            queries=[
                Query(
                    "histogram_quantile(0.5, "
                    "sum by (le) (rate(hall_ingest_delay_seconds_bucket[1h])))",
                    "中位数 p50",
                ),
                Query("total:ingest_delay_seconds:p95_1h", "95 分位 p95"),
            ],
        ),
        Panel(
            title="无法受理 Dead letters",
            description="无法入账、等待更正重报的报送。What intake could not accept.",
            kind="stat",
            unit="none",
            width=3,
            height=8,
            steps=ZERO_IS_GOOD,
            queries=[Query("total:dead_letters:sum", "条 letters")],
        ),
        Panel(
            title="读取失败 Unreadable",
            description="是否有存储无法读取，此时本页数字不全。"
            "Whether a store cannot be read; these figures are then incomplete.",
            kind="stat",
            unit="none",
            width=3,
            height=8,
            texts=NO_OR_YES,
            queries=[Query("1 - min(hall_figures_up)", "失败 failed")],
        ),
    ),
)

HALL_OVERVIEW = Dashboard(
    uid="hall-overview",
    title="大厅总览 Hall overview",
    description="今日办件、红黄牌与风险、效能、报送。Figures of the read models; never a case.",
    since="now-24h",
    variables=(Variable("hall", "大厅 hall", "label_values(hall_cases_open, hall)"),),
    rows=(_TODAY, _CARDS, _EFFICIENCY, _INTAKE),
)
