"""The two workloads of every comparison, written once for each way of tracing them.

A: 17 spans and 26 items with 5 to 14 parameters, one of them a 40 KB ComfyUI graph. B: the same with a CLIENT span and
its `configured`, `passed` and `response` for each hop, check and output (12 more).
"""

from __future__ import annotations

import itertools
import json
import random
from typing import Any

import orjson
from opentelemetry import trace
from opentelemetry.trace import SpanKind

from otel_tracking import ExecutionTracker, ItemType

LANGUAGES = ("en", "es", "fr", "ca", "pt", "gl", "es", "ca", "en")
TEXT = "Meadow of Forgotten Timepieces emerging from industrial decay, humming softly to the moon. " * 2
WORDS = ["".join(random.Random(number).choices("etaoinshrdlu", k=3 + number % 7)) for number in range(3_000)]
IMAGE_PARAMETERS = {
    "width": 1024,
    "height": 1024,
    "seed": 805046654403287,
    "cfg_scale": 5.5,
    "steps": 25,
    "sampler": "euler_ancestral",
    "scheduler": "normal",
    "denoise": 1.0,
    "negative_prompt": "blurry, bad quality",
    "model": "sd35_large",
    "lora": [{"name": "cooked_negatives", "strength": 0.9}],
    "options": {"keep_alive": "10m", "num_ctx": None},
}
CONFIGURED = {"model": "mistral-nemo", "temperature": 0.7, "top_p": 0.9, "max_tokens": 2048}
PASSED = {
    "method": "POST",
    "url": "http://localhost:11434/api/generate",
    "body": {"model": "mistral-nemo", "prompt": TEXT},
}
RESPONSE = {"status": 200, "model": "mistral-nemo", "seconds": 2.5, "bytes": 812}


def graph(kilobytes: int = 40) -> dict[str, Any]:
    """A ComfyUI graph of about that many KB of JSON, with mixed links, empty inputs and 64-bit seeds."""
    draw = random.Random(7)
    nodes: dict[str, Any] = {}
    while len(json.dumps(nodes)) < kilobytes * 1024:
        for _ in range(10):
            number = len(nodes) + 1
            inputs = {
                "seed": draw.getrandbits(63),
                "cfg": 5.5,
                "text": TEXT[: draw.randrange(20, 120)],
                "model": [str(number), 0],
            }
            nodes[str(number)] = {"class_type": "KSampler", "inputs": inputs, "_meta": {"title": f"node {number}"}}
    return nodes


GRAPH = graph()


def vary(draw: random.Random) -> None:
    """From now on other texts, and other seeds and texts in the graph: what runs repeat, nobody has to store twice."""
    global TEXT, GRAPH
    TEXT = " ".join(draw.choices(WORDS, k=25))
    number = draw.choice(list(GRAPH))
    inputs = {**GRAPH[number]["inputs"], "seed": draw.getrandbits(63), "text": TEXT}
    GRAPH = {**GRAPH, number: {**GRAPH[number], "inputs": inputs}}


def hop_parameters(number: int) -> dict[str, Any]:
    """What an interception hop is logged with."""
    return {
        "from_lang": LANGUAGES[number - 1],
        "to_lang": LANGUAGES[number],
        "engine": "apertium",
        "engine_version": "3.8.3",
        "temperature": 0.7,
    }


def output_parameters(number: int) -> dict[str, Any]:
    """What an output is logged with; the first carries the graph."""
    return {**IMAGE_PARAMETERS, "workflow": GRAPH} if number == 1 else IMAGE_PARAMETERS


def ours(tracker: ExecutionTracker, *, calls: bool) -> None:
    """The workload with our tracker; `calls` makes it workload B."""

    def call(scope: Any, backend: str) -> None:
        with scope.backend_call(backend, model="mistral-nemo", configured=CONFIGURED) as attempt:
            attempt.passed(PASSED)
            attempt.response(RESPONSE)

    with tracker.execution(
        "stillepost", execution_mode="eco", safety_level="kids", user_id="u1", session_id="s1"
    ) as run:
        with run.stage(1) as stage:
            stage.item(
                ItemType.USER_INPUT_TEXT, content=TEXT, metadata={"input_language": "de", "char_count": len(TEXT)}
            )
            stage.item(ItemType.TRANSLATION_RESULT, content=TEXT, metadata=hop_parameters(1))
            if calls:
                call(stage, "ollama")
            stage.item(ItemType.STAGE1_SAFETY_CHECK, metadata={"safe": True, "method": "list", "level": "kids"})
            stage.item(
                ItemType.RESEARCH_LOOKUP, content="meadow", metadata={"lang": "en", "title": "Meadow", "found": True}
            )
        with run.stage(2) as stage:
            for number in range(1, 9):
                with stage.iteration(number) as iteration:
                    if calls:
                        call(iteration, "ollama")
                    iteration.item(
                        ItemType.INTERCEPTION_ITERATION, content=TEXT, input_text=TEXT, metadata=hop_parameters(number)
                    )
            stage.item(ItemType.INTERCEPTION_FINAL, content=TEXT, metadata={"total_iterations": 8})
        for number in (1, 2):
            with run.output(number, config_used="sd35_large") as output:
                with output.stage(3) as stage:
                    if calls and number == 1:
                        call(stage, "ollama")
                    stage.item(ItemType.STAGE3_SAFETY_CHECK, metadata={"safe": True, "method": "list", "level": "kids"})
                with output.stage(4) as stage:
                    if calls:
                        call(stage, "comfyui")
                    stage.item(ItemType.OUTPUT_IMAGE, file_path="a.png", metadata=output_parameters(number))
                    stage.item(ItemType.OUTPUT_IMAGE, file_path="b.png", metadata=IMAGE_PARAMETERS)


