"""HTTP clients that are recorded: httpx and requests."""

import httpx
import requests
from one_run import one_run

from collectors import start_recording
from collectors.testing import RememberingSink
from otel_tracking.capture import CapturingAdapter, CapturingTransport

one_run()
assert CapturingTransport
assert isinstance(CapturingAdapter(), requests.adapters.BaseAdapter)
sink = RememberingSink()
server = httpx.MockTransport(lambda request: httpx.Response(200, json={"response": "A flower"}))
with (
    start_recording(sinks=[sink]) as recording,
    recording.tracker().execution("asks") as run,
    run.backend_call("ollama", model="mistral-nemo") as call,
    httpx.Client(transport=call.transport(server)) as client,
):
    assert client.post("http://model.example/api/generate", json={"prompt": "Eine Blume"}).status_code == 200
(record,) = sink.records
assert "Eine Blume" in repr(record)
