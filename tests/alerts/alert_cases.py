"""Situations for every alert: what Prometheus has seen, and whether the alert fires then.

Values are written as `promtool test rules` has them, one each ten seconds: `0+5x30` begins at 0 and
adds 5 thirty times, `_x3` is nothing three times.
"""

from collections.abc import Mapping
from dataclasses import dataclass

API = 'instance="api-1",job="hall-api"'
WORKER = 'instance="w-1",job="hall-worker"'


@dataclass(frozen=True, kw_only=True)
class Case:
    """One situation and one alert.

    Attributes:
        seen: values by series.
        at: when one looks, e.g. `5m`.
        fires: the labels of each alert that fires, and the value its summary shows.
    """

    alert: str
    what: str
    seen: Mapping[str, str]
    at: str = "5m"
    fires: tuple[tuple[Mapping[str, str], str], ...] = ()

    @property
    def name(self) -> str:
        """The case as a sentence."""
        return f"{self.alert} {'fires' if self.fires else 'is silent'}: {self.what}"


def lag(values: str, position: str, partition: int = 0) -> dict[str, str]:
    labels = f'role="supervise",partition="{partition}"'
    return {
        f"hall_reader_lag_records{{{labels},{API}}}": values,
        f"hall_reader_position_records{{{labels},{API}}}": position,
    }


def _fires(value: str = "", **labels: str) -> tuple[tuple[Mapping[str, str], str], ...]:
    return ((labels, value),)


_OF_0 = {"role": "supervise", "partition": "0"}
_ON_API = {"instance": "api-1", "job": "hall-api"}
_ON_WORKER = {"instance": "w-1", "job": "hall-worker"}
_POLL = "hall_supervision_tick_poll_age_seconds"
_PROBLEMS = "hall_http_problems_total"
_OWNED = 'hall_worker_partitions{role="supervise",'
_TAKEN = f'hall_worker_takeovers_total{{role="supervise",partition="0",{WORKER}}}'
_FENCED = f'hall_worker_fenced_out_total{{role="supervise",partition="0",{WORKER}}}'
_LETTERS = f'hall_dead_letters{{reason="shape",{API}}}'
_PARTITIONS = {f'hall_log_records{{partition="{n}",{API}}}': "9x30" for n in range(6)}

