"""Import profiles: the facts a log stands for, their order and ids, and what the real log holds."""

import json
from collections import Counter
from collections.abc import Sequence
from datetime import datetime, timedelta, timezone
from pathlib import Path

import pytest

from consoles.importing.profile import load_profile
from consoles.importing.translation import CloudEvent, Translation, rfc3339, translate
from consoles.importing.xes import Event, Trace, Value, read_traces
from ledger import wire
from ledger.errors import ImportInvalid

CET = timezone(timedelta(hours=1))
RECEIPT = load_profile("receipt")
SHIPPED = Path(__file__).parents[2] / "consoles" / "importing" / "profiles" / "receipt.toml"


def at(hour: int, minute: int = 0) -> datetime:
    return datetime(2011, 11, 24, hour, minute, tzinfo=CET)


def event(when: datetime, group: str = "Group 1", **more: Value) -> Event:
    attributes: dict[str, Value] = {
        "time:timestamp": when,
        "org:group": group,
        "concept:name": "T02",
        "org:resource": "Resource10",
    }
    return Event(attributes=attributes | more, line=7)


def trace(name: str, events: Sequence[Event], **attributes: Value) -> Trace:
    given: dict[str, Value] = {
        "department": "General",
        "channel": "Desk",
        "responsible": "Resource21",
        "deadline": at(17),
    }
    return Trace(
        name=name,
        attributes={"concept:name": name} | given | attributes,
        events=tuple(events),
        file="log.xes",
        line=3,
    )


def names(translation: Translation) -> list[str]:
    return [fact["id"] for fact in translation.facts]


def one(facts: Sequence[CloudEvent], id_: str) -> CloudEvent:
    (found,) = [fact for fact in facts if fact["id"] == id_]
    return found


def test_the_first_event_is_the_acceptance_with_the_deadline_as_promise() -> None:
    (accepted, _) = translate(RECEIPT, [trace("case-1", [event(at(9))])]).facts
    assert accepted == {
        "specversion": "1.0",
        "id": "case-1/0/accepted",
        "source": "/imports/receipt",
        "type": "hall.case.accepted.v1",
        "subject": "case-1",
        "time": "2011-11-24T09:00:00.000+01:00",
        "data": {
            "matter": "environmental-permit",
            "department": "General",
            "clerk_ref": "Resource21",
            "channel": "Desk",
            "promised_due": "2011-11-24T17:00:00.000+01:00",
        },
    }


def test_every_event_is_a_finished_stage_with_its_resource() -> None:
    facts = translate(RECEIPT, [trace("case-1", [event(at(9)), event(at(10))])]).facts
    finished = one(facts, "case-1/1/stage-finished")
    assert finished["time"] == "2011-11-24T10:00:00.000+01:00"
    assert finished["data"] == {"stage": "T02", "clerk_ref": "Resource10"}


def test_a_change_of_group_is_a_hand_over_also_from_and_to_nobody() -> None:
    groups = ["Group 1", "Group 1", "EMPTY", "EMPTY", "Group 4"]
    events = [event(at(9 + index), group) for index, group in enumerate(groups)]
    facts = translate(RECEIPT, [trace("case-1", events)]).facts
    moved = [fact for fact in facts if fact["type"] == "hall.case.transferred.v1"]
    assert [fact["id"] for fact in moved] == ["case-1/2/transferred", "case-1/4/transferred"]
    assert [fact["data"]["reason"] for fact in moved] == ["Group 1 → EMPTY", "EMPTY → Group 4"]


def test_an_event_without_the_attribute_that_changes_is_another_value_of_it() -> None:
    bare = event(at(10))
    without = {key: value for key, value in bare.attributes.items() if key != "org:group"}
    events = [event(at(9)), Event(attributes=without, line=7), Event(attributes=without, line=8)]
    facts = translate(RECEIPT, [trace("case-1", events)]).facts
    moved = [fact for fact in facts if fact["type"] == "hall.case.transferred.v1"]
    assert [fact["data"]["reason"] for fact in moved] == ["Group 1 → –"]


def test_a_hand_over_names_no_department_or_clerk_that_could_become_responsible() -> None:
    facts = translate(RECEIPT, [trace("case-1", [event(at(9)), event(at(10), "Group 4")])]).facts
    assert set(one(facts, "case-1/1/transferred")["data"]) == {"stage", "reason"}


def test_an_end_date_is_a_completion_and_its_absence_leaves_the_case_open() -> None:
    facts = translate(
        RECEIPT,
        [trace("case-1", [event(at(9))], enddate=at(16)), trace("case-2", [event(at(9))])],
    ).facts
    completed = [fact for fact in facts if fact["type"] == "hall.case.completed.v1"]
    assert [fact["id"] for fact in completed] == ["case-1/completed"]
    assert completed[0]["data"] == {"outcome": "other"}


