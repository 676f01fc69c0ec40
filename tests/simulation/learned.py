"""Everything said of many subjects, in the order in which one ledger learns it.

It stands apart because several tests let the same random histories go through different owners,
editions and faults.
"""

from typing import Any

from ledger.intake_rules import instant_from_text
from ledger.record import micros
from tests.simulation.histories import draw

Event = tuple[int, dict[str, Any]]
"""An event with the instant at which the ledger learns it."""
DAY_US = 86_400_000_000


def learned(subjects: int, first_seed: int = 0) -> tuple[Event, ...]:
    """What is said of so many subjects, and of the matters they are about; seeds from one on."""
    told: list[Event] = []
    seed, made = first_seed, 0
    while made < subjects:
        history = draw(seed)
        seed += 1
        if history.calendar != "cn":
            continue
        made += 1
        for event in history.log:
            bare = {**event, "subject": f"S-{made}"}
            recorded, _ = bare.pop("recordedtime"), bare.pop("order")
            told.append((micros(instant_from_text("recordedtime", recorded)), bare))
        for number, (_, since, entry) in enumerate(history.catalogue):
            first_us = micros(instant_from_text("time", history.log[0]["recordedtime"]))
            told.append((first_us - DAY_US, _published(f"{made}-{number}", since, entry)))
    return tuple(sorted(told, key=lambda each: each[0]))


def _published(id_: str, since: Any, entry: dict[str, Any] | None) -> dict[str, Any]:
    said = {"withdrawn": True} if entry is None else {"entry": entry}
    return {
        "specversion": "1.0",
        "type": "hall.reference.matter-published.v1",
        "source": "/catalogue",
        "id": id_,
        "subject": "reference:matter:m-1",
        "time": since.isoformat(),
        "data": {"effective_from": since.isoformat(), **said},
    }
