"""What a rule about procedure or truthfulness is: a name, its meaning, and a pure function.

A rule looks at one case as it is known and yields breaches. It gives a finding for a person to look
at, unless a pack makes it a card.
"""

from collections.abc import Callable, Iterable
from typing import Any, NamedTuple

from ledger.fact import Fact
from processors.supervision.case_file import Breach, CaseFile
from processors.supervision.pack_reader import PackReader
from processors.supervision.time_rules import Heeds


class Rule(NamedTuple):
    """A rule by name.

    Attributes:
        meaning, meaning_en: one sentence each.
        triggers: fact types of which at least one must be known for the rule to be broken.
        find: yields the breaches of a case; its second argument is what `read` returned.
        read: takes the rule's parameters out of its table in a pack; None for a rule without any.
        parameters: what they mean, by key; for the rule reference.
        heeds: whether a fact of a quiet type (`quiet.py`) that comes in order may break it; None
            for always. It spares judging, and a test compares.
    """

    name: str
    meaning: str
    meaning_en: str
    triggers: frozenset[type[Fact]]
    find: Callable[[CaseFile, Any], Iterable[Breach]]
    read: Callable[[PackReader], Any] | None = None
    parameters: tuple[tuple[str, str], ...] = ()
    heeds: Heeds | None = None
