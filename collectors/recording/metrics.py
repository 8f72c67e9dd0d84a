"""How a recording is doing, as OpenTelemetry metrics: what `Recording.health()` says, read when it is collected."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, Literal, NamedTuple

from opentelemetry.metrics import CallbackOptions, MeterProvider, Observation

Health = dict[str, Any]
Values = list[tuple[dict[str, str], float]]
"""Numbers by their labels."""

PREFIX = "devserver.tracking."


class Metric(NamedTuple):
    """One metric: its name after the prefix, its kind and unit, and how it is read from what `health()` says."""

    name: str
    kind: Literal["counter", "gauge"]
    unit: str
    read: Callable[[Health], Values]


def observe(meter_provider: MeterProvider, health: Callable[[], Health]) -> None:
    """Register the instruments of a recording with a meter provider. Names and units: `docs/reliability.md`."""
    meter = meter_provider.get_meter("otel_tracking")
    makers = {"counter": meter.create_observable_counter, "gauge": meter.create_observable_gauge}
    for metric in METRICS:
        makers[metric.kind](PREFIX + metric.name, callbacks=[_callback(health, metric)], unit=metric.unit)


def _callback(health: Callable[[], Health], metric: Metric) -> Callable[[CallbackOptions], Iterable[Observation]]:
    return lambda options: [Observation(value, labels) for labels, value in metric.read(health())]


def _one(*path: str) -> Callable[[Health], Values]:
    def read(health: Any) -> Values:
        for name in path:
            health = health[name]
        return [({}, health)]

    return read


def _by(name: str, label: str) -> Callable[[Health], Values]:
    return lambda health: [({label: kind}, value) for kind, value in health[name].items()]


def _of_sinks(name: str) -> Callable[[Health], Values]:
    return lambda health: [({"sink": sink["sink"]}, sink[name]) for sink in health["sinks"]]


METRICS = (
    Metric("items", "counter", "{item}", _one("items")),
    Metric("records", "counter", "{record}", _one("records")),
    Metric("recovered", "counter", "{record}", _one("recovered")),
    Metric("redacted", "counter", "{value}", _one("redacted")),
    Metric("lossy_values", "counter", "{value}", _one("lossy_values")),
    Metric("late_spans", "counter", "{span}", _one("late_spans")),
    Metric("dropped", "counter", "{item}", _one("dropped")),
    Metric("guarded_errors", "counter", "{error}", _by("guarded_errors", "kind")),
    Metric("sink.delivered", "counter", "{record}", _of_sinks("delivered")),
    Metric("sink.retries", "counter", "{retry}", _of_sinks("retries")),
    Metric("otlp.sent", "counter", "{span}", _one("otlp", "sent")),
    Metric("otlp.failed", "counter", "{span}", _one("otlp", "failed")),
    Metric("otlp.dropped", "counter", "{span}", _one("otlp", "dropped")),
    Metric("open_runs", "gauge", "{run}", _one("open_runs")),
    Metric("outstanding", "gauge", "{record}", _one("outstanding")),
    Metric("sink.pending", "gauge", "{record}", _of_sinks("pending")),
    Metric("item.duration", "gauge", "s", _by("item_seconds", "quantile")),
    Metric("journal.size", "gauge", "By", _one("journal", "bytes")),
    Metric("journal.entries_waiting", "gauge", "{entry}", _one("journal", "entries_waiting")),
)
