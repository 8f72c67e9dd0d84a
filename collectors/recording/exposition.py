"""How a recording or a collector does, as Prometheus reads it: text with names, labels and numbers."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Literal, NamedTuple

from collectors.recording.metrics import METRICS, PREFIX, Values
from otel_tracking.extras import Extra

Health = Mapping[str, Any]


class Figures(NamedTuple):
    """One metric: its name with dots, its kind, what it is, and its values by labels."""

    name: str
    kind: Literal["counter", "gauge"]
    help: str
    values: Values


def is_well(health: Health) -> bool:
    """Whether all that was recorded is stored or on its way: no sink is behind and in trouble."""
    return not any(sink["pending"] and sink["last_error"] for sink in health["sinks"])


def of_recording(health: dict[str, Any]) -> list[Figures]:
    """The figures of `Recording.health()`, under the names that its OpenTelemetry metrics have."""
    return [Figures(PREFIX + name, kind, f"In {unit}.", read(health)) for name, kind, unit, read in METRICS]


def of_collector(health: Health) -> list[Figures]:
    """The figures of `Collector.health()`: every number, and those of its sinks."""
    gauges = {"open_runs", "waiting", "spool_bytes", "quarantined", "quarantine_bytes"}
    numbers = {name: value for name, value in health.items() if isinstance(value, int)}
    own = [
        Figures(f"otel_tracking.collect.{name}", "gauge" if name in gauges else "counter", "", [({}, value)])
        for name, value in numbers.items()
    ]
    troubles = [({"kind": kind}, float(count)) for kind, count in health["guarded_errors"].items()]
    sinks = [
        Figures(
            f"otel_tracking.collect.sink.{name}",
            "gauge" if name == "pending" else "counter",
            "",
            [({"sink": sink["sink"]}, sink[name]) for sink in health["sinks"]],
        )
        for name in ("delivered", "pending", "retries")
    ]
    return [*own, Figures("otel_tracking.collect.guarded_errors", "counter", "", troubles), *sinks]


def exposed(figures: Iterable[Figures], accept: str) -> tuple[str, bytes]:
    """Media type and text, in the format that the reader accepts: OpenMetrics, else the older one."""
    with Extra("server", "Figures for Prometheus need"):
        from prometheus_client import CollectorRegistry
        from prometheus_client.exposition import choose_encoder

    registry = CollectorRegistry(auto_describe=False)
    registry.register(_Families(list(figures)))
    encode, content_type = choose_encoder(accept)
    text: bytes = encode(registry)
    return content_type, text


class _Families:
    """What a registry asks for its metrics."""

    def __init__(self, figures: list[Figures]) -> None:
        self._figures = figures

    def collect(self) -> Iterator[Any]:
        from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily

        kinds: dict[str, Any] = {"counter": CounterMetricFamily, "gauge": GaugeMetricFamily}
        for figures in self._figures:
            labels = list(figures.values[0][0]) if figures.values else []
            family = kinds[figures.kind](figures.name.replace(".", "_"), figures.help, labels=labels)
            for by_label, value in figures.values:
                family.add_metric(list(map(str, by_label.values())), float(value))
            yield family
