"""Places in a run where a secret may end up, each as a function that puts a text there."""

from __future__ import annotations

import contextlib
import enum
from pathlib import PurePosixPath

from builders import Bang
from opentelemetry import baggage
from opentelemetry.trace import Link, SpanContext, TraceFlags

from otel_tracking import ItemType
from otel_tracking.migration.tracker import ExecutionTracker as EarlierTracker

CONTEXT = SpanContext(7 << 64, 7, is_remote=True, trace_flags=TraceFlags(1))


class Client:
    """An object as libraries have them, that shows what it was made with."""

    def __init__(self, text):
        self.text = text

    def __repr__(self):
        return f"<Client {self.text}>"


def configured(run, stage, text):
    with stage.backend_call("ollama", configured={"note": text, "deep": [{"more": (text, 7)}]}):
        pass


def passed_by_hand(run, stage, text):
    with stage.backend_call("ollama") as call:
        call.passed({"url": "http://localhost:11434/", "body": {"prompt": text}, "lines": [text]})


def response_by_hand(run, stage, text):
    with stage.backend_call("ollama") as call:
        call.response({"status": 401, "body": f"not allowed: {text}"})


def a_fact(run, stage, text):
    stage.fact("engine", {"said": text})
    run.amend(note=text)


def metadata_of_an_item(run, stage, text):
    stage.item(ItemType.RESEARCH_LOOKUP, metadata={"a": [{"b": {"c": text}}], "t": (text,), "s": frozenset({text})})


def content_of_an_item(run, stage, text):
    stage.item(ItemType.USER_INPUT_TEXT, content=f"Please use {text} for it, thank you.")


def input_text(run, stage, text):
    stage.item(ItemType.INTERCEPTION_FINAL, content="a", input_text=f"with {text}")


def bytes_and_objects(run, stage, text):
    kind = enum.Enum("kind", {"one": text})
    odd = {"bytes": text.encode(), "object": Client(text), "path": PurePosixPath("a") / text, "enum": kind.one}
    stage.item(ItemType.RESEARCH_LOOKUP, metadata=odd)


def a_file_path(run, stage, text):
    stage.item(ItemType.OUTPUT_IMAGE, file_path=f"/media/{text}")


def a_model(run, stage, text):
    stage.item(ItemType.INTERCEPTION_FINAL, model_used=text, backend_used=text)
    with stage.backend_call(text, model=text, operation=text):
        stage.item(ItemType.INTERCEPTION_FINAL)


def a_configuration(run, stage, text):
    stage.item(ItemType.OUTPUT_IMAGE, config_used=text)
    with run.output(1, config_used=text) as output, output.stage(4):
        pass


def an_exception(run, stage, text):
    with contextlib.suppress(Bang), stage.iteration(1):
        try:
            raise ValueError(f"the first: {text}")
        except ValueError as error:
            raise Bang(f"no connection with {text}, sorry") from error


def an_exception_event(run, stage, text):
    try:
        raise Bang(f"no connection with {text}")
    except Bang as error:
        stage.span.record_exception(error, {"note": text})


def attributes_of_a_span(run, stage, text):
    stage.span.set_attribute("note", text)
    stage.span.set_attributes({"more": f"with {text}"})
    stage.span.add_event("happened", {"note": text})
    stage.span.add_link(CONTEXT, {"note": text})
    with stage.iteration(1) as iteration:
        iteration.span.update_name(f"about {text}")


def an_unknown_item_type(run, stage, text):
    stage.item(f"item {text}", media_type=text)


def the_baggage(run, stage, text):
    stage._context = baggage.set_baggage("note", text, context=stage.parent_context())
    with stage.iteration(1):
        pass


PLACES = {
    "configured": configured,
    "passed by hand": passed_by_hand,
    "response by hand": response_by_hand,
    "a fact": a_fact,
    "an item's metadata": metadata_of_an_item,
    "an item's content": content_of_an_item,
    "an item's input text": input_text,
    "bytes, objects, paths and enumerations": bytes_and_objects,
    "a file's path": a_file_path,
    "a model's name": a_model,
    "a configuration's name": a_configuration,
    "an exception and its cause": an_exception,
    "an exception's event, with its stack": an_exception_event,
    "attributes, events, links and name of a span": attributes_of_a_span,
    "an item's type": an_unknown_item_type,
    "baggage": the_baggage,
}
"""Where a text can be put while a run goes on."""


def start_with(tracker, text):
    """A run into whose own fields, metadata and links a text was put, and which is cancelled because of it."""
    fields = {"user_id": text, "session_id": text, "device_id": f"d {text}", "study_id": text, "execution_mode": text}
    more = {"metadata": {"note": text}, "links": [Link(CONTEXT, {"note": text})]}
    with tracker.execution(f"config {text}", **fields, **more) as run:
        run.cancel(f"because of {text}")
    return run


def log_as_earlier(text):
    """A run of the migration tracker; the store that it goes to is set before."""
    tracker = EarlierTracker(config_name="dada", execution_mode="eco", safety_level="kids")
    tracker.log_user_input_text(f"with {text}")
    tracker.log_output_image(1, "one", f"/a/{text}.png", backend_used="x", metadata={"note": text})
    tracker.finalize()
