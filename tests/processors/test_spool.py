"""What is laid aside by slices comes back whole, in order, each subject in one slice."""

import random
from pathlib import Path

import pytest

from ledger.errors import LogUnavailable
from processors.drivers import spool
from processors.drivers.spool import Spool, read_slice, slices_for

SEED = 4


def test_every_record_comes_back_once_and_in_order_whoever_laid_it_aside(tmp_path: Path) -> None:
    print("seed", SEED)
    dice = random.Random(SEED)
    put = [(offset, f"C-{dice.randrange(50)}".encode()) for offset in range(1_000)]
    for name, part in (("000", put[:400]), ("400", put[400:])):
        one = Spool(tmp_path, name, 7)
        for offset, subject in part:
            one.put(subject, offset, subject + b"\n" * dice.randrange(3))
        one.flush()
    slices = [list(read_slice(tmp_path, number)) for number in range(7)]
    assert all(each == sorted(each) for each in slices)
    found = [(offset, raw.strip()) for each in slices for offset, raw in each]
    assert sorted(found) == put
    subjects = [{raw.strip() for _, raw in each} for each in slices]
    assert sum(map(len, subjects)) == len({subject for _, subject in put})


def test_what_is_held_never_grows_beyond_its_bound(tmp_path: Path) -> None:
    one = Spool(tmp_path, "0", 2)
    half = bytes(spool.HELD_BYTES // 2 + 1)
    one.put(b"C-1", 0, half)
    assert list((tmp_path / "0").iterdir()) == []
    one.put(b"C-1", 1, half)
    found = [each for number in range(2) for each in read_slice(tmp_path, number)]
    assert found == [(0, half), (1, half)]


def test_what_cannot_be_written_says_where_and_what_to_do(tmp_path: Path) -> None:
    one = Spool(tmp_path, "0", 2)
    (tmp_path / "0").rmdir()
    one.put(b"C-1", 0, b"{}")
    with pytest.raises(LogUnavailable, match=r"aside in .*TMPDIR"):
        one.flush()


def test_a_slice_of_nothing_is_empty(tmp_path: Path) -> None:
    assert list(read_slice(tmp_path, 0)) == []


def test_slices_are_as_many_as_records_need_and_never_none() -> None:
    assert [slices_for(n, 10) for n in (0, 1, 10, 11, 100)] == [1, 1, 1, 2, 10]
    assert slices_for(1 << 40) == spool.SLICES_MAX
