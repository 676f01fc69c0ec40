"""What the installation itself must be told of: alerts of Prometheus, with what to do about each.

Cards are not among them: a card is a fact about one case and has a life of its own in the ledger.
Every alert speaks of the machinery that must not stop silently.
"""

from collections.abc import Sequence
from typing import Literal, NamedTuple

from alerts.recordings import RECORDINGS

LAG_RECORDS_MAX = 5_000
TICK_POLL_SECONDS_MAX = 60
CALENDAR_DAYS_MIN = 60
CALENDAR_DAYS_LEAST = 14
CLOCK_SECONDS_MAX = 1
"""Intake is not ready beyond 2 s; this warns before."""
LETTERS_RISING = 10
TAKEOVERS_MAX = 3
RESTARTS_MAX = 2
MEMORY_BYTES_MAX = 1 << 30

_OURS = '{job=~"hall-.+"}'


class Alert(NamedTuple):
    """One alert.

    Attributes:
        lasting: how long the expression must hold, e.g. `1m`; empty for at once.
        zh: what is the matter, in Chinese; may name labels as `{{ $labels.partition }}`.
        en: the same in English.
        when: under what condition, in words.
        then: what to do.
    """

    name: str
    expr: str
    lasting: str
    severity: Literal["critical", "warning"]
    zh: str
    en: str
    when: str
    then: str


_WHERE = "{{ $labels.role }}/{{ $labels.partition }}"

