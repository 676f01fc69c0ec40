"""The figures of a hall: what its parts hold, and what is said when one cannot be read."""

import logging
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from alerts.figures import LABEL_NONE, LABEL_OTHER, LABELS_MAX, Figures
from alerts.metrics import HALL_METRICS, WORKER_METRICS
from consoles.bootstrap import Role, open_hall
from consoles.clock import VirtualClock
from consoles.hall import Hall
from consoles.measuring import Held
from consoles.settings import Settings
from ledger.log import Entry
from ledger.wire import accept
from tests.consoles.commands import acceptance, event, filled, hall
from tests.golden.language import at

NOON_US = at("2018-10-15 12:00:00")


@contextmanager
def opened(folder: Path, now_us: int = NOON_US, role: Role = "supervise") -> Iterator[Hall]:
    made = open_hall(Settings(data=folder), role=role, clock=lambda _: VirtualClock(now_us, 1))
    try:
        yield made
    finally:
        made.close()


def take(made: Hall, *events: dict[str, Any]) -> None:
    entries = []
    for each in events:
        record, raw = accept(each)
        entries.append(Entry(record.subject, record.source, record.id, raw))
    made.log.append(entries)
    made.engine.catch_up()


def accepted(number: int, **more: Any) -> dict[str, Any]:
    return acceptance(subject=f"C-{number}", id=f"a{number}", hall="430100", **more)


def done(number: int, when: str = "2018-10-15 11:00:00") -> dict[str, Any]:
    return event("completed", when, subject=f"C-{number}", id=f"c{number}", outcome="granted")


def told(figures: Figures, name: str) -> Mapping[tuple[str, ...], float]:
    return figures[f"hall_{name}"]


def test_the_present_day_counts_what_was_accepted_completed_and_in_time(tmp_path: Path) -> None:
    with opened(tmp_path) as made:
        take(made, accepted(1), accepted(2), accepted(3), done(1), done(2))
        figures = made.figures()
    assert told(figures, "today_accepted_cases") == {("430100",): 3}
    assert told(figures, "today_completed_cases") == {("430100",): 2}
    assert told(figures, "today_promised_cases") == {("430100",): 2}
    assert told(figures, "today_on_time_cases") == {("430100",): 2}
    assert told(figures, "today_working_seconds") == {("430100",): 2 * 3600}
    assert told(figures, "cases_open") == {
        ("430100", "normal"): 1,
        **{("430100", level): 0 for level in ("warning", "yellow", "red")},
    }
    assert told(figures, "department_cases_open")["D-1", "normal"] == 1


def test_the_next_day_begins_at_zero_for_each_hall_that_has_cases_open(tmp_path: Path) -> None:
    with opened(tmp_path) as made:
        take(made, accepted(1))
    with opened(tmp_path, at("2018-10-16 08:00:00")) as made:
        figures = made.figures()
    assert told(figures, "today_accepted_cases") == {("430100",): 0}
    assert told(figures, "today_cards_issued") == {
        ("430100", level): 0 for level in ("warning", "yellow", "red")
    }


def test_a_hall_without_cases_has_figures_of_an_unknown_one(tmp_path: Path) -> None:
    with opened(tmp_path) as made:
        assert told(made.figures(), "today_accepted_cases") == {(LABEL_NONE,): 0}


def test_halls_and_departments_beyond_the_bound_are_others_under_every_name(
    tmp_path: Path,
) -> None:
    many = LABELS_MAX + 5
    with opened(tmp_path) as made:
        take(
            made,
            *(accepted(n) | {"data": _at_hall(n)} for n in range(many)),
        )
        figures = made.figures()
    for name in ("cases_open", "cards", "today_accepted_cases", "department_cases_open"):
        values = {labels[0] for labels in told(figures, name)}
        assert len(values) <= LABELS_MAX + 1
    assert told(figures, "cases_open")[LABEL_OTHER, "normal"] == 5
    assert told(figures, "department_cases_open")[LABEL_OTHER, "normal"] == 5
    assert sum(told(figures, "today_accepted_cases").values()) == many


def _at_hall(number: int) -> dict[str, Any]:
    return {**acceptance()["data"], "hall": f"H{number:04}", "department": f"D{number:04}"}


