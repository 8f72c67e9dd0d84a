"""`otel-tracking serve` as a person starts and stops it."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import httpx
import pytest
from click.testing import CliRunner
from web_stage import client_of, devserver_in

from devserver.cli.app import command_line
from devserver.web.only_one import claim
from exporters import read_records

ROOT = Path(__file__).parents[2]


@pytest.fixture
def serve(tmp_path):
    """A started server: its process, and what it said of itself."""
    wanted = {"DEVSERVER_JOURNAL": "off", "DEVSERVER_TOKEN": "", "OTEL_TRACKING_DATA": str(tmp_path)}
    process = subprocess.Popen(
        [sys.executable, "-m", "devserver.cli", "serve", "--port", "0", "--json"],
        cwd=ROOT,
        env={**os.environ, **wanted},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    yield process, json.loads(process.stdout.readline())
    process.kill()
    process.communicate()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_server_that_is_stopped_ends_well_with_everything_stored(serve, tmp_path, number):
    process, said = serve
    assert said == {"address": said["address"], "data_dir": str(tmp_path), "asks_for_token": False}
    assert said["address"].startswith("http://127.0.0.1:")
    body = {"schema": "image_comparison", "input_text": "A flower", "seed": 7}
    with httpx.Client(base_url=said["address"], timeout=60, trust_env=False) as client:
        runs = [client.post("/api/schema/pipeline/execute?wait=0", json=body).json() for _ in range(6)]
        assert {run["status"] for run in runs} == {"accepted"}
        process.send_signal(number)
        _, errors = process.communicate(timeout=60)
    assert (process.returncode, errors) == (0, "")
    records = list(read_records(tmp_path))
    assert len(records) == 6
    assert {str(record.status) for record in records} <= {"completed", "cancelled"}


def test_two_servers_of_the_same_data_warn_that_they_do_not_know_each_others_runs(serve, tmp_path, caplog):
    assert claim(tmp_path, serve[0]) is False
    assert "runs under way there are not seen here" in caplog.text
    assert claim(tmp_path / "nowhere", serve[0]) is True


def test_a_forked_server_answers_nothing(tmp_path):
    with devserver_in(tmp_path) as devserver, client_of(devserver) as client:
        read, write = os.pipe()
        child = os.fork()
        if child == 0:
            answer = client.get("/api/runs")
            os.write(write, f"{answer.status_code} {answer.get_json()['error']}".encode())
            os._exit(0)
        os.waitpid(child, 0)
        assert os.read(read, 500).decode().startswith("503 this server was started in several processes")
        assert client.get("/api/runs").status_code == 200


def test_a_host_that_others_reach_is_refused_in_one_sentence(tmp_path):
    runner = CliRunner(env={"DEVSERVER_TOKEN": None, "DEVSERVER_JOURNAL": "off"})
    result = runner.invoke(command_line, ["serve", "--host", "0.0.0.0", "--data", str(tmp_path / "data")])
    assert result.exit_code == 2
    assert result.stderr == (
        "otel-tracking: host '0.0.0.0' can be reached by others, so a token is needed: set DEVSERVER_TOKEN, "
        "or leave --host at 127.0.0.1\n"
    )
    assert not (tmp_path / "data").exists()


def test_a_port_that_is_taken_is_told_in_one_sentence(serve, tmp_path):
    port = serve[1]["address"].rpartition(":")[2]
    runner = CliRunner(env={"DEVSERVER_TOKEN": None, "DEVSERVER_JOURNAL": "off"})
    result = runner.invoke(command_line, ["serve", "--port", port, "--data", str(tmp_path / "other")])
    assert result.exit_code == 2
    assert result.stderr.startswith(f"otel-tracking: 127.0.0.1:{port} cannot be listened on (Address already in use)")
    assert result.stderr.count("\n") == 1
