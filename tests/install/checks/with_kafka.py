"""A topic of Kafka; here there is no broker, and that is said in a sentence."""

from collectors.streaming.kafka import KafkaSource
from otel_tracking.errors import RecordingError

try:
    KafkaSource("127.0.0.1:1", "otlp_spans", "otel-tracking", {"log_level": "0"})
except RecordingError as trouble:
    assert "no broker answers at 127.0.0.1:1" in str(trouble), trouble
else:
    raise AssertionError("nobody listens there")