def test_positions_and_lags_are_told_by_role_and_partition(tmp_path: Path) -> None:
    with opened(tmp_path) as made:
        take(made, accepted(1))
        end = made.log.ends()[0]
        record, raw = accept(accepted(2))
        made.log.append([Entry(record.subject, record.source, record.id, raw)])
        figures = made.figures()
    assert told(figures, "log_records") == {("0",): end + 1}
    for role in ("supervise", "project"):
        assert told(figures, "reader_lag_records")[role, "0"] == 1
        assert told(figures, "reader_position_records")[role, "0"] == end


def test_every_figure_is_one_of_the_table_under_its_labels(tmp_path: Path) -> None:
    labels = {metric.name: metric.labels for metric in (*HALL_METRICS, *WORKER_METRICS)}
    with opened(tmp_path) as made:
        take(made, accepted(1))
        figures = made.figures()
    for name, samples in figures.items():
        assert all(len(each) == len(labels[name]) for each in samples), name
    assert {m.name for m in HALL_METRICS} <= set(figures)


def test_a_process_that_does_not_supervise_says_nothing_of_the_work(tmp_path: Path) -> None:
    with opened(tmp_path) as made:
        take(made, accepted(1))
        with opened(tmp_path, role="read") as reading:
            figures = reading.figures()
            text = reading.metrics()
    assert not {m.name for m in WORKER_METRICS} & set(figures)
    assert told(figures, "cases_open")["430100", "normal"] == 1
    assert b"hall_ingest_delay_seconds" not in text


def test_a_part_that_cannot_be_read_is_left_out_and_said_so(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with opened(tmp_path) as made:
        take(made, accepted(1))
        with made.read_engine.begin() as connection:
            connection.exec_driver_sql("ALTER TABLE card_days RENAME TO away")
        with caplog.at_level(logging.CRITICAL):
            figures = made.figures()
    assert told(figures, "figures_up")["read-models",] == 0
    assert told(figures, "figures_up")["log",] == 1
    assert "hall_cards" not in figures
    assert "hall_log_records" in figures


def test_an_imported_case_is_a_case_but_no_open_one(tmp_path: Path) -> None:
    folder = filled(tmp_path, accepted(1))
    with opened(folder, role="read") as made:
        figures = made.figures()
    assert told(figures, "cases") == {("accepted",): 1}
    assert sum(told(figures, "cases_open").values()) == 0


def test_figures_that_cost_much_are_read_a_twentieth_of_the_time_at_most() -> None:
    now = [0.0]
    asked = []

    def slow() -> Figures:
        now[0] += 2
        asked.append(now[0])
        return {"hall_cases": {("accepted",): len(asked)}}

    read = Held(lambda: now[0]).around(slow)
    for _ in range(100):
        assert told(read(), "cases")["accepted",] == len(asked)
        now[0] += 1
    assert asked == [2, 44, 86]


def test_figures_that_could_not_be_read_are_asked_for_again() -> None:
    answers: list[Figures] = []
    read = Held(lambda: 0.0).around(answers.pop)
    with pytest.raises(IndexError):
        read()
    answers.append({})
    assert read() == {}


def test_the_last_rebuild_is_told_with_the_rows_that_differed(tmp_path: Path) -> None:
    with opened(tmp_path) as made:
        take(made, accepted(1), accepted(2))
        assert told(made.figures(), "rebuild_last_differences") == {}
    with opened(tmp_path, role="read") as made, made.read_engine.begin() as connection:
        connection.exec_driver_sql("UPDATE cases SET matter = 'other' WHERE subject = 'C-1'")
    assert hall("--data", tmp_path, "rebuild", "--check").code == 1
    assert hall("--data", tmp_path, "rebuild").code == 0
    with opened(tmp_path, role="read") as made:
        figures = made.figures()
        records = sum(made.log.ends().values())
    assert told(figures, "rebuild_last_differences") == {("check",): 1}
    assert told(figures, "rebuild_last_records") == {("check",): records, ("replace",): records}
    assert all(told(figures, "rebuild_last_timestamp_seconds").values())
