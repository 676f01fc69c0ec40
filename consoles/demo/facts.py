"""What the demo sends: events in the public wire form, each with the instant at which it leaves.

It stands apart so that stories say what happened and when it is reported, and one place spells ids,
times and sources. Like a real source system it knows the public form and none of the ledger's code.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TypeAlias

from consoles.demo.town import HALL
from consoles.demo.workday import SECOND_US, local

Json: TypeAlias = str | int | bool | list["Json"] | dict[str, "Json"]
Event: TypeAlias = dict[str, Json]

DELIVERY_US = SECOND_US
"""Ordinary delay between a fact and its report."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sending:
    """One event and when it is sent.

    Attributes:
        at_us: when the source sends it; never before it happened.
        time_us: when it happened, as `event["time"]` says.
        event: the CloudEvent.
    """

    at_us: int
    time_us: int
    event: Event

    @property
    def type(self) -> str:
        """Wire type of the event."""
        return str(self.event["type"])

    def sent_at(self, at_us: int) -> "Sending":
        """Return the same event sent at another moment."""
        return Sending(at_us=max(at_us, self.time_us), time_us=self.time_us, event=self.event)


@dataclass(slots=True, kw_only=True)
class Pen:
    """Writes the events of one subject, numbering them.

    Attributes:
        subject: case, ticket or unit that the events are about.
        stem: begins every id; holds the seed, so that two halls never mix.
        sent: what was written so far, in order of writing.
    """

    subject: str
    stem: str
    sent: list[Sending] = field(default_factory=list)

    def write(
        self, what: str, time_us: int, data: Mapping[str, Json | None], *, system: str = "approval"
    ) -> Sending:
        """Write down `what` happened at `time_us`; absent values are left out.

        Args:
            what: the type without `hall.` and `.v1`, e.g. `case.accepted`.
            time_us: when it happened, in µs; reported a moment later.
            data: fields of the type.
            system: the system of the hall that reports it.
        """
        sending = Sending(
            at_us=time_us + DELIVERY_US,
            time_us=time_us,
            event={
                "specversion": "1.0",
                "id": f"{self.stem}-{len(self.sent) + 1:02d}",
                "source": source(system),
                "type": f"hall.{what}.v1",
                "subject": self.subject,
                "time": instant_text(time_us),
                "data": {name: value for name, value in data.items() if value is not None},
            },
        )
        self.sent.append(sending)
        return sending


def source(system: str) -> str:
    """Return the `source` under which a system of the hall reports."""
    return f"/halls/{HALL}/{system}"


def instant_text(us: int) -> str:
    """Return an instant as RFC 3339 text with the county's offset, to the second."""
    return local(us).isoformat(timespec="seconds")
