"""The stage set of the integration tests: the two servers, and the traces that Jaeger has as a tree."""

import contextlib
import json
import os
import subprocess
import time
from dataclasses import dataclass

import httpx

JAEGER = """
extensions:
  jaeger_storage: {{backends: {{main: {{memory: {{max_traces: 1000}}}}}}}}
  jaeger_query:
    storage: {{traces: main}}
    http: {{endpoint: "127.0.0.1:{http}"}}
    grpc: {{endpoint: "127.0.0.1:{query}"}}
receivers: {{otlp: {{protocols: {{grpc: {{endpoint: "127.0.0.1:{grpc}"}}}}}}}}
exporters: {{jaeger_storage_exporter: {{trace_storage: main}}}}
service:
  extensions: [jaeger_storage, jaeger_query]
  pipelines: {{traces: {{receivers: [otlp], exporters: [jaeger_storage_exporter]}}}}
  telemetry: {{metrics: {{level: none}}}}
"""


@contextlib.contextmanager
def process(command, log, **environment):
    """A server while the block lasts; ended by its own id."""
    with log.open("ab") as out:
        running = subprocess.Popen(command, stdout=out, stderr=out, env=os.environ | environment)
        try:
            yield running
        finally:
            running.terminate()
            running.wait(30)


class Jaeger:
    """All of Jaeger in one process, with traces in memory."""

    def __init__(self, binary, directory, http, query, grpc):
        self.binary, self.directory, self.grpc = binary, directory, grpc
        self.url = f"http://127.0.0.1:{http}"
        self.config = directory / "jaeger.yaml"
        self.config.write_text(JAEGER.format(http=http, query=query, grpc=grpc))

    def running(self):
        return process([self.binary, "--config", str(self.config)], self.directory / "log")

    def find(self, service, span, attributes=None):
        """The trace ids that a search by service, time (from, to) and attributes finds."""
        first, last = (moment.isoformat().replace("+00:00", "Z") for moment in span)
        asked = {"serviceName": service, "startTimeMin": first, "startTimeMax": last}
        if attributes:
            asked["attributes"] = json.dumps(attributes)
        answer = self._search(asked)
        if (
            answer.status_code == 400
        ):  # before v2.20 words were joined by underscores, and attributes were no part of it
            if attributes:
                return self._find_by_tags(service, span, attributes)
            answer = self._search(
                {"service_name": service, "start_time_min": first, "start_time_max": last, "num_traces": 100}
            )
        if answer.status_code == 404:
            return set()
        assert answer.status_code == 200, answer.text
        return {span["traceId"] for span in _spans(answer)}

    def _search(self, asked):
        return httpx.get(f"{self.url}/api/v3/traces", params={f"query.{name}": value for name, value in asked.items()})

    def _find_by_tags(self, service, span, attributes):
        first, last = (int(moment.timestamp() * 1e6) for moment in span)
        asked = {"service": service, "start": first, "end": last, "tags": json.dumps(attributes)}
        found = httpx.get(f"{self.url}/api/traces", params=asked).raise_for_status().json()["data"]
        return {trace["traceID"] for trace in found}

    def trace(self, trace_id, spans, seconds=60):
        """The spans of a trace by id, once there are so many."""
        ends = time.monotonic() + seconds
        while True:
            answer = httpx.get(f"{self.url}/api/v3/traces/{trace_id}")
            found = _spans(answer) if answer.status_code == 200 else []
            if len(found) >= spans:
                return {span["spanId"]: span for span in found}
            assert time.monotonic() < ends, f"Jaeger has {len(found)} of {spans} spans of {trace_id}"
            time.sleep(0.2)


class Collector:
    """The Collector as otel-collector.yaml has it; it may be killed and started again."""

    def __init__(self, binary, config, directory, jaeger, http, grpc, health):
        self.endpoint = f"http://127.0.0.1:{http}"
        self.health = f"http://127.0.0.1:{health}/"
        self.command, self.log = [binary, "--config", str(config)], directory / "log"
        self.environment = {
            "OTELCOL_HTTP": f"127.0.0.1:{http}",
            "OTELCOL_GRPC": f"127.0.0.1:{grpc}",
            "OTELCOL_HEALTH": f"127.0.0.1:{health}",
            "OTELCOL_QUEUE": str(directory / "queue"),
            "JAEGER_GRPC": f"127.0.0.1:{jaeger.grpc}",
        }
        self.running = None

    def start(self, **other):
        with self.log.open("ab") as out:
            environment = os.environ | self.environment | other
            self.running = subprocess.Popen(self.command, stdout=out, stderr=out, env=environment)

    def kill(self):
        self.running.kill()
        self.running.wait(30)

    def stop(self):
        self.running.terminate()
        self.running.wait(30)


def _spans(answer):
    """The spans in an answer: one or several JSON objects, each with OTLP in `result`."""
    decoder, text, found = json.JSONDecoder(), answer.text.strip(), []
    while text:
        chunk, end = decoder.raw_decode(text)
        text = text[end:].strip()
        for group in chunk["result"].get("resourceSpans", ()):
            found += [span for scope in group["scopeSpans"] for span in scope["spans"]]
    return found


@dataclass
class Node:
    """A span as the tree shows it: its name, its kind where it is a client, the names of its events, what is below."""

    name: str
    client: bool
    events: list
    below: list

    def lines(self, depth=0):
        """The tree as indented text, one span a line."""
        events = f"  [{', '.join(self.events)}]" if self.events else ""
        yield f"{'  ' * depth}{self.name}{'  CLIENT' if self.client else ''}{events}"
        for node in self.below:
            yield from node.lines(depth + 1)


def tree_of(spans):
    """The tree of a trace, in the order of time."""
    roots = [span for span in spans.values() if not span.get("parentSpanId")]
    assert len(roots) == 1
    return "\n".join(_node(roots[0], spans).lines())


def _node(span, spans):
    below = [other for other in spans.values() if other.get("parentSpanId") == span["spanId"]]
    below.sort(key=lambda other: int(other["startTimeUnixNano"]))
    events = [event["name"] for event in items_of(span)]
    return Node(span["name"], span["kind"] in (3, "SPAN_KIND_CLIENT"), events, [_node(other, spans) for other in below])


def items_of(span):
    """The events of a span that are items, in the order they were logged; what is true of the span is no item."""
    events = [event for event in span.get("events", ()) if "devserver.fact" not in attributes_of(event)]
    return sorted(events, key=lambda event: int(event["timeUnixNano"]))


def attributes_of(thing):
    """Attributes of a span or an event as plain values."""
    return {entry["key"]: next(iter(entry["value"].values())) for entry in thing.get("attributes", ())}
