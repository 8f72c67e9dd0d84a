"""An agent, a gateway and a broker that are real; requests to send through them, and what a topic has in the end."""

import os
import subprocess
import time
from contextlib import closing

from confluent_kafka import Consumer, KafkaError, TopicPartition
from confluent_kafka.admin import AdminClient, NewTopic
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from parts import Part
from real_servers import ROOT, free_port

MIB = 2**20
PARTITIONS = 6
LARGE = {"max.message.bytes": str(64 * MIB)}
PATIENCE = 120


def collector(binary, directory, config, **environment):
    """A Collector with one of the configurations that are handed out; it is validated first."""
    directory.mkdir()
    port = free_port()
    environment |= {
        "OTELCOL_HTTP": f"127.0.0.1:{port}",
        "OTELCOL_GRPC": f"127.0.0.1:{free_port()}",
        "OTELCOL_HEALTH": f"127.0.0.1:{free_port()}",
        "OTELCOL_QUEUE": str(directory / "queue"),
    }
    command = [binary, "--config", str(ROOT / config)]
    subprocess.run([binary, "validate", *command[1:]], check=True, env=os.environ | environment)
    part = Part(config, command, directory / "log", port, **environment)
    part.endpoint = f"http://127.0.0.1:{port}"
    return part


def make_topic(address, topic, config=LARGE):
    """A topic of several partitions, which the broker has when this returns."""
    admin = AdminClient({"bootstrap.servers": address})
    [made] = admin.create_topics([NewTopic(topic, PARTITIONS, 1, config=config)]).values()
    made.result(PATIENCE)


def a_request(trace_ids, spans=1, attributes=None, size=0, first=0):
    """The body of an OTLP request: for each trace some spans, whose ids count from `first`, of some size."""
    request = ExportTraceServiceRequest()
    to = request.resource_spans.add().scope_spans.add().spans
    for trace_id in trace_ids:
        for number in range(first, first + spans):
            span = to.add(trace_id=trace_id.to_bytes(16, "big"), span_id=(number + 1).to_bytes(8, "big"), name="item")
            for key, value in (attributes or {}).items():
                span.attributes.add(key=key).value.string_value = value
            if size:
                # No compression makes this smaller than a message may be.
                span.attributes.add(key="graph").value.bytes_value = os.urandom(size)
    return request.SerializeToString()


def spans_of(body):
    """The trace id and the span id of each span in a message."""
    found = ExportTraceServiceRequest.FromString(body)
    spans = (span for resource in found.resource_spans for scope in resource.scope_spans for span in scope.spans)
    return [(int.from_bytes(span.trace_id, "big"), int.from_bytes(span.span_id, "big") - 1) for span in spans]


def read_until(address, topic, is_enough):
    """The messages of a topic, oldest first, until they are enough for the caller; fails when time is up."""
    options = {"bootstrap.servers": address, "group.id": "reader", "enable.auto.commit": False}
    with closing(Consumer(options | {"auto.offset.reset": "earliest"})) as consumer:
        consumer.assign([TopicPartition(topic, number, 0) for number in range(PARTITIONS)])
        messages, ends = [], time.monotonic() + PATIENCE
        while not is_enough(messages):
            assert time.monotonic() < ends, f"only {len(messages)} messages came"
            message = consumer.poll(1)
            if message is None:
                continue
            if message.error() is None:
                messages.append(message)
            else:
                assert message.error().code() != KafkaError.UNKNOWN_TOPIC_OR_PART, message.error()
        return messages


def has_spans(wanted):
    """Whether these spans, pairs of trace id and number, are among messages."""
    return lambda messages: wanted <= {span for message in messages for span in spans_of(message.value())}
