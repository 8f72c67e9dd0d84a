"""A programme's plan and its simulated days: nothing is lost, more servers need no less, every backlog drains."""

import tomllib
from itertools import pairwise

import pytest
from test_architecture import ROOT

from benchmarks.programme import FIGURES as FIGURES_FILE
from benchmarks.programme import busiest_runs_per_second, plan_for, read_figures
from benchmarks.school_day import HOUR, PARTS, Away, simulate

FIGURES = read_figures()
SIZES = (1, 10, 100, 1_000, 3_000, 10_000)
PAGE = (ROOT / "docs" / "scaling.md").read_text("utf-8")


def test_more_servers_never_need_fewer_parts():
    plans = [plan_for(servers, FIGURES) for servers in range(1, 12_000, 97)]
    for fewer, more in pairwise(plans):
        assert all(before <= after for before, after in zip(fewer, more, strict=True))


@pytest.mark.parametrize("servers", SIZES)
def test_each_part_of_a_plan_is_enough_for_the_busiest_moment_and_one_may_die(servers):
    plan, runs = plan_for(servers, FIGURES), busiest_runs_per_second(servers, FIGURES)
    assert runs < plan.gateways * FIGURES.gateway_runs_per_second
    assert runs * FIGURES.items_per_run < plan.workers * FIGURES.worker_items_per_second
    assert min(plan.gateways, plan.workers) >= 2
    assert plan.partitions >= plan.workers


@pytest.mark.parametrize("servers", SIZES)
def test_a_lesson_of_any_programme_is_in_the_table_within_seconds(servers):
    day = simulate(plan_for(servers, FIGURES), FIGURES, lessons=1)
    assert day.durable == day.made == sum(day.delays.values())
    assert day.delay(0.5) <= day.delay(0.99) < 10


@pytest.mark.parametrize("part", PARTS)
def test_whatever_part_is_away_for_an_hour_nothing_is_lost_and_the_backlog_drains(part):
    away = Away(part, HOUR / 4, 5 * HOUR / 4)
    day = simulate(plan_for(1_000, FIGURES), FIGURES, lessons=2, away=away)
    assert day.made > 0
    assert day.durable == day.made
    assert day.backlogs[-1].runs == 0
    assert day.caught_up(away) < HOUR


def test_a_programme_with_less_than_it_needs_falls_behind_and_still_loses_nothing():
    plan = plan_for(1_000, FIGURES)
    slow = FIGURES._replace(worker_items_per_second=FIGURES.worker_items_per_second / 20)
    enough, late = (simulate(plan, figures, lessons=1) for figures in (FIGURES, slow))
    assert late.worst.runs > 10 * enough.worst.runs
    assert late.made == enough.made == late.durable


def test_the_same_seed_is_the_same_day():
    plan = plan_for(100, FIGURES)
    first, second, other = (simulate(plan, FIGURES, seed=seed, lessons=1) for seed in (7, 7, 8))
    assert first == second
    assert first != other


def test_each_figure_says_what_gave_it():
    for name, entry in tomllib.loads(FIGURES_FILE.read_text("utf-8")).items():
        assert set(entry) == {"value", "command"}, name
        assert entry["value"] > 0, name


@pytest.mark.parametrize("servers", [10, 100, 1_000, 10_000])
def test_the_page_has_the_plans_that_are_computed(servers):
    """`python -m benchmarks.simulate_programme` gives the tables of docs/scaling.md."""
    plan = plan_for(servers, FIGURES)
    assert f"| {servers:,} | {plan.gateways} | {plan.partitions} | {plan.workers} |" in PAGE
