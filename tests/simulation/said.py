"""Hypothesis strategies for what a single fact says: the data of every type that judging reads.

It stands apart from the histories made of them because there are forty types. Instants lie on a
coarse grid, so that facts meet each other and the thresholds to the microsecond.
"""

from typing import Any

from hypothesis import strategies as st

from ledger.record import instant
from tests.golden.language import HOUR_US, SHANGHAI, at, limit

GRID_US = HOUR_US // 2
START_US = at("2018-09-27 08:30:00")
SLOTS = 24 * 2 * 18
LIMITS = (
    *("3 working_day", "4 working_day", "6 working_day", "1 working_day", "0 working_day"),
    *("7 working_hour", "24 working_hour", "5 natural_day", "2 natural_day", "90 hour"),
    *("90 minute", "1 month", "2 month"),
)
STAGES = ("review", "decide", "sign")
TAGS = ("无理由超过法定办理时间", "未在承诺时间内办结", "态度不好")
Data = dict[str, Any]


def limit_json(text: str | None) -> Data | None:
    if text is None:
        return None
    granted = limit(text)
    return {"amount": granted.amount, "unit": granted.unit}


def text_of(us: int) -> str:
    return instant(us, SHANGHAI).isoformat()


def present(data: Data) -> Data:
    """Leave out what is not said."""
    return {name: value for name, value in data.items() if value is not None}


slots = st.integers(0, SLOTS - 1)
instants = slots.map(lambda slot: text_of(START_US + slot * GRID_US))
spans = st.sampled_from(LIMITS)
limits = spans.map(limit_json)
parts = st.sampled_from([None, None, None, None, None, None, "fire", "land"])
some_due = st.one_of(st.none(), instants)
reasons = st.sampled_from([None, " ", "complex"])
stages = st.sampled_from(STAGES)