def test_a_completion_before_the_first_event_is_passed_on_as_it_is() -> None:
    facts = translate(
        RECEIPT, [trace("case-1", [event(at(12))], enddate=at(10), deadline=at(8))]
    ).facts
    assert [fact["type"].split(".")[2] for fact in facts] == [
        "completed",
        "accepted",
        "stage-finished",
    ]
    assert facts[0]["time"] == "2011-11-24T10:00:00.000+01:00"
    assert facts[1]["data"]["promised_due"] == "2011-11-24T08:00:00.000+01:00"


def test_facts_are_in_the_order_of_time_then_family_then_file() -> None:
    summer = timezone(timedelta(hours=2))
    same_instant = at(10).astimezone(summer)
    first = trace("b", [event(at(9)), event(same_instant, "Group 4")], enddate=at(10))
    second = trace("a", [event(at(10)), event(at(10))])
    assert names(translate(RECEIPT, [first, second])) == [
        "b/0/accepted",
        "b/0/stage-finished",
        "a/0/accepted",
        "b/1/transferred",
        "b/1/stage-finished",
        "a/0/stage-finished",
        "a/1/stage-finished",
        "b/completed",
    ]


def test_ids_depend_on_trace_and_event_index_and_not_on_the_order_of_the_traces() -> None:
    traces = [trace("a", [event(at(9)), event(at(10), "Group 4")]), trace("b", [event(at(9))])]
    forward, backward = (translate(RECEIPT, given).facts for given in (traces, traces[::-1]))
    assert {fact["id"]: fact for fact in forward} == {fact["id"]: fact for fact in backward}
    assert len({fact["id"] for fact in forward}) == len(forward)


def test_the_clock_ends_at_the_last_event_and_not_at_a_later_completion() -> None:
    translation = translate(
        RECEIPT,
        [trace("a", [event(at(9)), event(at(11))], enddate=at(23)), trace("b", [event(at(10))])],
    )
    assert translation.last_instant == at(11)
    assert (translation.cases, translation.source_events) == (2, 3)


def test_a_log_without_events_has_no_last_instant() -> None:
    translation = translate(RECEIPT, [trace("a", [], enddate=at(9))])
    assert translation.last_instant is None
    assert names(translation) == ["a/completed"]


@pytest.mark.parametrize("given", ["UNKNOWN", "EMPTY", None])
def test_a_case_that_names_no_department_gets_the_stand_in(given: str | None) -> None:
    case = trace("a", [event(at(9))], channel="UNKNOWN")
    attributes = {key: value for key, value in case.attributes.items() if key != "department"}
    if given is not None:
        attributes["department"] = given
    bare = Trace(name="a", attributes=attributes, events=case.events, file="log.xes", line=3)
    accepted = translate(RECEIPT, [bare]).facts[0]["data"]
    assert accepted["department"] == "unassigned"
    assert "channel" not in accepted


@pytest.mark.parametrize(
    ("case", "line", "found"),
    [
        (trace("a", [Event(attributes={"concept:name": "T02"}, line=7)]), 7, "'time:timestamp'"),
        (trace("a", [event(at(9), **{"concept:name": "UNKNOWN"})]), 7, "its 'stage'"),
        (trace("a", [event(at(9))], enddate="soon"), 3, "'soon' as 'enddate'"),
        (trace("UNKNOWN", [event(at(9))]), 3, "no 'concept:name'"),
    ],
)
def test_what_a_fact_cannot_do_without_is_asked_for_with_file_and_line(
    case: Trace, line: int, found: str
) -> None:
    with pytest.raises(ImportInvalid, match=found) as caught:
        translate(RECEIPT, [case])
    assert caught.value.details["line"] == line
    assert "log.xes" in str(caught.value)


def test_two_traces_of_one_case_are_refused_and_not_mixed() -> None:
    with pytest.raises(ImportInvalid, match="a second trace of the case 'a'"):
        translate(RECEIPT, [trace("a", [event(at(9))]), trace("a", [event(at(10))])])


def test_an_instant_keeps_its_offset_and_finer_parts_than_milliseconds() -> None:
    assert rfc3339(at(9)) == "2011-11-24T09:00:00.000+01:00"
    assert rfc3339(at(9) + timedelta(microseconds=7)) == "2011-11-24T09:00:00.000007+01:00"


def test_a_profile_of_one_s_own_is_read_from_its_file(tmp_path: Path) -> None:
    path = tmp_path / "ours.toml"
    path.write_text(SHIPPED.read_text().replace('"{trace:concept:name}"', '"wabo-{trace:year}"'))
    own = load_profile(str(path))
    assert own.sha256 != RECEIPT.sha256
    assert (
        translate(own, [trace("a", [event(at(9))], year=2011)]).facts[0]["subject"] == "wabo-2011"
    )


@pytest.mark.parametrize("name", ["nowhere", "../../../pyproject", ""])
def test_a_name_that_is_no_shipped_profile_is_answered_with_those_that_are(name: str) -> None:
    with pytest.raises(ImportInvalid, match=r"there is none.*Shipped: receipt"):
        load_profile(name)