def raw(tracer: trace.Tracer, *, calls: bool, one_attribute: bool = False) -> None:
    """The workload with the bare OpenTelemetry API, nested values as JSON text: its cheapest way that keeps them.

    With `one_attribute` all of an item is one text, by the fastest JSON there is. That loses tuples, NaN and large
    integers, finds no secret, and nobody can search for a field.
    """
    open_span, numbers = tracer.start_as_current_span, itertools.count(1)

    def add(span: trace.Span, name: str, parameters: dict[str, Any], media_type: str = "metadata", **more: Any) -> None:
        if one_attribute:
            told = {"sequence_number": next(numbers), "item_type": name, "media_type": media_type, **more}
            return span.add_event(name, {"devserver.payload": orjson.dumps({**told, "metadata": parameters}).decode()})
        flat = {
            "devserver.sequence_number": next(numbers),
            "devserver.item_type": name,
            "devserver.media_type": media_type,
        }
        for key, value in more.items():
            flat["devserver." + key] = value
        for key, value in parameters.items():
            flat["devserver.metadata." + key] = json.dumps(value) if isinstance(value, dict | list) else value
        span.add_event(name, {key: value for key, value in flat.items() if value is not None})

    def call(backend: str) -> None:
        attributes = {"gen_ai.request.model": "mistral-nemo", "gen_ai.provider.name": backend}
        with open_span("chat mistral-nemo", kind=SpanKind.CLIENT, attributes=attributes) as span:
            for name, value in (("configured", CONFIGURED), ("passed", PASSED), ("response", RESPONSE)):
                text = orjson.dumps(value).decode() if one_attribute else json.dumps(value)
                span.add_event(name, {"devserver.payload": text})

    head = {"config_name": "stillepost", "execution_mode": "eco", "safety_level": "kids", "user_id": "u1"}
    with open_span("execution", attributes=head) as root:
        add(root, "pipeline_start", head, stage=0)
        with open_span("stage.translation_safety", attributes={"devserver.stage": 1}) as span:
            add(span, "user_input_text", {"input_language": "de", "char_count": len(TEXT)}, stage=1, content=TEXT)
            add(span, "translation_result", hop_parameters(1), stage=1, content=TEXT)
            if calls:
                call("ollama")
            add(span, "stage1_safety_check", {"safe": True, "method": "list", "level": "kids"}, stage=1)
            add(span, "research_lookup", {"lang": "en", "title": "Meadow", "found": True}, stage=1, content="meadow")
        add(root, "stage_transition", {"from_stage": 1, "to_stage": 2})
        with open_span("stage.interception", attributes={"devserver.stage": 2}) as stage:
            for number in range(1, 9):
                with open_span("iteration", attributes={"devserver.stage_iteration": number}) as span:
                    if calls:
                        call("ollama")
                    place = {"stage": 2, "stage_iteration": number, "content": TEXT, "input_text": TEXT}
                    add(span, "interception_iteration", hop_parameters(number), **place)
            add(stage, "interception_final", {"total_iterations": 8}, stage=2, content=TEXT)
        for number in (1, 2):
            with open_span("output", attributes={"devserver.loop_iteration": number}):
                add(root, "stage_transition", {"from_stage": 2, "to_stage": 3})
                with open_span("stage.output_safety", attributes={"devserver.stage": 3}) as span:
                    if calls and number == 1:
                        call("ollama")
                    checked = {"safe": True, "method": "list", "level": "kids"}
                    add(span, "stage3_safety_check", checked, stage=3, loop_iteration=number)
                add(root, "stage_transition", {"from_stage": 3, "to_stage": 4})
                with open_span("stage.output", attributes={"devserver.stage": 4}) as span:
                    if calls:
                        call("comfyui")
                    place = {"stage": 4, "loop_iteration": number, "config_used": "sd35_large"}
                    add(span, "output_image", output_parameters(number), file_path="a.png", **place)
                    add(span, "output_image", IMAGE_PARAMETERS, file_path="b.png", **place)
        add(root, "pipeline_complete", {"outputs_generated": 2, "total_items_logged": 26}, stage=5)
