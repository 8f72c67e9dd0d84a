"""A recording says how it is doing: in `health()` and as OpenTelemetry metrics."""

from pathlib import Path

from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader

from collectors import start_recording
from collectors.recording import metrics
from collectors.testing import FailingSink, RememberingSink
from otel_tracking import ItemType
from otel_tracking.timings import Timings


def test_metrics_say_what_health_says():
    """Every number of health that is a metric is there under its name, with its unit."""
    reader = InMemoryMetricReader()
    with start_recording(
        [RememberingSink()], journal=False, meter_provider=MeterProvider(metric_readers=[reader])
    ) as recording:
        with recording.tracker().execution("dada") as run, run.stage(1) as stage:
            stage.item(ItemType.USER_INPUT_TEXT, content="Eine Blume", metadata={"opaque": object()})
        assert recording.flush(timeout=30)
        health, points = recording.health(), _points(reader)

    assert points["devserver.tracking.items"] == health["items"] == 3
    assert points["devserver.tracking.records"] == 1
    assert points["devserver.tracking.lossy_values"] == 1
    assert points["devserver.tracking.sink.delivered sink=RememberingSink"] == 1
    assert points["devserver.tracking.item.duration quantile=p99"] > 0


def test_health_knows_how_long_items_took_on_the_pipelines_thread():
    """Median, 99th percentile and the longest of all, in seconds."""
    with start_recording([RememberingSink()], journal=False) as recording:
        assert recording.health()["item_seconds"] == {}
        with recording.tracker().execution("dada"):
            pass
        seconds = recording.health()["item_seconds"]

    assert 0 < seconds["p50"] <= seconds["p99"] <= seconds["max"]


def test_the_longest_duration_is_remembered_when_many_came_after_it():
    """`max` is of all durations, the percentiles are of the last few thousand."""
    timings = Timings()
    timings.take(10**9)
    for _ in range(10_000):
        timings.take(1_000)

    assert timings.seconds() == {"p50": 1e-6, "p99": 1e-6, "max": 1.0}


def test_guarded_errors_and_retries_are_counted_by_kind():
    """A sink that fails at first is retried, and health says how often and what it last said."""
    sink = FailingSink([OSError("no space left on device")])
    with start_recording([sink], journal=False, retry_seconds=0.001) as recording:
        with recording.tracker().execution("dada"):
            pass
        assert recording.flush(timeout=30)
        health = recording.health()

    assert health["sinks"][0]["retries"] >= 1
    assert health["guarded_errors"]["sink FailingSink"] == 1


def test_a_recording_that_was_asked_for_no_journal_does_not_complain_of_having_none(caplog):
    """`journal=False` is a wish, not a fault."""
    with start_recording([RememberingSink()], journal=False) as recording:
        journal = recording.health()["journal"]

    assert (journal["mode"], journal["reason"]) == ("memory only", "switched off")
    assert not caplog.records


def _points(reader):
    found = {}
    for resource in reader.get_metrics_data().resource_metrics:
        for metric in (metric for scope in resource.scope_metrics for metric in scope.metrics):
            for point in metric.data.data_points:
                labels = "".join(f" {name}={value}" for name, value in point.attributes.items())
                found[metric.name + labels] = point.value
    return found


def test_every_metric_is_documented():
    """The reliability page names each instrument with its unit."""
    page = (Path(__file__).parents[2] / "docs" / "reliability.md").read_text()
    for name, _, unit, _ in metrics.METRICS:
        assert f"`{metrics.PREFIX}{name}`" in page
        assert f"`{unit}`" in page
