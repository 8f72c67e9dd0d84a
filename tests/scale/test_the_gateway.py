"""Agent, gateway and broker, each of them real: what is answered with 200 is in Kafka in the end, whole and clean."""

import os
import random
import time
from concurrent.futures import ThreadPoolExecutor

import gateway_stage as stage
import httpx
import kafka_stage
import producer
import pytest
from gateway_stage import MIB, a_request, has_spans, read_until, spans_of
from opentelemetry.exporter.otlp.proto.common.trace_encoder import encode_spans
from real_servers import built

from collectors import start_recording
from collectors.building.record import build_record
from collectors.receiving.sorting import sort
from collectors.spans.of_otlp import batches_of_protobuf
from otel_tracking import ItemType

TOPIC = "otlp_spans"


@pytest.fixture
def broker(tmp_path):
    (tmp_path / "kafka").mkdir()
    broker = kafka_stage.Broker(built("get_kafka.sh"), tmp_path / "kafka")
    broker.start()
    yield broker
    broker.stop()


@pytest.fixture
def gateway(broker, tmp_path):
    yield from started(a_gateway(broker, tmp_path))


@pytest.fixture
def gateway_without_a_queue(broker, tmp_path):
    yield from started(a_gateway(broker, tmp_path, OTELCOL_QUEUED="false"))


@pytest.fixture
def agent(gateway, tmp_path):
    yield from started(an_agent(gateway, tmp_path))


def an_agent(gateway, tmp_path):
    binary, where = built("build_collector.sh"), {"GATEWAY_ENDPOINT": gateway.endpoint}
    return stage.collector(binary, tmp_path / "agent", "otel-collector-agent.yaml", **where)


def a_gateway(broker, tmp_path, **settings):
    settings["KAFKA_BROKERS"] = broker.address
    binary = built("build_collector.sh")
    return stage.collector(binary, tmp_path / "gateway", "otel-collector-gateway.yaml", **settings)


def started(part):
    part.start()
    part.wait()
    yield part
    part.process.kill()
    part.process.wait()


def post(part, body):
    headers = {"content-type": "application/x-protobuf"}
    return httpx.post(f"{part.endpoint}/v1/traces", content=body, headers=headers, timeout=60)


def test_all_messages_of_a_trace_are_in_one_partition_under_its_id(broker, agent):
    stage.make_topic(broker.address, TOPIC)
    traces = range(1, 41)

    for first in range(3):
        assert post(agent, a_request(traces, spans=1, first=first)).status_code == 200

    messages = read_until(broker.address, TOPIC, has_spans({(trace, span) for trace in traces for span in range(3)}))
    partitions = {}
    for message in messages:
        [trace] = {trace for trace, _ in spans_of(message.value())}
        assert message.key() == f"{trace:032x}".encode()
        partitions.setdefault(trace, set()).add(message.partition())
    assert all(len(found) == 1 for found in partitions.values())
    assert len(set.union(*partitions.values())) == stage.PARTITIONS


def test_a_trace_of_20_mb_arrives_in_one_message(broker, agent):
    stage.make_topic(broker.address, TOPIC)

    assert post(agent, a_request([1], spans=20, size=MIB)).status_code == 200

    [message] = read_until(broker.address, TOPIC, has_spans({(1, span) for span in range(20)}))
    assert len(message.value()) > 20 * MIB


@pytest.mark.parametrize("part", ["agent", "gateway"])
def test_what_is_taken_at_all_is_not_too_large_for_the_broker(broker, agent, gateway, part):
    """The largest that a receiver takes passes, and one byte more is refused to the sender, in words."""
    stage.make_topic(broker.address, TOPIC)
    part, limit = {"agent": (agent, 48 * MIB), "gateway": (gateway, 56 * MIB)}[part]
    overhead = len(a_request([1], size=limit)) - limit

    assert post(part, a_request([1], size=limit - overhead)).status_code == 200
    refused = post(part, a_request([2], size=limit - overhead + 1))

    assert refused.status_code == 400
    assert b"request body too large" in refused.content
    [message] = read_until(broker.address, TOPIC, has_spans({(1, 0)}))
    assert len(message.value()) >= limit


def test_many_large_traces_at_once_all_arrive(broker, agent):
    """Where memory is short the sender is told to come again; nothing that was taken is dropped."""
    stage.make_topic(broker.address, TOPIC)

    with ThreadPoolExecutor(4) as senders:
        answers = list(senders.map(lambda trace: post_until_taken(agent, trace), range(1, 13)))

    assert set(answers) <= {200, 503}
    read_until(broker.address, TOPIC, has_spans({(trace, span) for trace in range(1, 13) for span in range(20)}))


def post_until_taken(part, trace):
    """Send 20 MB until they are taken; the worst answer."""
    body, worst = a_request([trace], spans=20, size=MIB), 200
    while (status := post(part, body).status_code) != 200:
        worst = max(worst, status)
    return worst


def test_what_a_killed_gateway_had_taken_is_in_kafka_later(broker, gateway):
    stage.make_topic(broker.address, TOPIC)
    broker.stop()
    for trace in range(1, 101):
        assert post(gateway, a_request([trace], spans=5, size=10_000)).status_code == 200

    gateway.kill()
    broker.start()
    gateway.start()

    read_until(broker.address, TOPIC, has_spans({(trace, span) for trace in range(1, 101) for span in range(5)}))


