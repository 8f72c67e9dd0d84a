"""What an attempt is called: a model chats and generates content, a pair of scissors transforms a text."""

from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from devserver.configs import InterceptionConfig, OutputConfig, PipelineConfig
from devserver.embedded import embedded_engines
from devserver.engines import Backend
from devserver.pipeline import Pipeline, Request
from devserver.testing import ScriptedMaker, ScriptedTranslator, scripted_engines
from otel_tracking import ExecutionTracker

CHECKED = ("safety_check", "safety_check", "GUARDRAIL")


def a_config(text_engine, output_engine, **fields):
    return PipelineConfig(
        name="one",
        interception=InterceptionConfig(kind="engine", engine=text_engine),
        outputs=(OutputConfig(name="picture", engine=output_engine, **fields),),
    )


def attempts_of(config, engines, prompt="A flower"):
    """Span name, operation and kind for viewers of each attempt of a run, in the order they ended."""
    exporter, provider = InMemorySpanExporter(), TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    Pipeline(ExecutionTracker(provider), engines, find_config=lambda name: config).run(Request(prompt=prompt))
    told = [(span.name, span.attributes) for span in exporter.get_finished_spans()]
    return [
        (name, attributes["gen_ai.operation.name"], attributes["openinference.span.kind"])
        for name, attributes in told
        if "gen_ai.operation.name" in attributes
    ]


def test_engines_that_are_no_models_are_not_said_to_chat():
    """The poem is transformed, the picture rendered; the style stands where a model would."""
    small = {"palette": "dessau", "width": 64, "height": 64, "steps": 3}
    config = a_config("dada", "procedural_image", parameters=small)

    assert attempts_of(config, embedded_engines()) == [
        CHECKED,
        ("transform_text", "transform_text", "TOOL"),
        CHECKED,
        ("render dessau", "render", "TOOL"),
    ]


def test_models_keep_the_names_that_genai_viewers_group_by():
    """`chat` for a text, `generate_content` for an output, and the model behind it."""
    text = ScriptedMaker("A poem", media_format="text/plain", backend=Backend("ollama", "mistral-nemo"))
    engines = scripted_engines(language="en", ollama=text, comfyui=ScriptedMaker())

    assert attempts_of(a_config("ollama", "comfyui"), engines) == [
        CHECKED,
        ("chat mistral-nemo", "chat", "LLM"),
        CHECKED,
        ("generate_content sd3.5_large.safetensors", "generate_content", "LLM"),
    ]


def test_a_translator_translates_unless_it_says_that_it_is_a_model():
    """An engine says its operation in its `Backend`."""
    config = PipelineConfig(name="one")
    modes = [Backend("apertium", "deu-eng"), Backend("ollama", "mistral-nemo", operation="chat")]
    said = [
        attempts_of(config, scripted_engines(translator=ScriptedTranslator(backend=mode)), "Eine Blume")[1]
        for mode in modes
    ]

    assert said == [("translate deu-eng", "translate", "TOOL"), ("chat mistral-nemo", "chat", "LLM")]


def test_every_embedded_engine_says_what_it_does():
    """One of the few words that docs/semantic-conventions.md explains."""
    makers = embedded_engines().makers

    assert {name: maker.backend_for({}).operation for name, maker in makers.items()} == {
        **dict.fromkeys(("dada", "theopposite"), "transform_text"),
        **dict.fromkeys(("procedural_image", "procedural_music", "image_variation"), "render"),
    }
