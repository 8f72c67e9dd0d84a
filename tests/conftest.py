"""What every test may ask for: a recording whose sink remembers, and a private RAM directory for journals."""

from __future__ import annotations

import gc
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from alone import one_at_a_time, turn
from hypothesis import HealthCheck, settings
from longest_first import place_of

from collectors import Recording, start_recording
from collectors.testing import RememberingSink

# Two shared cores: an example may take long without anything being wrong.
settings.register_profile("shared", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("shared")

# A process for each server that a test starts would take a second of its own; those that are about it say so.
os.environ.setdefault("DEVSERVER_ASSEMBLY", "thread")


# Nothing that test modules bring is garbage: looking for some, while they come, takes a fifth of the time.
gc.disable()


@pytest.fixture
def sink() -> RememberingSink:
    return RememberingSink()


@pytest.fixture
def recording(sink: RememberingSink) -> Iterator[Recording]:
    """A recording into `sink`, without a flight recorder."""
    recording = start_recording([sink], journal=False)
    yield recording
    recording.close()


@pytest.fixture
def ram() -> Iterator[Path]:
    """A private directory on /dev/shm, gone afterwards."""
    if not os.access("/dev/shm", os.W_OK):
        pytest.skip("no /dev/shm to write to")
    path = Path(tempfile.mkdtemp(prefix="otel-tracking-test-", dir="/dev/shm"))
    yield path
    shutil.rmtree(path, ignore_errors=True)


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--update-golden", action="store_true", help="write the golden files anew; look at the diff")


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The files that take long first; all others as they were found."""
    items.sort(key=lambda item: place_of(item.path))


@pytest.hookimpl(trylast=True)
def pytest_collection_finish() -> None:
    """What all test modules brought stays: the garbage collector no longer looks through it, again and again."""
    gc.enable()
    gc.collect()
    gc.freeze()


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report(collector: pytest.Collector) -> Iterator[None]:
    """In one of several processes: the first at a test module compiles what is not yet; the others read that."""
    if not (hasattr(collector.config, "workerinput") and isinstance(collector, pytest.Module)):
        return (yield)
    directory = collector.config._tmp_path_factory.getbasetemp().parent  # type: ignore[attr-defined]
    with one_at_a_time(directory / collector.nodeid.replace("/", "-")):
        return (yield)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item: pytest.Item) -> Iterator[None]:
    """In one of several processes: a test marked `alone` waits for the others', and they for it."""
    if not hasattr(item.config, "workerinput"):
        return (yield)
    directory = item.config._tmp_path_factory.getbasetemp().parent  # type: ignore[attr-defined]
    with turn(directory, alone=item.get_closest_marker("alone") is not None):
        return (yield)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    if os.environ.get("OTEL_TRACKING_INTEGRATION") != "1":
        terminalreporter.write_line(
            "not run here: Jaeger, a Collector, Ollama, Kafka, veraPDF and QualCoder; make test-integration gets them"
        )


GOLDEN = Path(__file__).parent / "golden"


@pytest.fixture
def is_golden(request: pytest.FixtureRequest) -> Callable[[str, bytes], None]:
    """A function that compares content with a file in tests/golden, or writes it with `make golden`."""

    def compare(name: str, content: bytes) -> None:
        if request.config.getoption("--update-golden"):
            (GOLDEN / name).write_bytes(content)
        assert content == (GOLDEN / name).read_bytes(), f"tests/golden/{name} differs; make golden writes it anew"

    return compare
