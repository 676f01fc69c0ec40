"""So many open cases at once, copied from a few hundred of the generated hall, and what they get.

The states are not stepped one by one: models are copied under other case ids, their bytes as they
are. What then arrives are the facts that those cases really get next, at the instant asked for.
"""

import json
import random
from collections.abc import Iterator
from typing import Any, NamedTuple

from bench.facts import SEED, Sent, policy, sent_facts
from consoles.demo.facts import instant_text
from consoles.demo.town import start_instant
from ledger import wire
from ledger.log import Entry
from processors.supervision.state import CaseState
from processors.supervision.state_codec import encode_state
from processors.supervision.step import step

DAY_US = 86_400_000_000
_TOLD = 12_000
"""Facts after which the hall's open cases are taken as models."""
_TRIED_MAX = 6
_SPREAD_US = 20 * DAY_US


class Model(NamedTuple):
    """An open case that is copied, and what it gets next."""

    state: CaseState
    blob: bytes
    following: list[Sent]


class Copy(NamedTuple):
    """A case that was copied: its state's bytes, and what it waits for."""

    subject: str
    blob: bytes
    tick_us: int


class OpenCases:
    """Copies of open cases of the generated hall that no tick is due for until a day from now.

    Otherwise the first fact of a case would overtake its ticks, and the next one none: where cases
    are few, most facts are not the first.

    Attributes:
        at_us: the instant at which they are open.
    """

    def __init__(self, cases: int, start_us: int | None = None, now_us: int = 0) -> None:
        """Let the hall live until there are models for so many cases.

        Args:
            cases: how many copies.
            start_us: when the hall's life begins; the demo's instant where absent.
            now_us: when what they get will happen, if that is later than their being open.
        """
        self._chance = random.Random(SEED + cases)
        self._cases = cases
        self._asked: dict[int, int] = {}
        self.at_us, self._models = _models(start_us, now_us)

    def copies(self) -> Iterator[Copy]:
        """Yield every copy once."""
        for number in range(self._cases):
            model = self._models[number % len(self._models)]
            subject = _case_id(number)
            blob = model.blob.replace(model.state.subject.encode(), subject.encode())
            yield Copy(subject, blob, self.at_us + DAY_US + self._chance.randrange(_SPREAD_US))

    def next_entry(self, now_us: int) -> Entry:
        """Return the next fact of a random case that has one left; it happens now."""
        while True:
            number = self._chance.randrange(self._cases)
            model = self._models[number % len(self._models)]
            turn = self._asked.get(number, 0)
            if turn < len(model.following):
                self._asked[number] = turn + 1
                return _copied(model, model.following[turn], _case_id(number), now_us)


def start_before(now_us: int) -> int:
    """Return when a hall's life begins whose cases are open, as models, shortly before an instant.

    How many days it takes follows from the calendar, so it is tried, and the nearest is taken.
    """
    start_us = start_instant()
    tried: dict[int, int] = {}
    while len(tried) < _TRIED_MAX and start_us not in tried.values():
        at_us = sent_facts(_TOLD, start_us=start_us)[-1].at_us
        days = (now_us - at_us) // DAY_US
        tried[days] = start_us
        start_us += days * DAY_US
    before = [days for days in tried if days >= 0]
    return tried[min(before)] if before else min(tried.values()) - 7 * DAY_US


def _models(start_us: int | None, now_us: int) -> tuple[int, list[Model]]:
    facts = sent_facts(2 * _TOLD, start_us=start_us)
    law = policy()
    states: dict[str, CaseState] = {}
    for order, sent in enumerate(facts[:_TOLD]):
        record = wire.decode(wire.stamp(sent.entry.raw, sent.at_us))
        states[record.subject] = step(states.get(record.subject), record, order, law).state
    at_us = facts[_TOLD - 1].at_us
    following: dict[str, list[Sent]] = {}
    for sent in facts[_TOLD:]:
        following.setdefault(sent.entry.subject, []).append(sent)
    found = [
        Model(state, encode_state(state), following[subject])
        for subject, state in states.items()
        if subject in following and (state.next_tick_us or 0) > max(at_us, now_us) + DAY_US
    ]
    return at_us, found


def _case_id(number: int) -> str:
    """Return the id of a copy, as long as those of the hall and of days before it."""
    return f"430121-{20200000 + number // 10_000}-{number % 10_000:04d}"


def _copied(model: Model, sent: Sent, subject: str, now_us: int) -> Entry:
    text = json.dumps({**sent.event, "time": instant_text(now_us)}, ensure_ascii=False)
    event: dict[str, Any] = json.loads(text.replace(model.state.subject, subject))
    record, raw = wire.accept(event)
    return Entry(record.subject, record.source, record.id, raw)
