"""The stage set of the scenarios: a pipeline with scripted engines, and ways to look at a record as a whole."""

from itertools import permutations

from collectors import start_recording
from collectors.testing import RememberingSink
from devserver.configs import InterceptionConfig, OutputConfig, PipelineConfig, load_config
from devserver.pipeline import Pipeline, Request
from devserver.testing import ScriptedMaker, ScriptedSafety, ScriptedTranslator, scripted_engines
from otel_tracking import ItemType

GERMAN_JOURNEY = ("de", "en", "es", "fr", "ca", "pt", "es", "en", "de")


def record_of(use, *, sinks=()):
    """What `use(recording)` returned, and the one record that came of it."""
    sink = RememberingSink()
    with start_recording(sinks=[sink, *sinks], raise_errors=True, journal=False) as recording:
        result = use(recording)
        assert recording.flush(timeout=30)
        health = recording.health()
    assert (health["guarded_errors"], health["unusual_items"], health["dropped"]) == ({}, {}, 0)
    (record,) = sink.records
    return result, record


def play(request=None, *, engines=None, config=None, seeds=(), **fields):
    """The result and the record of one run; `config` instead of a known one, `seeds` instead of drawn ones."""
    request = request or Request(**fields)
    drawn = iter(seeds)

    def use(recording):
        pipeline = Pipeline(
            recording.tracker(),
            engines or usual_engines(request),
            find_config=lambda name: config or load_config(name),
            new_seed=lambda: next(drawn),
            longest_prompt=200_000,  # as an operator may set it
        )
        return pipeline.run(request)

    return record_of(use)


def usual_engines(request):
    """Scripted engines; of a journey that is named, the translator knows every hop."""
    languages = request.languages if isinstance(request.languages, list | tuple) else ()
    translator = ScriptedTranslator(pairs=every_pair(*languages)) if languages else ScriptedTranslator()
    return scripted_engines(translator=translator, comfyui=ScriptedMaker())


def every_pair(*languages):
    """All pairs of these languages and German, which prompts are taken to be in."""
    return permutations({"de", *languages}, 2)


def image_config(*names, name="image_comparison", translate_first=True, seeds=None):
    """A configuration that makes one image for each name, in order, with the scripted engine `comfyui`."""
    outputs = [
        OutputConfig(name=output, engine="comfyui", seed=seed, parameters={"steps": 25, "cfg": 5.5})
        for output, seed in zip(names, seeds or ["random"] * len(names), strict=True)
    ]
    return PipelineConfig(
        name=name,
        translate_first=translate_first,
        interception=InterceptionConfig(kind="pass_on"),
        outputs=tuple(outputs),
    )


def images(*, fails_at=(), answers=(), seeds=(1, 2)):
    """Result and record of a run that wants two images."""
    maker = ScriptedMaker(fails_at=fails_at)
    engines = scripted_engines(check_safety=ScriptedSafety(outputs=answers), comfyui=maker)
    return play(
        prompt="Eine Blume auf der Wiese", config=image_config("sd35_large", "gpt5_image"), engines=engines, seeds=seeds
    )


def failing_at(hop):
    """Engines whose translator fails at that hop."""
    return scripted_engines(translator=ScriptedTranslator(fails_at=hop))


def by_hand(use):
    """The record of a run that `use(run)` makes with the tracker alone."""

    def whole(recording):
        with recording.tracker().execution("by hand") as run:
            use(run)

    return record_of(whole)[1]


def log_in_stage_one(run, metadata):
    """Log one item in stage 1."""
    with run.stage(1) as stage:
        stage.item(ItemType.RESEARCH_LOOKUP, metadata=metadata)


def sequence(record):
    """Type, stage, stage_iteration and loop_iteration of every item, in order."""
    return [(str(item.item_type), item.stage, item.stage_iteration, item.loop_iteration) for item in record.items]


def items_of(record, item_type):
    """The items of one type, in order."""
    return [item for item in record.items if item.item_type == item_type]


def tree(record):
    """The span tree as indented lines: name, counters, status where it is an error."""
    children = {}
    for span in record.spans:
        children.setdefault(span.parent_span_id, []).append(span)
    return list(_lines(children, None, ""))


def _lines(children, parent, indent):
    for span in children.get(parent, []):
        yield indent + _line(span)
        yield from _lines(children, span.span_id, indent + "  ")


def _line(span):
    number = {"iteration": span.stage_iteration, "output": span.loop_iteration}.get(span.name)
    return " ".join([span.name, *([str(number)] if number else []), *(["ERROR"] if span.status == "error" else [])])
