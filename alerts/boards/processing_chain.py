"""The dashboard 处理链路: processes, lag, ticks, ownership, and how the machines stand."""

from alerts.alert_rules import (
    LAG_RECORDS_MAX,
    TICK_POLL_SECONDS_MAX,
)
from alerts.boards.machine_rows import AMISS, OURS, PROCESSES, RATE, SURFACE, by_role
from alerts.boards.panels import (
    NO_OR_YES,
    UP_OR_DOWN,
    ZERO_IS_BAD,
    ZERO_IS_GOOD,
    Dashboard,
    Panel,
    Query,
    Row,
    Step,
    Variable,
)

_WHERE = "{{role}} {{partition}}"
_FIRING = '{alertname=~"Hall.+",alertstate="firing"}'


_HEALTH = Row(
    "健康 Health",
    (
        Panel(
            title="告警 Alerts firing",
            description="正在触发的系统告警，处理办法见 OPERATING.md 的 Alerts 一节。"
            "What to do about each stands in OPERATING.md, section Alerts.",
            kind="table",
            unit="none",
            width=8,
            height=8,
            steps=ZERO_IS_GOOD,
            queries=[
                Query(
                    f"sum by (alertname, severity) (ALERTS{_FIRING}) "
                    'or label_replace(vector(0), "alertname", "✓ 无 none", "", "")',
                    "触发 firing",
                )
            ],
        ),
        Panel(
            title="进程 Processes",
            description="每个进程能否应答。Whether each process answers Prometheus.",
            kind="states",
            unit="none",
            width=10,
            height=8,
            steps=ZERO_IS_BAD,
            texts=UP_OR_DOWN,
            queries=[Query(f"up{OURS}", "{{job}} {{instance}}")],
        ),
        Panel(
            title="监察 Supervision",
            description="各进程的判定与读模型是否跟随台账。Whether the loops follow the log.",
            kind="stat",
            unit="none",
            width=3,
            height=8,
            steps=ZERO_IS_BAD,
            texts=UP_OR_DOWN,
            queries=[Query("min(hall_engine_up)", "监察 supervision")],
        ),
        Panel(
            title="计时暂停 Ticks held",
            description="时钟跳变后是否暂停计时。Whether ticks wait because a clock leapt ahead.",
            kind="stat",
            unit="none",
            width=3,
            height=8,
            texts=NO_OR_YES,
            queries=[Query("max(hall_supervision_ticks_held)", "暂停 held")],
        ),
    ),
)

_CHAIN = Row(
    "链路 Log and readers",
    (
        Panel(
            title="积压 Lag",
            description="各角色在各分区尚未读取的记录。Records not yet read.",
            kind="lines",
            unit="none",
            width=8,
            height=8,
            steps=(Step(None, "green"), Step(LAG_RECORDS_MAX, "red")),
            queries=[Query("role_partition:reader_lag_records:max", _WHERE)],
        ),
        Panel(
            title="处理速率 Read per second",
            description="各角色每秒读取并提交的记录。Records read and committed.",
            kind="lines",
            unit="cps",
            width=8,
            height=8,
            queries=[Query("role:read_records:rate1m", "{{role}}")],
        ),
        Panel(
            title="提交速率 Commits",
            description="各角色每秒提交的批次。Batches committed per second.",
            kind="lines",
            unit="cps",
            width=8,
            height=8,
            queries=[Query(by_role("commits"), "{{role}}")],
        ),
        Panel(
            title="距上次提交 Since the last commit",
            description="无事可做时也会增长；与积压同看。Grows in quiet hours too.",
            kind="lines",
            unit="s",
            width=8,
            queries=[
                Query(
                    "time() - max by (role, partition) (hall_worker_last_commit_timestamp_seconds)",
                    _WHERE,
                )
            ],
        ),
        Panel(
            title="台账记录 Records in the log",
            description="各分区的记录数。Records of each partition.",
            kind="bars",
            unit="none",
            width=8,
            queries=[
                Query("max by (partition) (hall_log_records)", "分区 partition {{partition}}")
            ],
        ),
        Panel(
            title="坏记录停止 Stopped partitions",
            description="因无法读取的记录而停止的分区数。Partitions that a record stops.",
            kind="stat",
            unit="none",
            width=4,
            steps=ZERO_IS_GOOD,
            queries=[Query("sum(max by (role, partition) (hall_worker_stopped))", "停止 stopped")],
        ),
        Panel(
            title="暂停判定 Suspended cases",
            description="无法判定、等待处理的办件数。Cases that could not be judged.",
            kind="stat",
            unit="none",
            width=4,
            steps=ZERO_IS_GOOD,
            queries=[Query("max(hall_supervision_suspended_cases)", "暂停 suspended")],
        ),
    ),
)

