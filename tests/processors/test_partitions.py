"""Six partitions give what one gives: the same ticks and findings under the same ids."""

from pathlib import Path

import pytest

from tests.processors.supervised import DAY_US, START_US, Owned, drawn


def lived(folder: Path, seed: int, partitions: int) -> Owned:
    """A generated history, taken in as time passes."""
    folder.mkdir()
    owned = Owned(folder, partitions=partitions)
    for learned_us, made in drawn(seed):
        owned.until(max(owned.now_us, learned_us))
        owned.put(made)
        owned.settle()
    owned.until(START_US + 60 * DAY_US)
    return owned


@pytest.mark.parametrize("seed", [41, 42, 43, 44])
def test_six_partitions_give_the_findings_of_one(tmp_path: Path, seed: int) -> None:
    one, six = (lived(tmp_path / str(count), seed, count) for count in (1, 6))
    assert one.findings()
    assert six.findings() == one.findings()
    assert sum(end > 0 for end in six.log.ends().values()) > 1
