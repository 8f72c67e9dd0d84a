"""Scenario 9 with real pictures: the configuration's own seed makes the same again, another one something else."""

from dataclasses import replace

from scenario_stage import items_of, play

from devserver.configs import load_config
from devserver.embedded import embedded_engines
from otel_tracking import canonical

BAUHAUS = load_config("bauhaus")
SMALL = {**BAUHAUS.outputs[0].parameters, "width": 96, "height": 96}


def paint(*, config_seed=123456789, seeds=(), **fields):
    output = replace(BAUHAUS.outputs[0], parameters=SMALL, seed=config_seed)
    config = replace(BAUHAUS, outputs=(output,))
    return play(prompt="A red house", config=config, engines=embedded_engines(), seeds=seeds, **fields)[1]


def passed(record):
    """What left at every call, as one text."""
    return canonical.dumps([call.passed for call in record.attempts])


def test_two_runs_pass_the_same_and_paint_the_same_under_distinct_ids():
    """Equal canonical text of everything that was passed, equal bytes; no id is shared."""
    first, second = paint(), paint()

    assert passed(first) == passed(second)
    assert first.used_seed == second.used_seed == 123456789
    assert [item.media.sha256 for item in items_of(first, "output_image")] == [
        item.media.sha256 for item in items_of(second, "output_image")
    ]
    assert {first.trace_id, first.execution_id, *(span.span_id for span in first.spans)}.isdisjoint(
        {second.trace_id, second.execution_id, *(span.span_id for span in second.spans)}
    )


def test_a_seed_that_is_asked_for_goes_before_that_of_the_configuration():
    """And makes another picture."""
    usual, other = paint(), paint(seed=-5)

    assert (usual.attempts[-1].passed["seed"], other.attempts[-1].passed["seed"]) == (123456789, -5)
    assert items_of(usual, "output_image")[0].media.sha256 != items_of(other, "output_image")[0].media.sha256


def test_without_a_seed_each_run_draws_its_own():
    """Configured is "random", passed is the number that was drawn."""
    first, second = (paint(config_seed="random", seeds=[seed]) for seed in (11, 12))

    assert [record.attempts[-1].configured["seed"] for record in (first, second)] == ["random", "random"]
    assert [record.attempts[-1].passed["seed"] for record in (first, second)] == [11, 12]
    assert (first.used_seed, second.used_seed) == (11, 12)
