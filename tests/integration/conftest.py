"""Real Jaeger behind the real Collector, on free loopback ports; `make test-integration` runs what is here."""

import os
import socket
import subprocess
import time
from pathlib import Path

import httpx
import pytest
from viewer_stage import Collector, Jaeger

ROOT = Path(__file__).parents[2]
SWITCH = "OTEL_TRACKING_INTEGRATION"


def pytest_collection_modifyitems(items):
    if os.environ.get(SWITCH) != "1":
        why = pytest.mark.skip(reason="needs Jaeger and a Collector: make test-integration builds and runs them")
        for item in items:
            if Path(__file__).parent in item.path.parents:
                item.add_marker(why)


def built(tool):
    """The binary that a script of tools/ builds; fails where it cannot be had."""
    done = subprocess.run([ROOT / "tools" / tool], capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"tools/{tool} failed:\n{done.stderr[-2000:]}"
    return done.stdout.strip().splitlines()[-1]


def free_port():
    """A port that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def answers(url, seconds=60):
    """Wait until a server that was started answers at `url`."""
    ends = time.monotonic() + seconds
    while True:
        try:
            return httpx.get(url).raise_for_status()
        except httpx.HTTPError:
            assert time.monotonic() < ends, f"nobody answers at {url}"
            time.sleep(0.1)


@pytest.fixture(scope="session")
def jaeger(tmp_path_factory):
    server = Jaeger(built("build_jaeger.sh"), tmp_path_factory.mktemp("jaeger"), free_port(), free_port(), free_port())
    with server.running():
        answers(f"{server.url}/api/v3/services")
        yield server


@pytest.fixture
def collector(jaeger, tmp_path):
    binary, config = built("build_collector.sh"), ROOT / "otel-collector.yaml"
    subprocess.run([binary, "validate", "--config", config], check=True, env=os.environ | {"OTELCOL_QUEUE": "/tmp"})
    server = Collector(binary, config, tmp_path, jaeger, free_port(), free_port(), free_port())
    server.start()
    try:
        server.wait = lambda: answers(server.health)
        server.wait()
        yield server
    finally:
        server.stop()
