"""Real Jaeger behind the real Collector, a real Ollama, a real Kafka; `make test-integration` runs what is here."""

import os
import subprocess

import pytest
from real_servers import ROOT, answers, built, free_port
from viewer_stage import Collector, Jaeger

SWITCH = "OTEL_TRACKING_INTEGRATION"


collect_ignore_glob = [] if os.environ.get(SWITCH) == "1" else ["test_*.py"]


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