_TICKS = Row(
    "计时 Ticks",
    (
        Panel(
            title="距上次询问到期 Since due instants were asked for",
            description="超过 60 秒即无人计时，仅凭时间不会发牌。"
            "Beyond 60 s nobody lets time pass, and time alone gives no cards.",
            kind="lines",
            unit="s",
            width=8,
            steps=(Step(None, "green"), Step(TICK_POLL_SECONDS_MAX, "red")),
            queries=[Query("partition:tick_poll_age_seconds:min", "分区 partition {{partition}}")],
        ),
        Panel(
            title="节拍 Ticks appended",
            description="每秒写入的到点记录。Ticks appended per second.",
            kind="lines",
            unit="cps",
            width=8,
            queries=[
                Query(
                    f"sum by (partition) (rate(hall_supervision_ticks_total{OURS}{RATE}))",
                    "分区 partition {{partition}}",
                )
            ],
        ),
        Panel(
            title="在途节拍 Ticks under way",
            description="已写入、尚未判定，至多 500。Appended and not yet judged, 500 at most.",
            kind="lines",
            unit="none",
            width=8,
            queries=[
                Query(
                    "sum by (partition) (hall_supervision_ticks_under_way)",
                    "分区 partition {{partition}}",
                )
            ],
        ),
    ),
)

_OWNERS = Row(
    "分区归属 Owners",
    (
        Panel(
            title="拥有分区 Partitions owned",
            description="各进程在各角色下拥有的分区数。Partitions each process owns in each role.",
            kind="lines",
            unit="none",
            width=8,
            queries=[Query(f"hall_worker_partitions{OURS}", "{{role}} {{instance}}")],
        ),
        Panel(
            title="易主与隔离 Takeovers and losses",
            description="近一小时接管分区与被隔离的次数。Within the last hour.",
            kind="lines",
            unit="none",
            width=8,
            queries=[
                Query(
                    "sum by (role) (increase(hall_worker_takeovers_total[1h]))",
                    "接管 takeovers {{role}}",
                ),
                Query(
                    "sum by (role) (increase(hall_worker_fenced_out_total[1h]))",
                    "隔离 fenced out {{role}}",
                ),
            ],
        ),
        Panel(
            title="重复与补读 Repeats and gaps",
            description="每秒重复到达、以及投递遗漏后直接从台账补读的记录，均无影响。"
            "Records that came again, or were read from the log instead; both to no effect.",
            kind="lines",
            unit="cps",
            width=8,
            queries=[
                Query(by_role("repeats"), "重复 repeats {{role}}"),
                Query(by_role("gaps"), "补读 gaps {{role}}"),
            ],
        ),
    ),
)

PROCESSING_CHAIN = Dashboard(
    uid="hall-processing-chain",
    title="处理链路 Processing chain",
    description="进程、积压、计时、分区归属、异常、接口。How the machinery goes, end to end.",
    since="now-3h",
    variables=(Variable("instance", "进程 process", 'label_values(up{job=~"hall-.+"}, instance)'),),
    rows=(_HEALTH, _CHAIN, _TICKS, _OWNERS, AMISS, SURFACE, PROCESSES),
)
