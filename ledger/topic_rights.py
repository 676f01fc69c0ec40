"""Who may do what with the topics of a hall, as data: the access list of the Kafka edition.

It stands apart from the driver that applies it because it is a promise to people, not a call to a
broker: only intake and supervision write to the ledger, and nobody deletes from it or changes how
it is kept. Whoever administers the brokers can still remove their files: hence proofs.
"""

from collections.abc import Sequence
from typing import Literal, NamedTuple

EVERYBODY = "*"

Operation = Literal[
    "read", "write", "create", "delete", "alter", "describe", "describe_configs", "alter_configs"
]


class Right(NamedTuple):
    """One thing that one account may do, or may not.

    Attributes:
        principal: the account's name as it logs in; `EVERYBODY` for all.
        kind: what it is about.
        name: of the topic or group; where `prefixed`, the beginning of its name.
        allowed: False for what is forbidden even to those whom another right allows it.
    """

    principal: str
    kind: Literal["topic", "group", "cluster"]
    name: str
    operation: str
    prefixed: bool = False
    allowed: bool = True

    def __str__(self) -> str:
        """Return it as a sentence without its full stop."""
        may = "may" if self.allowed else "may NOT"
        called = f"{self.name}…" if self.prefixed else self.name
        return f"{self.principal} {may} {self.operation} {self.kind} {called}"


class TopicNames(NamedTuple):
    """What the topics of a hall are called."""

    ledger: str = "hall.ledger"
    intake: str = "hall.intake"
    dead_letters: str = "hall.dead-letters"


ACCOUNTS: tuple[tuple[str, str], ...] = (
    ("intake", "API nodes and the intake gateway"),
    ("supervise", "workers that judge"),
    ("project", "workers that make the read models"),
    ("notify", "workers that send notices"),
    ("reader", "whoever reads the ledger besides: analysts, an auditor, a mirror"),
    ("source", "a source system that writes to the intake topic itself"),
    ("admin", "`hall topics apply` and `check`"),
)
"""The accounts of a hall and who uses them."""


def declared_rights(
    names: TopicNames, *, readers: Sequence[str] = ("reader",), sources: Sequence[str] = ("source",)
) -> tuple[Right, ...]:
    """Return the whole access list of the hall whose topics have these names.

    Args:
        names: of the topics.
        readers: accounts that read the ledger, each in consumer groups `<ledger>.<account>…`.
        sources: accounts that write to the intake topic.
    """
    rights = [
        *_may("intake", "topic", names.ledger, "write", "read"),
        *_may("intake", "topic", names.intake, "read"),
        *_may("intake", "topic", names.dead_letters, "write", "read"),
        *_may("supervise", "topic", names.ledger, "write", "read"),
        *_may("supervise", "topic", names.dead_letters, "write"),
    ]
    for role in ("project", "notify", *readers):
        rights += _may(role, "topic", names.ledger, "read")
    for role in ("intake", "supervise", "project", "notify", "admin"):
        for topic in names:  # they start only where the topics are kept as declared
            rights += _may(role, "topic", topic, "describe", "describe_configs")
    for role in ("intake", "supervise", "project", "notify", *readers):
        rights.append(Right(role, "group", f"{names.ledger}.{role}", "read", prefixed=True))
    for source in sources:
        rights += _may(source, "topic", names.intake, "write")
    for topic in names:
        rights += _may("admin", "topic", topic, "create")
    rights += _may("admin", "cluster", "kafka-cluster", "describe")
    rights += [
        Right(EVERYBODY, "topic", names.ledger, operation, allowed=False)
        for operation in ("delete", "alter", "alter_configs")
    ]
    return tuple(rights)


def _may(
    principal: str, kind: Literal["topic", "group", "cluster"], name: str, *operations: Operation
) -> list[Right]:
    return [Right(principal, kind, name, operation) for operation in operations]


def rights_table(names: TopicNames | None = None) -> str:
    """Return the access list as a table in Markdown: a row an account and a thing."""
    cells: dict[tuple[str, str], dict[bool, list[str]]] = {}
    for right in declared_rights(names or TopicNames()):
        about = f"{right.kind} `{right.name}{'…' if right.prefixed else ''}`"
        if right.kind == "cluster":
            about = "the cluster"
        may = cells.setdefault((right.principal, about), {})
        may.setdefault(right.allowed, []).append(right.operation)
    lines = ["| account | used by | about | may | may not |", "| --- | --- | --- | --- | --- |"]
    for account, use in (*ACCOUNTS, (EVERYBODY, "whoever it is")):
        for (principal, about), may in cells.items():
            if principal == account:
                listed = (", ".join(may.get(allowed, ["–"])) for allowed in (True, False))
                lines.append(f"| `{account}` | {use} | {about} | {' | '.join(listed)} |")
    return "\n".join(lines)