CASES: tuple[Case, ...] = (
    Case(
        alert="HallProcessDown",
        what="one of two processes",
        seen={f"up{{{API}}}": "1x30", f"up{{{WORKER}}}": "1x5 0x20"},
        fires=_fires(**_ON_WORKER),
    ),
    Case(
        alert="HallProcessDown",
        what="one scrape was missed, and another job is down",
        seen={f"up{{{WORKER}}}": "1x5 0 1x20", 'up{job="other",instance="o"}': "0x30"},
    ),
    Case(
        alert="HallNothingScraped",
        what="only workers are watched",
        seen={f"up{{{WORKER}}}": "1x60"},
        at="6m",
        fires=_fires(job="hall-api"),
    ),
    Case(
        alert="HallNothingScraped",
        what="a process that is down is watched all the same",
        seen={f"up{{{API}}}": "0x60"},
        at="6m",
    ),
    Case(
        alert="HallRestarts",
        what="three starts in a quarter of an hour",
        seen={f"process_start_time_seconds{{{WORKER}}}": "100x9 200x9 300x9 400x9"},
        fires=_fires(**_ON_WORKER),
    ),
    Case(
        alert="HallRestarts",
        what="an upgrade",
        seen={f"process_start_time_seconds{{{WORKER}}}": "100x9 200x30"},
    ),
    Case(
        alert="HallEngineDown",
        what="the loops have ended",
        seen={f"hall_engine_up{{{API}}}": "1x5 0x30"},
        fires=_fires(**_ON_API),
    ),
    Case(alert="HallEngineDown", what="they go on", seen={f"hall_engine_up{{{API}}}": "1x30"}),
    Case(
        alert="HallFiguresMissing",
        what="one node cannot read the states",
        seen={
            f'hall_figures_up{{part="states",{API}}}': "0x30",
            f'hall_figures_up{{part="log",{API}}}': "1x30",
            f'hall_figures_up{{part="states",{WORKER}}}': "1x30",
        },
        fires=_fires(part="states"),
    ),
    Case(
        alert="HallFiguresMissing",
        what="all can be read",
        seen={f'hall_figures_up{{part="log",{API}}}': "1x30"},
    ),
    Case(
        alert="HallPartitionStopped",
        what="one of two partitions",
        seen={
            f'hall_worker_stopped{{role="supervise",partition="0",{WORKER}}}': "0x9 1",
            f'hall_worker_stopped{{role="supervise",partition="1",{WORKER}}}': "0x10",
        },
        at="100s",
        fires=_fires(**_OF_0),
    ),
    Case(
        alert="HallPartitionStopped",
        what="the record was skipped",
        seen={f'hall_worker_stopped{{role="supervise",partition="0",{WORKER}}}': "1x9 0x9"},
        at="2m",
    ),
    Case(
        alert="HallReaderStuck",
        what="records came after a quiet hour and nobody reads: within 50 seconds",
        seen=lag("0x30 7+5x30", "100x60"),
        at="5m50s",
        fires=_fires(**_OF_0),
    ),
    Case(
        alert="HallReaderStuck",
        what="no worker lives, and an API node sees it",
        seen={**lag("12x60", "100x60"), **lag("0x60", "9x60", 1)},
        fires=_fires(**_OF_0),
    ),
    Case(
        alert="HallReaderStuck",
        what="there is always a backlog and it is read",
        seen=lag("900x60", "0+200x60"),
    ),
    Case(
        alert="HallReaderStuck",
        what="a quiet hour",
        seen=lag("0x60", "100x60"),
    ),
    Case(
        alert="HallReaderBehind",
        what="a backlog that does not shrink, seen by two nodes",
        seen={
            **lag("0 6000x60", "0+10x60"),
            'hall_reader_lag_records{role="supervise",partition="0",instance="api-2"}': "9x60",
        },
        at="7m",
        fires=_fires(**_OF_0),
    ),
    Case(
        alert="HallReaderBehind",
        what="a backlog that is read in three minutes",
        seen=lag("9000-500x18 0x40", "0+500x18 9000x40"),
        at="7m",
    ),
    Case(
        alert="HallPartitionsWithoutOwner",
        what="one of two workers is gone",
        seen={
            **_PARTITIONS,
            f"{_OWNED}{WORKER}}}": "3x30",
            f'{_OWNED}instance="w-2",job="hall-worker"}}': "3x5 stale",
        },
        fires=_fires("3", role="supervise"),
    ),
    Case(
        alert="HallPartitionsWithoutOwner",
        what="two workers own all",
        seen={
            **_PARTITIONS,
            f"{_OWNED}{WORKER}}}": "3x30",
            f'{_OWNED}instance="w-2",job="hall-worker"}}': "3x30",
        },
    ),
    Case(
        alert="HallOwnersChange",
        what="the group does not settle",
        seen={_TAKEN: "1+1x30"},
        fires=_fires(**_OF_0),
    ),
    Case(alert="HallOwnersChange", what="a worker was added", seen={_TAKEN: "1x9 2x20"}),
    Case(
        alert="HallFencedOut",
        what="a worker that was stopped woke up",
        seen={_FENCED: "0x9 1x20"},
        fires=_fires(**_OF_0),
    ),
    Case(alert="HallFencedOut", what="nobody was", seen={_FENCED: "0x30"}),
    Case(
        alert="HallTicksStopped",
        what="one partition of two",
        seen={
            f'{_POLL}{{partition="0",{WORKER}}}': "0+10x30",
            f'{_POLL}{{partition="1",{WORKER}}}': "0.1x30",
        },
        fires=_fires(partition="0"),
    ),
    Case(
        alert="HallTicksStopped",
        what="nobody tells of any",
        seen={f"up{{{API}}}": "1x30"},
        fires=_fires(),
    ),
    Case(
        alert="HallTicksStopped",
        what="a former owner's is old, the new one's is not",
        seen={
            f'{_POLL}{{partition="0",{WORKER}}}': "0+10x30",
            f'{_POLL}{{partition="0",instance="w-2"}}': "0.2x30",
        },
    ),
    Case(
        alert="HallTicksHeld",
        what="the clock leapt",
        seen={f"hall_supervision_ticks_held{{{API}}}": "0 1x30"},
        at="10s",
        fires=_fires(**_ON_API),
    ),
    Case(
        alert="HallTicksHeld",
        what="it did not",
        seen={f"hall_supervision_ticks_held{{{API}}}": "0x30"},
    ),
    Case(
        alert="HallClockDifference",
        what="a node is behind",
        seen={f"hall_clock_difference_seconds{{{API}}}": "-1.5x30"},
        fires=_fires(**_ON_API),
    ),
    Case(
        alert="HallClockDifference",
        what="by as much as networks take",
        seen={f"hall_clock_difference_seconds{{{API}}}": "0.3x30"},
    ),
    Case(
        alert="HallCasesSuspended",
        what="two cases",
        seen={f"hall_supervision_suspended_cases{{{API}}}": "2x60"},
        at="6m",
        fires=_fires("2"),
    ),
    Case(
        alert="HallCasesSuspended",
        what="one that was released",
        seen={f"hall_supervision_suspended_cases{{{API}}}": "1x12 0x60"},
        at="6m",
    ),
    Case(
        alert="HallConflicts",
        what="one within the hour",
        seen={f"hall_supervision_conflicts_total{{{WORKER}}}": "0x9 1x60"},
        fires=_fires(),
    ),
    Case(
        alert="HallConflicts",
        what="those of yesterday",
        seen={f"hall_supervision_conflicts_total{{{WORKER}}}": "4x60"},
    ),
    Case(
        alert="HallDeadLetters",
        what="some lie there",
        seen={_LETTERS: "3x120"},
        at="16m",
        fires=_fires("3"),
    ),
    Case(
        alert="HallDeadLetters",
        what="some that were sent again soon",
        seen={_LETTERS: "3x60 0x60", f'hall_figures_up{{part="log",{API}}}': "1x120"},
        at="16m",
    ),
    Case(
        alert="HallDeadLettersRising",
        what="the first ones ever, many at once",
        seen={_LETTERS: "_x80 20x20", f'hall_figures_up{{part="log",{API}}}': "1x100"},
        at="16m",
        fires=_fires("20"),
    ),
    Case(
        alert="HallDeadLettersRising",
        what="many old ones, seen from two nodes, and Prometheus just began",
        seen={
            _LETTERS: "400x200",
            'hall_dead_letters{reason="shape",instance="api-2"}': "_x100 400x100",
        },
        at="20m",
    ),
    Case(
        alert="HallIntakeUnavailable",
        what="503 for two minutes",
        seen={f'{_PROBLEMS}{{code="ledger.unavailable",{API}}}': "0x9 0+3x30"},
        fires=_fires(),
    ),
    Case(
        alert="HallIntakeUnavailable",
        what="other problems",
        seen={
            f'{_PROBLEMS}{{code="ledger.unavailable",{API}}}': "0x30",
            f'{_PROBLEMS}{{code="ledger.event-invalid",{API}}}': "0+9x30",
        },
    ),
    Case(
        alert="HallIntakeBusy",
        what="429 again and again",
        seen={f'{_PROBLEMS}{{code="request.busy",{API}}}': "0+1x60"},
        at="8m",
        fires=_fires(),
    ),
    Case(
        alert="HallIntakeBusy",
        what="one rush",
        seen={f'{_PROBLEMS}{{code="request.busy",{API}}}': "0x3 9x60"},
        at="8m",
    ),
    Case(
        alert="HallCalendarEnds",
        what="of two calendars one",
        seen={
            f'hall_calendar_remaining_days{{calendar="cn",{API}}}': "38x30",
            f'hall_calendar_remaining_days{{calendar="county",{API}}}': "403x30",
        },
        fires=_fires("38", calendar="cn"),
    ),
    Case(
        alert="HallCalendarEnds",
        what="the notice has come",
        seen={f'hall_calendar_remaining_days{{calendar="cn",{API}}}': "403x30"},
    ),
    Case(
        alert="HallCalendarEndsNow",
        what="ten days",
        seen={f'hall_calendar_remaining_days{{calendar="cn",{API}}}': "10x30"},
        fires=_fires("10", calendar="cn"),
    ),
    Case(
        alert="HallCalendarEndsNow",
        what="thirty days",
        seen={f'hall_calendar_remaining_days{{calendar="cn",{API}}}': "30x30"},
    ),
    Case(
        alert="HallReadModelsDiffer",
        what="the check found rows",
        seen={f'hall_rebuild_last_differences{{kind="check",{API}}}': "3x30"},
        fires=_fires(kind="check"),
    ),
    Case(
        alert="HallReadModelsDiffer",
        what="it found none",
        seen={f'hall_rebuild_last_differences{{kind="check",{API}}}': "0x30"},
    ),
    Case(
        alert="HallMemoryHigh",
        what="two gigabytes",
        seen={f"process_resident_memory_bytes{{{WORKER}}}": "2e9x120"},
        at="16m",
        fires=_fires(**_ON_WORKER),
    ),
    Case(
        alert="HallMemoryHigh",
        what="a worker with a million cases",
        seen={f"process_resident_memory_bytes{{{WORKER}}}": "7e8x120"},
        at="16m",
    ),
)
