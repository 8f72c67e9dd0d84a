"""Lists and pages are there while a sink fails: nobody waits for it, however many ask, and however often."""

from concurrent.futures import ThreadPoolExecutor

from web_stage import client_of, engines

from collectors.testing import RememberingSink
from devserver.settings import Settings
from devserver.web.runs import lookup
from devserver.wiring import open_devserver
from exporters import ParquetSink

LONG = 3_600.0
"""Seconds: a request that waits for them is not answered within a test."""


class ReadOnly(RememberingSink):
    """A sink whose disk was mounted read-only."""

    def write(self, record):
        raise OSError(30, "Read-only file system")


def test_eight_readers_are_answered_and_so_is_the_one_who_asks_for_a_picture(tmp_path, monkeypatch):
    """As many as there are threads: a run that is asked for after them begins all the same."""
    monkeypatch.setattr(lookup, "SETTLE_SECONDS", LONG)
    monkeypatch.setattr(lookup, "FLUSH_SECONDS", LONG)
    settings = Settings(data_dir=tmp_path, journal=False)
    with open_devserver(settings, engines=engines(), sinks=[ParquetSink(tmp_path), ReadOnly()]) as devserver:
        with client_of(devserver) as client:
            for _ in range(2):
                made = client.post("/api/schema/pipeline/execute", json={"schema": "dada", "input_text": "Eine Blume"})
                assert made.status_code == 200
                with ThreadPoolExecutor(8) as readers:
                    answers = list(readers.map(client.get, ["/api/runs"] * 8))
                assert [answer.status_code for answer in answers] == [200] * 8
                run = made.get_json()["execution_id"]
                assert client.get(f"/api/runs/{run}").status_code == 200
                assert client.get("/runs").status_code == 200
        devserver.recording.close(0.1)
