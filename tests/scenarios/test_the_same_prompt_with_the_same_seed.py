"""Scenario 9: a run is repeated with its seed; the two can be compared."""

from scenario_stage import image_config, items_of, play

from devserver.testing import ScriptedMaker, scripted_engines


def run_once(*, seeds=(), **fields):
    engines = scripted_engines(comfyui=ScriptedMaker(lambda text, seed: f"{text} {seed}".encode()))
    return play(
        prompt="Eine Blume auf der Wiese", config=image_config("sd35_large"), engines=engines, seeds=seeds, **fields
    )


def test_two_runs_with_one_seed_differ_only_in_ids_and_times():
    """What was passed is equal call by call, the files are the same bytes; ids are not."""
    (first_result, first), (second_result, second) = (run_once(seed=123456789) for _ in range(2))

    assert [call.passed for call in first.attempts] == [call.passed for call in second.attempts]
    assert [item.media.sha256 for item in items_of(first, "output_image")] == [
        item.media.sha256 for item in items_of(second, "output_image")
    ]
    assert first_result.outputs == second_result.outputs
    assert {first.trace_id, first.execution_id}.isdisjoint({second.trace_id, second.execution_id})


def test_without_a_seed_the_next_run_draws_a_new_one():
    """No state is left from the run before, by whomever it was."""
    (_, first), (_, second) = run_once(seeds=[5]), run_once(seeds=[6])

    assert (first.used_seed, second.used_seed) == (5, 6)
    assert [record.attempts[-1].configured["seed"] for record in (first, second)] == ["random", "random"]
