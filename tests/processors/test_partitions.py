"""Six partitions give what one gives: the same ticks and findings under the same ids."""

from pathlib import Path

import pytest

from tests.processors.supervised import DAY_US, START_US, Owned, accepted, drawn


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


def test_a_turn_takes_no_longer_however_many_partitions_are_behind(tmp_path: Path) -> None:
    owned = Owned(tmp_path, partitions=6, batch_max=600)
    owned.put(*(accepted(subject=f"C-{number}") for number in range(1_500)))
    assert owned.owner.turn()
    assert sum(owned.states.positions().values()) == 600
    while owned.owner.turn():
        pass
    assert owned.states.positions() == owned.log.ends()
