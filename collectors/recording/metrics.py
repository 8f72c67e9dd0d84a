"""How a recording is doing, as OpenTelemetry metrics: what `Recording.health()` says, read when it is collected."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from opentelemetry.metrics import CallbackOptions, MeterProvider, Observation

Health = dict[str, Any]
Read = Callable[[Health], Iterable[Observation]]

PREFIX = "devserver.tracking."


def observe(meter_provider: MeterProvider, health: Callable[[], Health]) -> None:
    """Register the instruments of a recording with a meter provider. Names and units: `docs/reliability.md`."""
    meter = meter_provider.get_meter("otel_tracking")
    for name, unit, read in COUNTERS:
        meter.create_observable_counter(PREFIX + name, callbacks=[_callback(health, read)], unit=unit)
    for name, unit, read in GAUGES:
        meter.create_observable_gauge(PREFIX + name, callbacks=[_callback(health, read)], unit=unit)


def _callback(health: Callable[[], Health], read: Read) -> Callable[[CallbackOptions], Iterable[Observation]]:
    return lambda options: list(read(health()))


def _one(name: str) -> Read:
    return lambda health: [Observation(health[name])]


def _by(name: str, attribute: str) -> Read:
    return lambda health: [Observation(count, {attribute: kind}) for kind, count in health[name].items()]


def _of_sinks(name: str) -> Read:
    return lambda health: [Observation(sink[name], {"sink": sink["sink"]}) for sink in health["sinks"]]


def _item_time(health: Health) -> Iterable[Observation]:
    return [Observation(value, {"quantile": name}) for name, value in health["item_seconds"].items()]


def _journal(name: str) -> Read:
    return lambda health: [Observation(health["journal"][name])]


def _otlp(name: str) -> Read:
    return lambda health: [Observation(health["otlp"][name])]


COUNTERS: tuple[tuple[str, str, Read], ...] = (
    ("items", "{item}", _one("items")),
    ("records", "{record}", _one("records")),
    ("recovered", "{record}", _one("recovered")),
    ("redacted", "{value}", _one("redacted")),
    ("lossy_values", "{value}", _one("lossy_values")),
    ("late_spans", "{span}", _one("late_spans")),
    ("dropped", "{item}", _one("dropped")),
    ("guarded_errors", "{error}", _by("guarded_errors", "kind")),
    ("sink.delivered", "{record}", _of_sinks("delivered")),
    ("sink.retries", "{retry}", _of_sinks("retries")),
    ("otlp.sent", "{span}", _otlp("sent")),
    ("otlp.failed", "{span}", _otlp("failed")),
    ("otlp.dropped", "{span}", _otlp("dropped")),
)

GAUGES: tuple[tuple[str, str, Read], ...] = (
    ("open_runs", "{run}", _one("open_runs")),
    ("outstanding", "{record}", _one("outstanding")),
    ("sink.pending", "{record}", _of_sinks("pending")),
    ("item.duration", "s", _item_time),
    ("journal.size", "By", _journal("bytes")),
    ("journal.entries_waiting", "{entry}", _journal("entries_waiting")),
)