def test_what_a_killed_agent_had_taken_is_in_kafka_later(broker, gateway, agent):
    stage.make_topic(broker.address, TOPIC)
    gateway.kill()
    for trace in range(1, 101):
        assert post(agent, a_request([trace], spans=5, size=10_000)).status_code == 200

    agent.kill()
    gateway.start()
    agent.start()

    read_until(broker.address, TOPIC, has_spans({(trace, span) for trace in range(1, 101) for span in range(5)}))


def test_what_came_while_the_broker_was_away_is_sent_when_it_is_back(broker, gateway):
    stage.make_topic(broker.address, TOPIC)
    assert post(gateway, a_request([1])).status_code == 200
    read_until(broker.address, TOPIC, has_spans({(1, 0)}))

    broker.stop()
    assert post(gateway, a_request([2])).status_code == 200
    broker.start()

    assert post(gateway, a_request([3])).status_code == 200
    read_until(broker.address, TOPIC, has_spans({(1, 0), (2, 0), (3, 0)}))


def test_what_came_before_there_was_a_topic_is_sent_when_there_is_one(broker, gateway):
    assert post(gateway, a_request([1])).status_code == 200

    stage.make_topic(broker.address, TOPIC)

    read_until(broker.address, TOPIC, has_spans({(1, 0)}))


def test_what_a_topic_refuses_stands_in_the_log_of_a_gateway_with_a_queue(broker, gateway):
    stage.make_topic(broker.address, TOPIC, config={})

    assert post(gateway, a_request([1], size=2 * MIB)).status_code == 200
    assert post(gateway, a_request([2])).status_code == 200

    read_until(broker.address, TOPIC, has_spans({(2, 0)}))
    said = said_until(gateway, "Dropping data")
    assert "MESSAGE_TOO_LARGE" in said


def test_what_a_topic_refuses_is_refused_to_the_sender_by_a_gateway_without_a_queue(broker, gateway_without_a_queue):
    stage.make_topic(broker.address, TOPIC, config={})

    refused = post(gateway_without_a_queue, a_request([1], size=2 * MIB))
    taken = post(gateway_without_a_queue, a_request([2]))

    assert not refused.is_success
    assert b"MESSAGE_TOO_LARGE" in refused.content
    assert taken.status_code == 200
    read_until(broker.address, TOPIC, has_spans({(2, 0)}))


def test_an_outbox_keeps_what_a_topic_refuses_until_the_topic_is_mended(broker, gateway_without_a_queue, tmp_path):
    stage.make_topic(broker.address, TOPIC, config={})
    where = {"research_endpoint": gateway_without_a_queue.endpoint, "outbox": tmp_path / "outbox"}
    with start_recording(journal=False, **where) as recording:
        with recording.tracker().execution("stillepost") as run:
            run.item(ItemType.USER_INPUT_TEXT, content=os.urandom(2 * MIB).hex())
        said_until(gateway_without_a_queue, "MESSAGE_TOO_LARGE")

        broker.configure(
            f"kafka-configs.sh --bootstrap-server {broker.address} --alter --entity-type topics --entity-name {TOPIC} "
            f"--add-config max.message.bytes={64 * MIB}"
        )

        read_until(broker.address, TOPIC, lambda messages: len(messages) == 1)
        assert recording.health()["outbox"]["refused"] == 0


def test_an_agent_drops_what_a_gateway_without_a_queue_refuses_and_says_so(broker, gateway_without_a_queue, tmp_path):
    """Why such a gateway is for senders with an outbox."""
    stage.make_topic(broker.address, TOPIC, config={})
    for agent in started(an_agent(gateway_without_a_queue, tmp_path)):
        assert post(agent, a_request([1], size=2 * MIB)).status_code == 200
        assert "MESSAGE_TOO_LARGE" in said_until(agent, "Dropping data")


def said_until(part, word):
    """The log of a part, once a word is in it."""
    ends = time.monotonic() + stage.PATIENCE
    while word not in (said := part.log.read_text()):
        assert time.monotonic() < ends, said[-2000:]
    return said


SECRETS = {
    "authorization": "Bearer marker-1",
    "http.request.header.authorization": "Bearer marker-2",
    "http.request.header.cookie": "marker-3\nmarker-4",
    "X-API-Key": "marker-5",
    "api_key": "marker-6",
    "enduser.email": "marker-7@example.org",
    "user.full_name": "marker-8",
    "client.address": "marker-9",
}


def test_keys_that_nobody_may_send_on_never_reach_kafka(broker, agent):
    stage.make_topic(broker.address, TOPIC)

    assert post(agent, a_request([1], attributes=SECRETS | {"gen_ai.request.model": "needed-1"})).status_code == 200

    [message] = read_until(broker.address, TOPIC, has_spans({(1, 0)}))
    assert b"marker" not in message.value()
    assert b"needed-1" in message.value()


def test_records_of_ours_pass_the_policy_unchanged(broker, agent):
    stage.make_topic(broker.address, TOPIC)
    kept, rng = producer.Keeping(), random.Random(1)
    with start_recording(journal=False) as recording:
        recording.provider.add_span_processor(kept)
        for _ in range(20):
            producer.one_run(recording.tracker(), rng)
        recording.provider.force_flush(30_000)
    body = encode_spans(kept.spans).SerializeToString()

    assert post(agent, body).status_code == 200

    messages = read_until(broker.address, TOPIC, lambda messages: len(messages) == 20)
    assert digests(*(message.value() for message in messages)) == digests(body)


def digests(*bodies):
    """The sha256 of each record that is in these requests."""
    batches = [batch for body in bodies for batch in batches_of_protobuf(body)]
    return {producer.digest(build_record(found)) for found in sort(batches, lambda _: False).ours.values()}
