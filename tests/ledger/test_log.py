"""What the port itself computes: where a subject belongs, digests, and what an append decides."""

import pytest

from ledger import wire
from ledger.admission import Admission, Stored, identity_key, wanted
from ledger.errors import LogMismatch
from ledger.log import Entry, Position, digest, murmur2, partitions_of


@pytest.mark.parametrize(
    ("text", "hashed"),
    [
        ("21", -973932308),
        ("foobar", -790332482),
        ("a-little-bit-long-string", -985981536),
        ("a-little-bit-longer-string", -1486304829),
        ("lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8", -58897971),
        ("abc", 479470107),
    ],
)
def test_murmur2_gives_the_constants_that_kafka_s_own_tests_publish(text: str, hashed: int) -> None:
    assert murmur2(text.encode()) == hashed % 2**32


def test_murmur2_reads_every_length_of_tail() -> None:
    assert len({murmur2(b"\xff" * length) for length in range(9)}) == 9


def test_a_case_belongs_to_one_partition_and_always_to_the_same() -> None:
    found = {partitions_of(f"办件-{number}", 6) for number in range(200)}
    assert found == {(number,) for number in range(6)}
    assert partitions_of("foobar", 6) == ((-790332482 % 2**31) % 6,)


def test_a_log_of_one_partition_takes_everything_there() -> None:
    for subject in ("case-1", "unit:zjj", "partition:0", "reference:hall:1"):
        assert list(partitions_of(subject, 1)) == [0]


def test_reference_subjects_belong_to_all_partitions_and_named_ones_to_theirs() -> None:
    assert list(partitions_of("reference:pack:hunan", 6)) == [0, 1, 2, 3, 4, 5]
    assert [partitions_of(f"partition:{number}", 6) for number in (0, 5)] == [(0,), (5,)]


@pytest.mark.parametrize("name", ["6", "-1", "", "x", "٣", "1.0"])
def test_a_partition_that_is_not_there_is_refused(name: str) -> None:
    with pytest.raises(LogMismatch, match="the log has 6"):
        partitions_of(f"partition:{name}", 6)


def test_a_digest_is_the_sha_256_of_the_bytes() -> None:
    empty = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
    assert digest(b"") == empty


def stage(subject: str, id_: str) -> Entry:
    event = {
        "specversion": "1.0",
        "type": "hall.case.stage-finished.v1",
        "source": "/halls/430100/approval",
        "id": id_,
        "subject": subject,
        "time": "2026-11-24T11:00:00+08:00",
        "data": {"stage": "review"},
    }
    return Entry(subject, "/halls/430100/approval", id_, wire.accept(event)[1])


def test_two_identities_of_one_index_key_are_both_kept_and_both_known() -> None:
    one, other = stage("case-1", "1"), stage("case-1", "2")
    key = identity_key(0, other.subject, other.source, other.id)
    index = {key: Stored(Position(0, 0), one.raw)}  # as if both had the same 16 bytes

    def admission() -> Admission:
        return Admission(ends={0: len(index)}, greatest_us=0, now_us=1, found=index.get)

    first = admission()
    answer = first.admit(wanted([other], 1)[0])
    assert (answer.outcome, answer.position) == ("appended", Position(0, 1))
    (row,) = first.rows
    assert row.key not in index
    index[row.key] = Stored(Position(0, 1), row.raw)
    again = admission()
    assert again.admit(wanted([other], 1)[0]) == (Position(0, 1), "repeated")
    assert again.rows == []


def test_the_index_key_tells_partition_and_texts_apart() -> None:
    keys = {
        identity_key(0, "a", "b", "c"),
        identity_key(1, "a", "b", "c"),
        identity_key(0, "ab", "", "c"),
        identity_key(0, "a", "bc", ""),
    }
    assert len(keys) == 4
    assert {len(key) for key in keys} == {16}
