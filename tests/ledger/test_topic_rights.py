"""What the access list promises, read from the table alone."""

from ledger.topic_rights import (
    ACCOUNTS,
    EVERYBODY,
    TopicNames,
    declared_rights,
    rights_table,
)

NAMES = TopicNames()
RIGHTS = declared_rights(NAMES)
CHANGING = {"delete", "alter", "alter_configs", "all"}


def those_who_may(operation: str, topic: str) -> set[str]:
    return {
        right.principal
        for right in RIGHTS
        if right.allowed and right.operation == operation and right.name == topic
    }


def test_only_intake_and_supervision_may_write_to_the_ledger() -> None:
    assert those_who_may("write", NAMES.ledger) == {"intake", "supervise"}


def test_nobody_may_delete_or_change_any_topic_and_for_the_ledger_it_is_forbidden_besides() -> None:
    assert not [right for right in RIGHTS if right.allowed and right.operation in CHANGING]
    forbidden = {right.operation for right in RIGHTS if not right.allowed}
    assert forbidden == {"delete", "alter", "alter_configs"}
    assert {(right.principal, right.name) for right in RIGHTS if not right.allowed} == {
        (EVERYBODY, NAMES.ledger)
    }


def test_a_source_writes_to_the_intake_topic_and_does_nothing_else() -> None:
    about_sources = [right for right in RIGHTS if right.principal == "source"]
    assert [(right.name, right.operation) for right in about_sources] == [(NAMES.intake, "write")]


def test_each_reader_and_source_has_its_own_rights() -> None:
    rights = declared_rights(NAMES, readers=("audit", "mirror"), sources=("tax", "land"))
    groups = {right.name for right in rights if right.kind == "group"}
    assert groups >= {"hall.ledger.audit", "hall.ledger.mirror"}
    writers = {right.principal for right in rights if right.name == NAMES.intake}
    assert writers >= {"tax", "land"}


def test_another_hall_has_other_topics_and_groups() -> None:
    names = TopicNames("county.ledger", "county.intake", "county.dead-letters")
    found = {right.name for right in declared_rights(names) if right.kind != "cluster"}
    assert all(name.startswith("county.") for name in found)


def test_a_right_reads_as_a_sentence() -> None:
    sentences = [str(right) for right in RIGHTS]
    assert "supervise may write topic hall.ledger" in sentences
    assert "project may read group hall.ledger.project…" in sentences
    assert "* may NOT delete topic hall.ledger" in sentences


def test_the_table_names_every_account_and_what_it_is_for() -> None:
    table = rights_table()
    for account, use in ACCOUNTS:
        assert f"| `{account}` | {use} |" in table
    assert (
        "| `*` | whoever it is | topic `hall.ledger` | – | delete, alter, alter_configs |" in table
    )
