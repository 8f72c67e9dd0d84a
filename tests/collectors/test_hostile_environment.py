"""Nothing in the environment switches a recording off, thins it out or cuts it."""

import pytest
from children import run_python

HOSTILE = {
    "disabled": {"OTEL_SDK_DISABLED": "true"},
    "never sampled": {"OTEL_TRACES_SAMPLER": "always_off"},
    "one event": {"OTEL_SPAN_EVENT_COUNT_LIMIT": "1", "OTEL_EVENT_ATTRIBUTE_COUNT_LIMIT": "1"},
    "one attribute": {"OTEL_ATTRIBUTE_COUNT_LIMIT": "1", "OTEL_SPAN_ATTRIBUTE_COUNT_LIMIT": "1"},
    "one character": {"OTEL_ATTRIBUTE_VALUE_LENGTH_LIMIT": "1", "OTEL_SPAN_ATTRIBUTE_VALUE_LENGTH_LIMIT": "1"},
    "one link": {"OTEL_SPAN_LINK_COUNT_LIMIT": "1", "OTEL_LINK_ATTRIBUTE_COUNT_LIMIT": "1"},
    "nonsense": {"OTEL_TRACES_SAMPLER": "nonsense", "OTEL_RESOURCE_ATTRIBUTES": "=,=", "OTEL_ID_GENERATOR": "x"},
    "a dead collector": {"OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:9", "OTEL_EXPORTER_OTLP_TIMEOUT": "nonsense"},
    "a collector that is none": {"OTEL_EXPORTER_OTLP_ENDPOINT": "://", "OTEL_EXPORTER_OTLP_COMPRESSION": "nonsense"},
    "nonsense in numbers": {"OTEL_BSP_MAX_QUEUE_SIZE": "-1", "OTEL_TRACES_SAMPLER_ARG": "x"},
}

PROGRAM = """
from collectors import start_recording
from collectors.testing import RememberingSink
from opentelemetry.trace import SpanContext
from otel_tracking import canonical

sink = RememberingSink()
recording = start_recording([sink], journal=False)
links = [SpanContext(trace_id=number, span_id=1, is_remote=True) for number in (1, 2, 3)]
with recording.tracker().execution("stillepost", safety_level="kids", user_id="u1", links=links) as run:
    with run.stage(2) as stage:
        for number in range(2000):
            stage.item("interception_iteration", content=f"text {number}", metadata={f"key {k}": k for k in range(3)})
        for number in range(2000):
            stage.span.set_attribute(f"attribute {number}", "value")
        with stage.backend_call("ollama", model="mistral-nemo", configured={"temperature": 0.7}) as call:
            call.passed({"temperature": 0.7})
recording.flush(timeout=30)
[record] = sink.records
print(len(record.items), record.dropped, record.status, len(record.spans), len(record.links), record.user_id)
print(record.items[1].content, record.items[2000].content, record.items[2000].metadata)
print(record.attempts[0].configured, record.attempts[0].model_used, record.spans[1].name)
print(len(stage.span.data.attributes))
"""


@pytest.mark.parametrize("name", HOSTILE)
def test_the_environment_has_no_effect_on_records(name):
    told = run_python(PROGRAM, **HOSTILE[name]).splitlines()
    assert told == [
        "2002 0 completed 3 3 u1",
        "text 0 text 1999 {'key 0': 0, 'key 1': 1, 'key 2': 2}",
        "{'temperature': 0.7} mistral-nemo stage.interception",
        "2001",
    ]