def _maybe(strategy: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.one_of(st.none(), strategy)


def _saying(**fields: st.SearchStrategy[Any]) -> st.SearchStrategy[Data]:
    return st.fixed_dictionaries(fields).map(present)


@st.composite
def acceptances(draw: st.DrawFn) -> Data:
    """What an acceptance says; limits declared, left to the catalogue, or out of the calendar."""
    data: Data = {"matter": draw(st.sampled_from(["M-1", "M-1", "M-2"])), "department": "D-1"}
    data["part"] = draw(parts)
    promise = draw(st.sampled_from(["limit", "due", "none"]))
    if promise == "limit":
        data["promised_limit"] = draw(limits)
    elif promise == "due":
        data["promised_due"] = draw(instants)
    data["statutory_limit"] = draw(_maybe(limits))
    if draw(st.integers(0, 40)) == 40:
        data["statutory_limit"] = {"amount": 100_000, "unit": "working_day"}
    if draw(st.integers(0, 2)) == 0:
        data |= draw(_more_of_an_acceptance)
    return present(data)


_more_of_an_acceptance = _saying(
    handling_type=st.sampled_from([None, "immediate", "promised", "joint"]),
    missing_materials=_maybe(
        some_due.map(lambda due: present({"items": ["plan"], "due": due})),
    ),
    materials=_maybe(st.integers(2, 3).map(lambda n: {"required": 3, "submitted": n})),
    chargeable=st.sampled_from([None, True, False]),
    stage_limits=_maybe(st.dictionaries(stages, limits, min_size=1, max_size=3)),
)
_fees = _saying(
    amount=st.sampled_from(["0", "5.00", "80"]),
    currency=st.sampled_from([None, "CNY"]),
    basis=st.sampled_from([None, "b-1", "b-2"]),
    part=parts,
)
_stages_said = _saying(stage=stages, clerk_ref=st.sampled_from([None, "K-1"]), part=parts)
_share = _saying(part=parts)

CASE: dict[str, st.SearchStrategy[Data]] = {
    "received": _saying(
        matter=st.just("M-1"), channel=st.sampled_from([None, "online", "window"]), part=parts
    ),
    "pre-reviewed": _saying(
        result=st.sampled_from(["passed", "refused", "correction"]), part=parts
    ),
    "correction-requested": _saying(
        items=st.sampled_from([["plan"], [" "], ["plan", "deed"]]), part=parts
    ),
    "correction-received": _share,
    "accepted": acceptances(),
    "acceptance-refused": _saying(reason=reasons, part=parts),
    "transferred": _saying(
        from_department=st.sampled_from(["D-1", "D-2"]),
        to_department=st.sampled_from(["D-1", "D-2"]),
        to_clerk=st.sampled_from([None, "K-2"]),
        part=parts,
    ),
    "stage-started": _stages_said,
    "stage-finished": _stages_said,
    "part-dispatched": _saying(
        part=st.sampled_from(["fire", "land"]), department=st.just("D-2"), due=some_due
    ),
    "part-replied": _saying(part=st.sampled_from(["fire", "land"]), department=st.just("D-2")),
    "urged": st.just({"actor_ref": "A-1"}),
    "clock-stopped": _saying(
        procedure=st.sampled_from(["hearing", "hearing", "publicity", "other"]),
        applied=_maybe(limits),
        notice_at=some_due,
        part=parts,
    ),
    "clock-resumed": _share,
    "extended": _saying(
        by=limits, approver_ref=st.sampled_from([None, "P-1"]), reason=reasons, part=parts
    ),
    "decided": _saying(outcome=st.sampled_from(["granted", "granted", "refused"]), part=parts),
    "completed": _saying(
        outcome=st.sampled_from(["granted", "granted", "granted", "returned", "voided", "other"]),
        reason=reasons,
        certificate_ref=st.sampled_from([None, "X-1"]),
        fee=_maybe(
            st.sampled_from(["0", "12.50"]).map(lambda a: {"amount": a, "currency": "CNY"}),
        ),
        part=parts,
    ),
    "certificate-issued": _share,
    "delivered": _share,
    "fee-charged": _fees,
    "fee-paid": _fees,
    "rated": _saying(
        score=st.sampled_from([1, 4, 5]),
        tags=st.lists(st.sampled_from(TAGS), max_size=2, unique=True),
        part=parts,
    ),
    "released": st.just({"actor_ref": "A-1"}),
}
_dated = _saying(department=st.just("D-1"), due=some_due)
COMPLAINT = dict.fromkeys(
    ("filed", "accepted", "extended", "answered", "closed", "refused", "transferred"), _dated
)
CONSULTATION = dict.fromkeys(("asked", "answered"), _dated)

CHANGES: dict[str, st.SearchStrategy[Data]] = {
    "accepted": st.sampled_from(
        [
            {"handling_type": "immediate"},
            {"missing_materials": {"items": ["plan"], "due": text_of(START_US + 60 * GRID_US)}},
            {"stage_limits": {"review": {"amount": 1, "unit": "working_day"}}},
            {"promised_limit": None, "promised_due": None},
        ]
    ),
    "completed": st.sampled_from([{"outcome": "voided"}, {"certificate_ref": "X-2"}]),
    "decided": st.just({"outcome": "refused"}),
    "received": st.just({"channel": "online"}),
    "pre-reviewed": st.just({"result": "passed"}),
    "clock-stopped": st.sampled_from([{"procedure": "hearing"}, {"procedure": "publicity"}]),
    "extended": st.just({"approver_ref": "P-1", "reason": "complex"}),
    "part-dispatched": instants.map(lambda due: {"due": due}),
    "stage-started": st.just({"stage": "sign"}),
    "stage-finished": st.just({"stage": "sign"}),
}
"""What an amendment may change of a fact of a type, beside its instant and its limit."""

LIMIT_OF = {"accepted": "promised_limit", "clock-stopped": "applied", "extended": "by"}
"""The field of a type that is a limit."""


@st.composite
def matters(draw: st.DrawFn, code: str) -> Data:
    """A version of a matter as the catalogue has it."""
    definition = draw(st.lists(stages, max_size=3, unique=True))
    return present(
        {
            "code": code,
            "name": code,
            "department": "D-1",
            "handling_type": draw(st.sampled_from([None, None, "immediate", "joint"])),
            "promised_limit": draw(_maybe(limits)),
            "statutory_limit": draw(_maybe(limits)),
            "stages": [
                present({"name": name, "limit": draw(_maybe(limits))}) for name in definition
            ],
            "fee": draw(
                st.sampled_from(
                    [None, {"free": True}, {"free": False, "amount": "20.00", "basis": "b-1"}]
                )
            ),
            "issues_certificate": draw(st.booleans()),
        }
    )
