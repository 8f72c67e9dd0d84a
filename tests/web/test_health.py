"""What probes and Prometheus read: whether all is well without a token, figures with the full one."""

import pytest
from prometheus_client.openmetrics.parser import text_string_to_metric_families as openmetrics
from prometheus_client.parser import text_string_to_metric_families as prometheus
from web_stage import client_of, devserver_in, execute

from collectors.recording import is_well
from devserver.web import WebSettings

TOKEN, CLASS_TOKEN = "teacher-0123456789abcdef", "class-0123456789abcdef"
OPENMETRICS = "application/openmetrics-text; version=1.0.0"


def bearer(token):
    return {"Authorization": f"Bearer {token}"}


@pytest.fixture
def guarded(tmp_path):
    settings = WebSettings(token=TOKEN, class_token=CLASS_TOKEN)
    with devserver_in(tmp_path) as devserver, client_of(devserver, settings) as client:
        yield client


def values_in(text, read=prometheus):
    return {sample.name: sample.value for family in read(text) for sample in family.samples}


def test_a_probe_learns_that_all_is_well_and_nothing_else(guarded):
    answer = guarded.get("/healthz")
    assert (answer.status_code, answer.get_data(as_text=True)) == (200, "ok\n")


def test_a_sink_in_trouble_is_not_well():
    """With records that it has not taken; one that had trouble and has caught up is well."""
    behind = {"sink": "x", "pending": 3, "last_error": "OSError"}
    assert not is_well({"sinks": [behind]})
    assert is_well({"sinks": [{**behind, "pending": 0}, {**behind, "last_error": None}]})


def test_figures_are_for_the_full_token(guarded):
    assert guarded.get("/metrics").status_code == 401
    assert guarded.get("/metrics", headers=bearer(CLASS_TOKEN)).status_code == 403
    answer = guarded.get("/metrics", headers=bearer(TOKEN))
    assert answer.content_type.startswith("text/plain; version=")
    values = values_in(answer.get_data(as_text=True))
    assert values["devserver_tracking_records_total"] == 0
    assert values["devserver_runs_running"] == 0


def test_whoever_asks_for_openmetrics_gets_it(guarded):
    answer = guarded.get("/metrics", headers={**bearer(TOKEN), "Accept": OPENMETRICS})
    assert answer.content_type.startswith("application/openmetrics-text")
    assert values_in(answer.get_data(as_text=True), openmetrics)["devserver_tracking_items_total"] == 0


def test_figures_count_what_was_recorded(client, devserver):
    execute(client)
    assert devserver.recording.flush(60)
    values = values_in(client.get("/metrics").get_data(as_text=True))
    assert values["devserver_tracking_records_total"] == 1
    assert values["devserver_tracking_items_total"] > 5
