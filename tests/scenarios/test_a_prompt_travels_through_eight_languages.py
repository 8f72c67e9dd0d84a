"""Scenario 1: Stille Post from German, at safety level kids, comes through."""

from itertools import pairwise

import pytest
from scenario_stage import GERMAN_JOURNEY, items_of, play, record_of, sequence, tree

from devserver.pipeline import Pipeline, Request
from devserver.testing import ScriptedTranslator, scripted_engines

PROMPT = "Eine Blume auf der Wiese"


def test_every_hop_is_an_item_between_the_check_and_the_final_text():
    """The whole sequence: start, input, check, change of stage, eight hops, final text and its check, end."""
    result, record = play(prompt=PROMPT, config_name="stillepost", session_id="s1", user_id="u1")

    assert sequence(record) == [
        ("pipeline_start", 0, None, None),
        ("user_input_text", 1, None, None),
        ("stage1_safety_check", 1, None, None),
        ("stage_transition", 2, None, None),
        *[("interception_iteration", 2, hop, None) for hop in range(1, 9)],
        ("interception_final", 2, None, None),
        ("stage_transition", 3, None, None),
        ("stage3_safety_check", 3, None, None),
        ("pipeline_complete", 5, None, None),
    ]
    assert [item.sequence_number for item in record.items] == list(range(1, 17))
    assert (record.execution_id, record.trace_id) == (result.execution_id, result.trace_id)
    assert (record.status, record.outputs_generated, record.stages_completed) == ("completed", 0, (1, 2, 3))
    assert (record.user_id, record.session_id, record.safety_level) == ("u1", "s1", "kids")


def test_every_hop_tells_what_it_was_given_what_it_made_and_who_made_it():
    """Languages, texts, engine, model and time are those of the hop itself; input(i) is output(i-1)."""
    result, record = play(prompt=PROMPT)
    hops = items_of(record, "interception_iteration")

    assert [(hop.metadata["from_lang"], hop.metadata["to_lang"]) for hop in hops] == list(pairwise(GERMAN_JOURNEY))
    assert [hop.input_text for hop in hops] == [PROMPT, *[hop.content for hop in hops[:-1]]]
    assert hops[-1].content == PROMPT + "".join(f" [{language}]" for language in GERMAN_JOURNEY[1:])
    assert {(hop.backend_used, hop.model_used) for hop in hops} == {("ollama", "mistral-nemo:latest")}
    assert hops[0].metadata == {
        "from_lang": "de",
        "to_lang": "en",
        "engine": "ollama",
        "engine_version": "0.5.1",
        "mode": "generate",
    }
    assert all(hop.execution_time > 0 for hop in hops)
    (final,) = items_of(record, "interception_final")
    assert final.content == result.final_text == hops[-1].content
    assert final.metadata["total_iterations"] == 8
    assert final.metadata["language_sequence"] == list(GERMAN_JOURNEY)


def test_the_trace_has_a_span_for_each_hop_and_each_call():
    """The span tree as the design draws it, with one client span per attempt."""
    _, record = play(prompt=PROMPT)

    assert tree(record) == [
        "execution",
        "  stage.translation_safety",
        "    safety_check",
        "  stage.interception",
        *[line for hop in range(1, 9) for line in (f"    iteration {hop}", "      translate mistral-nemo:latest")],
        "  stage.output_safety",
        "    safety_check",
    ]


def test_what_was_asked_for_and_what_was_handed_over_are_kept_apart():
    """The hop says where it was to go, its call, word for word, what the engine got."""
    _, record = play(prompt=PROMPT)
    hop, call = (span for span in record.spans if span.stage_iteration == 1)

    assert (hop.name, hop.configured) == ("iteration", {"from_lang": "de", "to_lang": "en"})
    assert (call.configured, call.not_passed) == ({}, ())
    assert call.passed == {
        "model": "mistral-nemo:latest",
        "prompt": f"Translate to en: {PROMPT}",
        "stream": False,
    }
    assert call.response["done_reason"] == "stop"


def test_each_item_points_at_the_call_that_made_it():
    """`attempt` is the span of the hop's own call."""
    _, record = play(prompt=PROMPT)
    hops = items_of(record, "interception_iteration")
    calls = [span.span_id for span in record.attempts if span.stage == 2]

    assert [hop.attempt for hop in hops] == calls


def test_a_journey_by_lot_is_the_same_again_with_its_seed():
    """A drawn journey has eight hops over known pairs, keeps its seed in the record, and can be repeated."""
    first_result, first = play(prompt=PROMPT, languages="random", seeds=[2115469444])
    again_result, again = play(prompt=PROMPT, languages="random", seed=2115469444)
    journeys = [items_of(record, "interception_final")[0].metadata["language_sequence"] for record in (first, again)]

    assert journeys[0] == journeys[1]
    assert len(journeys[0]) == 9
    assert (first.used_seed, again.used_seed) == (2115469444, 2115469444)
    assert first_result.final_text == again_result.final_text


def test_a_journey_that_is_named_is_travelled_as_named():
    """Explicit languages go before the configuration's, in number too; an immediate repeat is a hop of its own."""
    _, record = play(prompt=PROMPT, languages=["hi", "pl", "pl", "en"])
    hops = items_of(record, "interception_iteration")

    assert [(hop.stage_iteration, hop.metadata["from_lang"], hop.metadata["to_lang"]) for hop in hops] == [
        (1, "de", "hi"),
        (2, "hi", "pl"),
        (3, "pl", "pl"),
        (4, "pl", "en"),
    ]


def test_a_prompt_in_another_language_starts_from_that_language():
    """No hop pretends to come from English or German: the first language is that of the prompt."""
    _, record = play(prompt="Kırmızı bir kedi", engines=scripted_engines(language="tr"))
    first = items_of(record, "interception_iteration")[0]

    assert (first.metadata["from_lang"], first.input_text) == ("tr", "Kırmızı bir kedi")
    assert items_of(record, "user_input_text")[0].metadata["input_language"] == "tr"


def test_the_engines_of_this_machine_really_make_the_eight_hops():
    """With Apertium and FreeDict installed a German prompt comes home through eight real translations."""
    from devserver.embedded import embedded_engines

    engines = embedded_engines()
    missing = [pair for pair in pairwise(GERMAN_JOURNEY) if pair not in engines.translator.pairs()]
    if missing:
        pytest.skip(f"no engine here for {missing}; tools/install_engines.sh installs them")
    result, record = record_of(
        lambda recording: Pipeline(recording.tracker(), engines).run(Request(prompt=PROMPT)),
    )
    hops = items_of(record, "interception_iteration")

    assert (result.status, record.status, len(hops)) == ("completed", "completed", 8)
    assert (hops[0].content, hops[0].backend_used) == ("A flower on the meadow", "freedict")
    assert [hop.backend_used for hop in hops[1:7]] == ["apertium"] * 6
    assert [hop.input_text for hop in hops] == [PROMPT, *[hop.content for hop in hops[:-1]]]
    assert all(hop.metadata["engine_version"] for hop in hops)
    assert record.attempts[2].passed == {
        "argv": ("apertium", "-u", hops[1].metadata["mode"]),
        "text": "A flower on the meadow",
    }


def test_the_translator_in_the_tests_answers_by_script():
    """A scripted answer is what the next hop is given."""
    translator = ScriptedTranslator({(PROMPT, "en"): "A flower on the meadow"})
    _, record = play(prompt=PROMPT, engines=scripted_engines(translator=translator))

    assert items_of(record, "interception_iteration")[1].input_text == "A flower on the meadow"