def test_a_profile_file_that_is_not_there_is_an_error_of_the_tree() -> None:
    with pytest.raises(ImportInvalid, match=r"nowhere\.toml"):
        load_profile("nowhere.toml")


@pytest.mark.parametrize(
    ("old", "new", "key"),
    [
        ('name = "receipt"', "", "name"),
        ('pack = "receipt"', 'pack = "receipt"\ncolour = "red"', "the profile"),
        ('"{trace:concept:name}"', '"{event:concept:name}"', "subject"),
        ('["EMPTY", "UNKNOWN"]', '"EMPTY"', "absent"),
        ("hall.case.completed.v1", "hall.finding.card-issued.v1", "fact[3].type"),
        ("hall.case.completed.v1", "hall.case.accepted.v1", "fact[3].data"),
        ('on = "first-event"', 'on = "last-event"', "fact[0].on"),
        ('at = "enddate"', "", "fact[3].at"),
        ('on = "every-event"', 'on = "every-event"\nof = "x"', "fact[2]"),
        ('matter = { constant = "environmental-permit" }\n', "", "fact[0].data"),
        ("channel = {", "chanel = {", "fact[0].data"),
        ('{ trace = "deadline" }', '{ case = "deadline" }', "fact[0].data.promised_due"),
        ('{ trace = "deadline" }', "{ constant = 1.5 }", "fact[0].data.promised_due"),
        ('{ constant = "other" }', '{ event = "result" }', "fact[3].data.outcome"),
    ],
)
def test_an_error_in_a_profile_is_named_by_file_and_key(
    tmp_path: Path, old: str, new: str, key: str
) -> None:
    text = SHIPPED.read_text()
    assert old in text
    path = tmp_path / "ours.toml"
    path.write_text(text.replace(old, new, 1))
    with pytest.raises(ImportInvalid) as caught:
        load_profile(str(path))
    assert caught.value.details["key"] == key
    assert "ours.toml" in str(caught.value)


def test_a_type_that_a_profile_names_twice_is_refused(tmp_path: Path) -> None:
    text = SHIPPED.read_text()
    path = tmp_path / "ours.toml"
    path.write_text(text + text[text.rindex("[[fact]]") :])
    with pytest.raises(ImportInvalid, match="each type once"):
        load_profile(str(path))


@pytest.mark.real_data("receipt.xes.gz")
def test_the_real_log_gives_its_known_numbers_of_facts(real_data: Path) -> None:
    translation = translate(RECEIPT, read_traces(real_data / "receipt.xes.gz"))
    assert (translation.cases, translation.source_events) == (1_434, 8_577)
    assert Counter(fact["type"] for fact in translation.facts) == {
        "hall.case.accepted.v1": 1_434,
        "hall.case.stage-finished.v1": 8_577,
        "hall.case.transferred.v1": 5_440,
        "hall.case.completed.v1": 1_329,
    }
    assert translation.last_instant is not None
    assert rfc3339(translation.last_instant) == "2012-01-23T15:42:54.644+01:00"
    instants = [datetime.fromisoformat(fact["time"]) for fact in translation.facts]
    assert instants == sorted(instants)
    assert instants[-1] == translation.last_instant


@pytest.mark.real_data("receipt.xes.gz")
def test_every_fact_of_the_real_log_is_plain_json_that_intake_takes(real_data: Path) -> None:
    facts = translate(RECEIPT, read_traces(real_data / "receipt.xes.gz")).facts
    assert json.loads(json.dumps(facts)) == list(facts)
    for fact in facts:
        record, _ = wire.accept(fact)
        assert (record.subject, record.id) == (fact["subject"], fact["id"])


@pytest.mark.real_data("receipt.xes.gz")
def test_the_disorder_of_the_real_log_passes_unclamped(real_data: Path) -> None:
    translation = translate(RECEIPT, read_traces(real_data / "receipt.xes.gz"))
    end = translation.last_instant
    assert end is not None
    found: Counter[str] = Counter()
    by_case: dict[str, list[CloudEvent]] = {}
    for fact in translation.facts:
        by_case.setdefault(fact["subject"], []).append(fact)
    for facts in by_case.values():
        times = {fact["type"]: datetime.fromisoformat(fact["time"]) for fact in facts}
        accepted = next(fact for fact in facts if fact["type"] == "hall.case.accepted.v1")
        due = datetime.fromisoformat(accepted["data"]["promised_due"])
        opened, closed = times["hall.case.accepted.v1"], times.get("hall.case.completed.v1")
        found["due before the first event"] += due < opened
        found["open and past due at the end"] += closed is None and due < end
        if closed is not None:
            found["completed before the first event"] += closed < opened
            found["of these late"] += due < closed < opened
            found["an event after completion"] += closed < times["hall.case.stage-finished.v1"]
            found["completed late"] += due < closed
    assert found == {
        "due before the first event": 60,
        "open and past due at the end": 39,
        "completed before the first event": 117,
        "of these late": 17,
        "an event after completion": 145,
        "completed late": 377,
    }
