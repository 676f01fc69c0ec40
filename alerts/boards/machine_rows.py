"""Rows of the processing chain: what went amiss, what runs out, the HTTP surface, the processes."""

from alerts.alert_rules import CALENDAR_DAYS_LEAST, CALENDAR_DAYS_MIN, MEMORY_BYTES_MAX
from alerts.boards.panels import GREY, ZERO_IS_GOOD, Panel, Query, Row, Step

OURS = '{job=~"hall-.+",instance=~"$instance"}'
RATE = "[$__rate_interval]"


def by_role(name: str) -> str:
    """Return how many a second of a worker's counter, by role."""
    return f"sum by (role) (rate(hall_worker_{name}_total{OURS}{RATE}))"


AMISS = Row(
    "异常与日历 Amiss, and what runs out",
    (
        Panel(
            title="无法受理 Dead letters by reason",
            description="按原因统计。By the reason for which intake could not accept them.",
            kind="bars",
            unit="none",
            width=6,
            steps=ZERO_IS_GOOD,
            queries=[
                Query(
                    "max by (reason) (hall_dead_letters) "
                    'or label_replace(vector(0), "reason", "✓ 无 none", "", "")',
                    "{{reason}}",
                )
            ],
        ),
        Panel(
            title="内容冲突 Conflicts",
            description="同一标识而内容不同的记录；以先到者为准。"
            "Records under a known identity with other content; the first stands.",
            kind="stat",
            unit="none",
            width=3,
            steps=ZERO_IS_GOOD,
            queries=[
                Query("sum(increase(hall_supervision_conflicts_total[24h]))", "冲突 conflicts")
            ],
        ),
        Panel(
            title="读模型差异 Rebuild differences",
            description="最近一次核对中与台账不符的行。Rows that differed in the last check.",
            kind="stat",
            unit="none",
            width=4,
            steps=ZERO_IS_GOOD,
            queries=[Query("max by (kind) (hall_rebuild_last_differences)", "{{kind}}")],
        ),
        Panel(
            title="距上次重建 Since the last rebuild",
            description="距最近一次核对或重建。Since the read models were checked or made again.",
            kind="stat",
            unit="s",
            width=4,
            queries=[
                Query("time() - max by (kind) (hall_rebuild_last_timestamp_seconds)", "{{kind}}")
            ],
        ),
        Panel(
            title="日历余量 Days left of calendars",
            description="到第一个未公布节假日的年份还有多少天。"
            "Days until the first year whose holidays nobody has published.",
            kind="bars",
            unit="suffix: 天 d",
            width=7,
            steps=(
                Step(None, "red"),
                Step(CALENDAR_DAYS_LEAST, "yellow"),
                Step(CALENDAR_DAYS_MIN, "green"),
            ),
            queries=[Query("min by (calendar) (hall_calendar_remaining_days)", "{{calendar}}")],
        ),
    ),
)

SURFACE = Row(
    "接口 HTTP surface",
    (
        Panel(
            title="在途请求 Requests under way",
            description="正在处理的报送请求与打开的实时流。POSTs under way and open streams.",
            kind="lines",
            unit="none",
            width=8,
            queries=[
                Query(f"hall_http_intake_in_flight{OURS}", "报送 POSTs {{instance}}"),
                Query(f"hall_http_live_streams{OURS}", "实时流 streams {{instance}}"),
            ],
        ),
        Panel(
            title="请求体内存 Bodies held",
            description="正在处理的请求体字节数。Bytes of bodies under way.",
            kind="lines",
            unit="bytes",
            width=8,
            queries=[Query(f"hall_http_intake_held_bytes{OURS}", "{{instance}}")],
        ),
        Panel(
            title="问题答复 Problems answered",
            description="每秒以问题文档答复的请求，按代码；代码见 OPERATING.md。By code.",
            kind="lines",
            unit="cps",
            width=8,
            queries=[
                Query(f"sum by (code) (rate(hall_http_problems_total{OURS}{RATE}))", "{{code}}"),
                Query(
                    f"sum(rate(hall_http_live_streams_reset_total{OURS}{RATE}))",
                    "实时流重置 streams reset",
                ),
            ],
        ),
    ),
)

PROCESSES = Row(
    "进程 Processes",
    (
        Panel(
            title="版本 What runs",
            description="各进程的版本、判定引擎与规则包；应一致。They should agree.",
            kind="table",
            unit="none",
            width=24,
            height=5,
            queries=[
                Query(
                    "count by (job, instance, version, edition, engine, pack) "
                    f"(hall_build_info{OURS})",
                    "进程 processes",
                )
            ],
        ),
        Panel(
            title="内存 Memory",
            description="常驻内存。Resident memory.",
            kind="lines",
            unit="bytes",
            width=6,
            steps=(Step(None, "green"), Step(MEMORY_BYTES_MAX, "red")),
            queries=[Query(f"process_resident_memory_bytes{OURS}", "{{instance}}")],
        ),
        Panel(
            title="处理器 Processor",
            description="占用的处理器核数。Cores used.",
            kind="lines",
            unit="suffix: 核 cores",
            decimals=2,
            width=6,
            queries=[Query(f"rate(process_cpu_seconds_total{OURS}{RATE})", "{{instance}}")],
        ),
        Panel(
            title="运行时长 Since the start",
            description="距进程启动。Since the process began.",
            kind="stat",
            unit="s",
            width=6,
            steps=GREY,
            queries=[Query(f"time() - process_start_time_seconds{OURS}", "{{instance}}")],
        ),
        Panel(
            title="时钟差 Clock difference",
            description="本机时钟超前数据库时钟的秒数；超过 2 秒停止受理。"
            "How far a node's clock is ahead of the database's; beyond 2 s intake is not ready.",
            kind="lines",
            unit="s",
            width=6,
            min=None,
            queries=[Query(f"hall_clock_difference_seconds{OURS}", "{{instance}}")],
        ),
    ),
)
