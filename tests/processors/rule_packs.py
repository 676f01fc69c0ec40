"""A small pack with rules switched on, and what they name; words for tests of rules."""

from collections.abc import Sequence
from functools import cache
from typing import Any

from ledger.findings import AnomalyFound
from ledger.record import AnyRecord
from processors.supervision.pack import Pack
from processors.supervision.pack_text import parse_pack
from tests.golden.language import (
    PACK_TEXT,
    completed,
    fact,
    stopped,
    told,
)

MON = "2018-10-15 10:00:00"
TUE = "2018-10-16 10:00:00"
WED = "2018-10-17 10:00:00"
THU = "2018-10-18 10:00:00"
FRI = "2018-10-19 10:00:00"
BASIS = 'basis = { instrument = "本地规则", article = 1 }\n'
DAY = '{ amount = 1, unit = "working_day" }'
WAIT = f"wait = {DAY}\n"
TAGS = 'statutory_tags = ["超法定"]\npromised_tags = ["超承诺"]\n'
WAITING = [f"{name}-without-acceptance" for name in ("certificate", "delivery", "fee", "rating")]
RATING = f"rating-says-overdue|{TAGS}"


@cache
def pack(*rules: str, top: str = "") -> Pack:
    """The small pack with rules; each is its name and, after a bar, its parameters."""
    entries = (rule.partition("|")[::2] for rule in rules)
    tables = "".join(f'\n[[rule]]\nname = "{n}"\n{BASIS}{parameters}' for n, parameters in entries)
    return parse_pack(PACK_TEXT.replace("\n[[level]]", f"\n{top}\n[[level]]", 1) + tables, "local")


def named(records: Sequence[AnyRecord], *rules: str, top: str = "") -> list[str]:
    """What the rules name, in order: the evidence by id."""
    using = pack(*rules, top=top)
    return [
        " ".join(identity.id for identity in each.evidence)
        for each in told(records, using).of(AnomalyFound)
        if each.rule in using.rules
    ]


def dispatched(when: str, part: str = "fire", id_: str | None = None) -> AnyRecord:
    return fact("part-dispatched", when, part=part, department="D-2", id_=id_ or f"to-{part}")


def replied(when: str, part: str = "fire") -> AnyRecord:
    return fact("part-replied", when, part=part, department="D-2", id_=f"from-{part}")


def done(when: str = FRI, id_: str = "done", **more: Any) -> AnyRecord:
    return completed(when, id_=id_, **more)


def stop(when: str, id_: str = "stop", applied: str | None = "5 working_day") -> AnyRecord:
    return stopped(when, applied, id_=id_)