ALERTS: tuple[Alert, ...] = (
    Alert(
        "HallProcessDown",
        f"up{_OURS} == 0",
        "1m",
        "critical",
        "进程无应答 {{ $labels.instance }}",
        "a process does not answer",
        "A process has not answered a scrape for a minute.",
        "Look at its journal and start it again; what was acknowledged is in the log, and what was "
        "being judged is judged again to the same findings.",
    ),
    Alert(
        "HallNothingScraped",
        'absent(up{job="hall-api"})',
        "5m",
        "critical",
        "没有任何进程被监测",
        "no process is watched",
        "Prometheus knows no process that answers for the hall, so no other alert can fire.",
        "Put the addresses of all processes into the target files of Prometheus.",
    ),
    Alert(
        "HallRestarts",
        f"changes(process_start_time_seconds{_OURS}[15m]) > {RESTARTS_MAX}",
        "",
        "critical",
        "进程反复重启 {{ $labels.instance }}",
        "a process starts again and again",
        f"A process began more than {RESTARTS_MAX} times in 15 minutes: it ends at the same place.",
        "The last lines of its journal name the error and the record. A worker ends whenever its "
        "loop fails, so that nothing is passed over: mend the cause, do not skip it.",
    ),
    Alert(
        "HallEngineDown",
        "hall_engine_up == 0",
        "30s",
        "critical",
        "监察停止 {{ $labels.instance }}",
        "supervision has stopped",
        "A process lives, but its findings or read models do not follow the log.",
        "`GET /readyz` of that process gives the reasons; `hall check` names a record that cannot "
        "be read.",
    ),
    Alert(
        "HallFiguresMissing",
        "min by (part) (hall_figures_up) == 0",
        "1m",
        "critical",
        "指标读取失败 {{ $labels.part }}",
        "a store cannot be read",
        "The log, the states, the read models or the dead letters cannot be read.",
        "`log`, `dead-letters`: see whether the brokers, or the disk, answer. `states`, "
        "`read-models`: the same of the database. The journal of the process holds the error.",
    ),
    Alert(
        "HallPartitionStopped",
        "max by (role, partition) (hall_worker_stopped) == 1",
        "",
        "critical",
        f"分区因坏记录停止 {_WHERE}",
        "a record that cannot be read stops a partition",
        "A record in the log cannot be read, and its partition stands still; others go on.",
        "`hall check` names it with partition, offset and SHA-256. Find out how it came there; "
        "then `hall skip` passes over it by a record that says who did so and why.",
    ),
    Alert(
        "HallReaderStuck",
        "min_over_time(role_partition:reader_lag_records:max[30s]) > 0 "
        "and changes(role_partition:reader_position_records:max[30s]) == 0",
        "",
        "critical",
        f"处理停滞 {_WHERE}",
        "records wait and nothing is read",
        "For 30 seconds records have waited in a partition, and none was committed.",
        "See whether a worker owns the partition (`hall_worker_partitions`), whether the database "
        "takes commits, and the worker's journal. Starting the worker again is always safe.",
    ),
    Alert(
        "HallReaderBehind",
        f"role_partition:reader_lag_records:max > {LAG_RECORDS_MAX}",
        "5m",
        "warning",
        f"处理积压 {_WHERE}",
        "a reader falls behind the log",
        f"More than {LAG_RECORDS_MAX} records have waited in a partition for 5 minutes.",
        "An import or a rebuild explains it; otherwise add a worker, or look for what slows the "
        "database. While a partition is behind, time alone gives no cards there.",
    ),
    Alert(
        "HallPartitionsWithoutOwner",
        "count(max by (partition) (hall_log_records)) - on () group_right () "
        'sum by (role) (hall_worker_partitions{role=~"supervise|project"}) > 0',
        "1m",
        "critical",
        "有 {{ $value }} 个分区无人处理 {{ $labels.role }}",
        "partitions have no owner",
        "For a minute fewer partitions have been owned by workers than the log has.",
        "Start the workers that are missing. If all live, their group does not settle: see "
        "HallOwnersChange.",
    ),
    Alert(
        "HallOwnersChange",
        f"sum by (role, partition) (increase(hall_worker_takeovers_total[15m])) > {TAKEOVERS_MAX}",
        "",
        "warning",
        f"分区频繁易主 {_WHERE}",
        "a partition changes its owner again and again",
        f"A partition was taken over more than {TAKEOVERS_MAX} times in 15 minutes.",
        "Look for workers that restart, for machines without memory or processor to spare, and for "
        "session time-outs shorter than their pauses.",
    ),
    Alert(
        "HallFencedOut",
        "sum by (role, partition) (increase(hall_worker_fenced_out_total[15m])) > 0",
        "",
        "warning",
        f"进程被隔离 {_WHERE}",
        "a worker lost its partition in mid-work",
        "A worker tried to commit after another had taken its partition; nothing was written.",
        "Nothing is lost. If it comes again, the worker is paused for longer than its session: "
        "memory, disk, or a virtual machine that is stopped.",
    ),
    Alert(
        "HallTicksStopped",
        f"partition:tick_poll_age_seconds:min > {TICK_POLL_SECONDS_MAX} "
        "or absent(partition:tick_poll_age_seconds:min)",
        "30s",
        "critical",
        "计时停止 {{ $labels.partition }}",
        "nobody asks for due instants",
        f"For more than {TICK_POLL_SECONDS_MAX} seconds nobody has asked which cases of a "
        "partition are due: time alone gives no cards.",
        "See HallReaderBehind, HallReaderStuck and HallTicksHeld first; if none of them fires, "
        "start the worker of the partition again. Cards that were missed come with the next tick, "
        "under their true instants.",
    ),
    Alert(
        "HallTicksHeld",
        "hall_supervision_ticks_held == 1",
        "",
        "critical",
        "时钟跳变，计时暂停 {{ $labels.instance }}",
        "ticks are held: the clock leapt ahead",
        "The machine's clock leapt more than ten minutes ahead; no ticks are made.",
        "Correct the clock. If the new time is right, start the process again: that is the "
        "operator's word.",
    ),
    Alert(
        "HallClockDifference",
        f"abs(hall_clock_difference_seconds) > {CLOCK_SECONDS_MAX}",
        "1m",
        "warning",
        "时钟与数据库不一致 {{ $labels.instance }}",
        "the clocks of a node and the database differ",
        f"A node's clock differs from the database's by more than {CLOCK_SECONDS_MAX} s; beyond "
        "2 s its intake is not ready.",
        "See to the time service (NTP) of that machine and of the database's.",
    ),
    Alert(
        "HallCasesSuspended",
        "max(hall_supervision_suspended_cases) > 0",
        "5m",
        "warning",
        "{{ $value }} 个办件暂停判定",
        "cases cannot be judged",
        "Judging a case raised an error; the case waits, all others go on.",
        "The journal names case and error. After the cause is mended, send "
        "`hall.case.released.v1` for each; it is judged again.",
    ),
    Alert(
        "HallConflicts",
        "sum(increase(hall_supervision_conflicts_total[1h])) > 0",
        "",
        "warning",
        "同一标识内容不同",
        "other content came under a known identity",
        "Records under a known identity had other content within the hour; the first ones stand.",
        "From a source: see the dead letters and ask that source. Otherwise workers of two "
        "versions are at work: bring all to one.",
    ),
    Alert(
        "HallDeadLetters",
        "total:dead_letters:sum > 0",
        "15m",
        "warning",
        "有 {{ $value }} 条无法受理的报送",
        "dead letters wait",
        "Intake could not accept what sources sent, and it has lain there for 15 minutes.",
        "`GET /api/v1/dead-letters` lists them with reasons and original bytes. Correct them and "
        "send them again under the same id.",
    ),
    Alert(
        "HallDeadLettersRising",
        f"total:dead_letters:sum - total:dead_letters:sum offset 15m > {LETTERS_RISING}",
        "",
        "critical",
        "无法受理的报送快速增加（15 分钟 {{ $value }} 条）",
        "dead letters rise",
        f"More than {LETTERS_RISING} dead letters came in 15 minutes: a source sends amiss.",
        "The newest dead letters name the source and the reason; tell that source at once, since "
        "its cases have no facts meanwhile.",
    ),
    Alert(
        "HallIntakeUnavailable",
        'sum(increase(hall_http_problems_total{code="ledger.unavailable"}[5m])) > 0',
        "1m",
        "critical",
        "报送接口不可用（503）",
        "intake answers 503",
        "The log could not be reached, and events were refused with 503; sources send them again.",
        "See whether the brokers (or the disk of the data folder) answer, and the clock of the "
        "node. Nothing that was acknowledged is lost.",
    ),
    Alert(
        "HallIntakeBusy",
        'sum(increase(hall_http_problems_total{code="request.busy"}[5m])) > 0',
        "5m",
        "warning",
        "报送接口过载（429）",
        "intake answers 429",
        "More requests were under way than a node takes at once, for 5 minutes.",
        "Add an API node, or ask the source to send batches instead of single events.",
    ),
    Alert(
        "HallCalendarEnds",
        f"min by (calendar) (hall_calendar_remaining_days) < {CALENDAR_DAYS_MIN}",
        "",
        "warning",
        "日历 {{ $labels.calendar }} 仅余 {{ $value }} 天",
        "a calendar runs out",
        f"In less than {CALENDAR_DAYS_MIN} days a year begins whose holidays nobody has published; "
        "limits that reach into it are provisional and say so.",
        "When the State Council's notice has come, add it as a calendar overlay (folder "
        "`calendars`); `hall restate` shows which limits move.",
    ),
    Alert(
        "HallCalendarEndsNow",
        f"min by (calendar) (hall_calendar_remaining_days) < {CALENDAR_DAYS_LEAST}",
        "",
        "critical",
        "日历 {{ $labels.calendar }} 即将用完",
        "a calendar is about to end",
        f"In less than {CALENDAR_DAYS_LEAST} days limits are counted by days nobody has published.",
        "As for HallCalendarEnds, now.",
    ),
    Alert(
        "HallReadModelsDiffer",
        "max by (kind) (hall_rebuild_last_differences) > 0",
        "",
        "critical",
        "读模型与台账不一致",
        "the read models are not what the log says",
        "The last `hall rebuild --check` found rows that differ from the log.",
        "Keep its output, then `hall rebuild` makes the read models again from the log, and "
        "`hall rebuild --check` proves them. Cards in the log are not touched.",
    ),
    Alert(
        "HallMemoryHigh",
        f"process_resident_memory_bytes{_OURS} > {MEMORY_BYTES_MAX}",
        "15m",
        "warning",
        "进程内存过高 {{ $labels.instance }}",
        "a process holds much memory",
        "A process has held more than 1 GiB for 15 minutes; a worker with a million open cases "
        "needs less.",
        "Start it again in a quiet moment, and report what it had been doing.",
    ),
)


def alert_table() -> str:
    """Return the table of alerts as Markdown, as OPERATING.md shows it."""
    lines = ["| alert | severity | when | what to do |", "| --- | --- | --- | --- |"]
    lines += [f"| `{each.name}` | {each.severity} | {each.when} | {each.then} |" for each in ALERTS]
    return "\n".join(lines)


def expressions() -> Sequence[str]:
    """Return the expression of every recording and alert."""
    return [*(each.expr for each in RECORDINGS), *(each.expr for each in ALERTS)]
