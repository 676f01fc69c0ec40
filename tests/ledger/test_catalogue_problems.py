"""What is questionable in a catalogue is named: promises beyond the law, stages beyond promises."""

import pytest

from ledger.catalogue import Department, Entry, Matter, Stage, Window
from ledger.catalogue_problems import Problem, problems
from ledger.fact import Limit, Unit

UNITS: dict[str, Unit] = {
    "wd": "working_day",
    "nd": "natural_day",
    "wh": "working_hour",
    "h": "hour",
    "min": "minute",
    "m": "month",
}


def limit(text: str) -> Limit:
    amount, unit = text.split()
    return Limit(amount=int(amount), unit=UNITS[unit])


def of_limits(promised: str, statutory: str = "", stages: str = "") -> list[Problem]:
    matter = Matter(
        code="M-1",
        name="事项",
        department="SCJ",
        promised_limit=limit(promised) if promised else None,
        statutory_limit=limit(statutory) if statutory else None,
        stages=tuple(
            Stage(name=str(index), limit=limit(text) if text != "-" else None)
            for index, text in enumerate(stages.split(", ") if stages else ())
        ),
    )
    return list(problems([matter], {"SCJ"}, set()))


@pytest.mark.basis("行政许可法", 42)
def test_a_promise_beyond_the_statutory_limit_is_named() -> None:
    assert of_limits("20 wd", "20 wd") == []
    assert of_limits("21 wd", "20 wd") == [
        Problem(
            "promise-beyond-statute", "matter", "M-1", "promised_limit",
            "21 working_day", "statutory_limit 20 working_day", estimated=False,
        )
    ]  # fmt: skip
    assert of_limits("21 wd") == []
    assert of_limits("", "20 wd") == []


@pytest.mark.parametrize(
    ("promised", "statutory"),
    [
        ("20 wd", "20 nd"),  # four weeks at least
        ("15 wd", "20 nd"),  # 21 days with the three weekends
        ("29 nd", "1 m"),
        ("1 m", "30 nd"),
        ("1 m", "20 wd"),
        ("25 h", "1 nd"),
        ("1 wd", "1 nd"),  # a Friday's ends on Monday
        ("30 wh", "5 nd"),  # five office days of six hours
        ("5 wd", "36 wh"),  # which are four days and a half of eight hours
    ],
)
def test_where_units_differ_what_may_end_later_is_named_as_estimated(
    promised: str, statutory: str
) -> None:
    (problem,) = of_limits(promised, statutory)
    assert problem.name == "promise-beyond-statute"
    assert problem.estimated


@pytest.mark.parametrize(
    ("promised", "statutory"),
    [
        ("20 nd", "20 wd"),
        ("15 wd", "21 nd"),
        ("28 nd", "1 m"),
        ("20 wd", "1 m"),
        ("31 nd", "23 wd"),
        ("24 h", "1 nd"),
        ("90 min", "2 h"),
        ("0 wd", "1 nd"),
        ("3 h", "3 wh"),
    ],
)
def test_where_units_differ_what_cannot_end_later_is_not_named(
    promised: str, statutory: str
) -> None:
    assert of_limits(promised, statutory) == []


def test_stages_that_take_longer_together_than_the_promise_are_named() -> None:
    assert of_limits("5 wd", stages="2 wd, -, 3 wd") == []
    (problem,) = of_limits("5 wd", stages="2 wd, -, 4 wd")
    assert problem == Problem(
        "stages-beyond-promise", "matter", "M-1", "stages",
        "6 working_day", "promised_limit 5 working_day", estimated=False,
    )  # fmt: skip
    (mixed,) = of_limits("5 wd", stages="4 wd, 24 h, 24 h")
    assert (mixed.found, mixed.estimated) == ("4 working_day + 48 hour", True)
    assert of_limits("5 wd", stages="-, -") == []


def test_codes_that_the_catalogue_does_not_know_are_named() -> None:
    entries: list[Entry] = [
        Department(code="SCJ", name="局", hall="H-1"),
        Department(code="ZJJ", name="局"),
        Window(code="W-1", name="窗口", hall="H-2", department="SCJ"),
        Window(code="W-2", name="综合窗口", hall="H-1"),
        Matter(code="M-1", name="事项", department="GAJ"),
    ]
    found = [(p.name, p.kind, p.code, p.found) for p in problems(entries, {"SCJ"}, {"H-1"})]
    assert found == [
        ("unknown-hall", "window", "W-1", "H-2"),
        ("unknown-department", "matter", "M-1", "GAJ"),
    ]
