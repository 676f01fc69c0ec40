"""The capacity plan: its page says what the figures give, and a plan grows with the hall."""

import subprocess
import sys

import pytest

from bench.capacity import FIGURES, PAGE, SCALES, Scale, plan, rendered
from tests.deploy.compose_file import ROOT

COUNTY, CITY, PROVINCE, NATION = (plan(scale) for scale in SCALES)


def test_the_page_says_what_the_figures_give() -> None:
    page = PAGE.read_text("utf-8")
    assert page == rendered(page), "python -m bench.capacity --write"


def test_the_page_explains_every_letter_that_its_formulae_use() -> None:
    method = PAGE.read_text("utf-8").partition("## Method")[2]
    formulae, _, table = method.partition("<!-- generated: figures -->")
    letters = {letter for word in formulae.split("*")[1::2] for letter in word.split()}
    assert letters == {"C", *FIGURES}
    assert all(f"| *{letter}* |" in table for letter in FIGURES)


def test_a_province_meets_the_volumes_of_the_study() -> None:
    assert 170 <= PROVINCE.busiest_facts_s <= 230
    assert 1_000 <= PROVINCE.burst_facts_s <= 1_150
    assert PROVINCE.partitions == 12


def test_a_hall_has_two_workers_of_each_role_though_one_would_do() -> None:
    assert (COUNTY.supervise_workers, COUNTY.project_workers) == (2, 2)


def test_more_cases_never_need_less() -> None:
    smaller, larger = plan(Scale("small", 1_000_000)), plan(Scale("large", 5_000_000))
    assert larger.burst_facts_s == pytest.approx(5 * smaller.burst_facts_s)
    assert larger.broker_gib_a_year == pytest.approx(5 * smaller.broker_gib_a_year)
    assert larger.supervise_workers > smaller.supervise_workers
    assert larger.partitions > smaller.partitions
    assert NATION.rebuild_hours_a_year > PROVINCE.rebuild_hours_a_year > CITY.rebuild_hours_a_year


def test_a_hall_of_one_s_own_is_planned_for_by_a_command() -> None:
    command = [sys.executable, "-m", "bench.capacity", "--cases-a-day", "5000"]
    run = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    assert "| cases a working day | 5,000 |" in run.stdout
