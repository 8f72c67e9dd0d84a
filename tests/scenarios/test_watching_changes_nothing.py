"""A seeded pipeline makes the same bytes whether it is watched or not: tracking draws, keeps and changes nothing."""

import random

from hypothesis import given, settings
from hypothesis import strategies as st
from opentelemetry.trace import NoOpTracerProvider
from scenario_stage import image_config

from collectors import start_recording
from collectors.testing import RememberingSink
from devserver.pipeline import Pipeline, Request
from devserver.testing import ScriptedMaker, ScriptedTranslator, scripted_engines
from otel_tracking import ExecutionTracker


class MoodyTranslator(ScriptedTranslator):
    """Draws from Python's global random numbers, as a careless engine does."""

    def translate(self, text, *, from_lang, to_lang):
        return super().translate(f"{text} {random.random()}", from_lang=from_lang, to_lang=to_lang)


def paint(text, seed):
    """Bytes that depend on the text, the seed and the global random numbers."""
    return f"{text} {seed} {random.random()}".encode()


def outcome_with(tracker, request, config, *, random_seed):
    """What the pipeline makes after seeding the global random numbers, and the state it leaves them in."""
    engines = scripted_engines(translator=MoodyTranslator(), comfyui=ScriptedMaker(paint))
    random.seed(random_seed)
    pipeline = Pipeline(tracker, engines, find_config=lambda name: config, new_seed=lambda: random.getrandbits(31))
    result = pipeline.run(request)
    return result.status, result.final_text, result.outputs, random.getstate()


def outcomes(request, config, random_seed=7):
    """The outcome with a recording, with a tracker that does nothing, and with one nobody set up."""
    with start_recording(sinks=[RememberingSink()], raise_errors=True, journal=False) as recording:
        watched = outcome_with(recording.tracker(), request, config, random_seed=random_seed)
    no_op = outcome_with(ExecutionTracker(NoOpTracerProvider()), request, config, random_seed=random_seed)
    default = outcome_with(ExecutionTracker(), request, config, random_seed=random_seed)
    return watched, no_op, default


def test_a_watched_run_makes_the_same_bytes_as_one_that_is_not():
    """Texts, images, seeds and the state of Python's random numbers are equal with tracking on and off."""
    config = image_config("sd35_large", "gpt5_image", "sd35_large")
    watched, no_op, default = outcomes(Request(prompt="Eine Blume auf der Wiese"), config)

    assert watched == no_op == default
    assert len({output.media for output in watched[2]}) == 3


@settings(max_examples=10, deadline=None)
@given(prompt=st.text(min_size=1).filter(str.strip), seed=st.integers() | st.none(), random_seed=st.integers())
def test_this_holds_for_every_prompt_and_every_seed(prompt, seed, random_seed):
    """Hypothesis finds no prompt, no seed and no random state for which watching makes a difference."""
    watched, no_op, _ = outcomes(Request(prompt=prompt, seed=seed), image_config("sd35_large"), random_seed)

    assert watched == no_op


def test_two_runs_with_the_same_random_seed_have_different_ids():
    """Ids are not drawn from the global random numbers: a seeded pipeline does not repeat them."""
    ids = set()
    with start_recording(sinks=[RememberingSink()], journal=False) as recording:
        for _ in range(2):
            random.seed(7)
            with recording.tracker().execution("stillepost") as run, run.stage(1) as stage:
                ids |= {run.trace_id, run.span_id, stage.span_id}

    assert len(ids) == 6


def test_without_any_provider_a_run_still_has_an_id_of_its_own():
    """With a no-op tracker each result has a usable execution id, and no two share one."""
    pipeline = Pipeline(ExecutionTracker(NoOpTracerProvider()), scripted_engines())
    first, second = (pipeline.run(Request(prompt="Eine Blume")) for _ in range(2))

    assert first.execution_id.startswith("exec_")
    assert first.trace_id != second.trace_id
