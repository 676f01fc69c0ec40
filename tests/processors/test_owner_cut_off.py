"""An owner whose database answers no more in mid-commit: it looks where it is, and goes on."""

import random
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from ledger.errors import DatabaseUnavailable
from processors.drivers.sql_state import SqlState
from processors.drivers.state_commit import Commit
from tests.processors.supervised import Owned, RepeatingLog, drawn, live


class CutState(SqlState):
    """States whose commits are cut off at random, before they take effect or after."""

    dice = random.Random(0)
    cuts = 0

    def commit_together(self, commits: Sequence[Commit]) -> dict[int, int | None]:
        if self.dice.random() < 0.15:
            self._cut()
        wakes = super().commit_together(commits)
        if self.dice.random() < 0.15:
            self._cut()
        return wakes

    def _cut(self) -> None:
        type(self).cuts += 1
        raise DatabaseUnavailable("Commit: the connection was cut.")


class Patient(Owned):
    """An owner that is asked again after each cut, as the engine does."""

    def settle(self) -> int:
        while True:
            try:
                return super().settle()
            except DatabaseUnavailable:
                continue


@pytest.mark.parametrize("repeating", [False, True])
@pytest.mark.parametrize("seed", range(4))
def test_whether_a_commit_took_effect_or_not_the_findings_are_the_same(
    tmp_path: Path, seed: int, repeating: bool
) -> None:
    told = drawn(seed)
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    plain = Owned(tmp_path / "a")
    live(plain, told)
    kind: dict[str, Any] = {"kind": RepeatingLog} if repeating else {}
    cut = Patient(tmp_path / "b", batch_max=5, **kind)
    CutState.dice, CutState.cuts = random.Random(seed), 0
    cut.states = CutState(cut._engine)
    cut.owner = cut.another(cut.states)
    live(cut, told)
    assert CutState.cuts > 5
    assert cut.findings() == plain.findings()
