"""Where traces go is a setting, and the end of a run says where to look at its trace."""

import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from cli_stage import call, call_json

from devserver.settings import Settings
from exporters import read_records


class TakesTraces(BaseHTTPRequestHandler):
    def do_POST(self):
        self.rfile.read(int(self.headers["Content-Length"]))
        self.server.paths.append(self.path)
        self.send_response(self.server.status)
        self.end_headers()

    def log_message(self, *_):
        """Nothing."""


@pytest.fixture
def viewer(monkeypatch):
    """A server that takes traces, however long that takes; `paths` is what was asked for."""
    monkeypatch.setattr("devserver.cli.commands.run_command.TRACE_SECONDS", 60.0)
    server = ThreadingHTTPServer(("127.0.0.1", 0), TakesTraces)
    server.paths, server.status = [], 200
    threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
    yield server
    server.shutdown()
    server.server_close()


def test_a_run_says_where_its_trace_is(viewer, tmp_path, monkeypatch):
    """With the address of Jaeger that the settings name, for people and for programs."""
    monkeypatch.setenv("DEVSERVER_OTLP_ENDPOINT", f"http://127.0.0.1:{viewer.server_port}")
    monkeypatch.setenv("DEVSERVER_JAEGER_URL", "http://jaeger.school:16686/")
    told, code = call_json("run", "stillepost", "Eine Blume", data=tmp_path)
    [record] = read_records(tmp_path)

    assert (code, told["trace_url"]) == (0, f"http://jaeger.school:16686/trace/{record.trace_id}")
    assert set(viewer.paths) == {"/v1/traces"}
    shown = call("run", "stillepost", "Eine Blume", "--quiet", data=tmp_path).stdout
    assert "trace http://jaeger.school:16686/trace/" in shown


def test_a_dead_collector_is_said_and_nothing_is_linked(tmp_path, monkeypatch):
    """No address of a trace that never arrived, for people or for programs; the run is whole."""
    monkeypatch.setenv("DEVSERVER_OTLP_ENDPOINT", "http://127.0.0.1:9")
    told, code = call_json("run", "stillepost", "Eine Blume", data=tmp_path)
    assert (code, told["trace_url"], told["status"]) == (0, None, "completed")
    assert "http://127.0.0.1:9/v1/traces took nothing; is a Collector running there?" in told["trace_trouble"]
    shown = call("run", "stillepost", "Eine Blume", "--quiet", data=tmp_path).stdout
    assert "the trace did not arrive" in shown
    assert "/trace/" not in shown


def test_a_server_that_refuses_the_trace_is_said(viewer, tmp_path, monkeypatch):
    """It answered, and did not take it."""
    viewer.status = 401
    monkeypatch.setenv("DEVSERVER_OTLP_ENDPOINT", f"http://127.0.0.1:{viewer.server_port}")
    told, _ = call_json("run", "stillepost", "Eine Blume", data=tmp_path)
    assert told["trace_url"] is None
    assert "took nothing" in told["trace_trouble"]


def test_a_run_that_a_sampler_leaves_out_names_no_trace(viewer, tmp_path, monkeypatch):
    """It is not there to be looked at, and nothing went wrong."""
    monkeypatch.setenv("OTEL_TRACES_SAMPLER", "always_off")
    monkeypatch.setenv("DEVSERVER_OTLP_ENDPOINT", f"http://127.0.0.1:{viewer.server_port}")
    told, _ = call_json("run", "stillepost", "Eine Blume", data=tmp_path)
    assert (told["trace_url"], told["trace_trouble"]) == (None, None)


def test_a_run_that_is_sent_nowhere_names_no_trace(tmp_path, monkeypatch):
    """`off` goes before OpenTelemetry's own variables."""
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", "http://127.0.0.1:9")
    monkeypatch.setenv("DEVSERVER_OTLP_ENDPOINT", "off")
    told, _ = call_json("run", "stillepost", "Eine Blume", data=tmp_path)
    assert told["trace_url"] is None


def test_an_endpoint_of_opentelemetry_that_cannot_be_is_said(tmp_path, monkeypatch):
    """The run is made and whole; without the sentence nobody would know why the viewer has nothing."""
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", "localhost:4318")
    told, code = call_json("run", "stillepost", "Eine Blume", data=tmp_path)
    assert (code, told["trace_url"], told["status"]) == (0, None, "completed")
    assert told["trace_trouble"].startswith(
        "the trace was sent nowhere: OTEL_EXPORTER_OTLP_ENDPOINT is no http address"
    )
    assert "such as http://localhost:4318 would work" in told["trace_trouble"]


def test_an_endpoint_that_cannot_be_is_refused_in_one_sentence(tmp_path, monkeypatch):
    """Before the run."""
    monkeypatch.setenv("DEVSERVER_OTLP_ENDPOINT", "localhost:4318")
    result = call("run", "stillepost", "Eine Blume", data=tmp_path)
    assert result.exit_code != 0
    assert "such as http://localhost:4318" in result.stderr
    assert not list(read_records(tmp_path))


def test_settings_name_what_is_sent_and_where():
    """Nothing is named by default: then OpenTelemetry's variables decide."""
    named = Settings.from_environment(
        environment={"DEVSERVER_OTLP_ENDPOINT": "http://collector:4318", "DEVSERVER_OTLP_CONTENT": "full"}
    )
    assert (named.otlp_endpoint, named.otlp_content) == ("http://collector:4318", "full")
    assert Settings.from_environment(environment={}).otlp_endpoint is None
