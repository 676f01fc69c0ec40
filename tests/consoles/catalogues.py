"""Catalogues by chance: every entry that intake takes, with the characters that files trip over."""

from hypothesis import strategies as st

from ledger.catalogue import Department, Entry, FeeRule, Hall, Kind, Matter, Stage, Window, kind_of
from ledger.fact import Limit

# What CSV, the syntax of cells and spreadsheets give a meaning to, and letters of every width.
_LETTERS = (
    ";；=＝\\'\"+-@，,|% \u3000\u00a0\ufeff\u200b\U0001f600"
    "审查现场核查决定工作日即办0123456789abnrtAZ\u00c5e\u0301"
)
TEXTS = st.text(_LETTERS, min_size=1, max_size=10).map(str.strip).filter(bool)
CODES = TEXTS.filter(str.isprintable)
LIMITS = st.builds(
    Limit,
    amount=st.integers(0, 100_000),
    unit=st.sampled_from(["working_day", "natural_day", "working_hour", "hour", "minute", "month"]),
)
_STAGES = st.lists(
    st.builds(Stage, name=TEXTS, limit=st.none() | LIMITS), max_size=4, unique_by=lambda s: s.name
).map(tuple)
_CHARGED = st.builds(
    FeeRule,
    free=st.just(False),
    amount=st.none() | st.decimals(0, 10_000, places=2).map(str),
    currency=st.sampled_from(["CNY", "HKD"]),
    basis=st.none() | TEXTS,
)
_FREE = st.builds(FeeRule, free=st.just(True), basis=st.none() | TEXTS)

HALLS = st.builds(
    Hall,
    code=CODES,
    name=TEXTS,
    name_en=st.none() | TEXTS,
    zone=st.sampled_from([None, "Asia/Shanghai", "UTC"]),
)
DEPARTMENTS = st.builds(
    Department, code=CODES, name=TEXTS, name_en=st.none() | TEXTS, hall=st.none() | CODES
)
WINDOWS = st.builds(Window, code=CODES, name=TEXTS, hall=CODES, department=st.none() | CODES)
MATTERS = st.builds(
    Matter,
    code=CODES,
    name=TEXTS,
    name_en=st.none() | TEXTS,
    department=CODES,
    handling_type=st.sampled_from([None, "immediate", "promised", "joint", "special"]),
    statutory_limit=st.none() | LIMITS,
    promised_limit=st.none() | LIMITS,
    stages=_STAGES,
    fee=st.none() | _CHARGED | _FREE,
    mandatory_materials=st.lists(TEXTS, max_size=4, unique=True).map(tuple),
    issues_certificate=st.booleans(),
    in_hall=st.booleans(),
    window_decides=st.booleans(),
)

OF_KIND: dict[Kind, st.SearchStrategy[Entry]] = {
    "hall": HALLS,
    "department": DEPARTMENTS,
    "window": WINDOWS,
    "matter": MATTERS,
}


def catalogues(*kinds: Kind) -> st.SearchStrategy[list[Entry]]:
    """Lists of entries of some kinds, each kind and code once."""
    return st.lists(
        st.one_of(*(OF_KIND[kind] for kind in kinds)),
        max_size=6,
        unique_by=lambda entry: (kind_of(entry), entry.code),
    )
