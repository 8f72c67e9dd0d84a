"""Pages and the HTTP API; a document that cannot be made here is a grey button, and 501 for programs."""

from pathlib import Path

from one_run import one_run

from collectors.receiving import Collector, Spool, TraceReceiver
from collectors.receiving.server import listening
from collectors.testing import RememberingSink
from devserver.settings import Settings
from devserver.web import create_app
from devserver.wiring import open_devserver

data, run = one_run()
with open_devserver(Settings.from_environment(data_dir=data)) as devserver:
    app = create_app(devserver)
    client = app.test_client()
    assert client.get("/").status_code == 200
    page = client.get(f"/runs/{run}?audience=researcher").text
    sentence = "PDF documents need the extra &#39;documents&#39;: pip install &#39;otel-tracking[documents]&#39;"
    assert f'<button type="button" disabled title="{sentence}">PDF</button>' in page, page
    assert f'/api/runs/{run}/export/json" download>JSON</a>' in page, page
    assert "PDF, HTML, Word, XML, XML (2025): pip install &#39;otel-tracking[documents]&#39;" in page, page

    answer = client.get(f"/api/runs/{run}/export/pdf")
    assert answer.status_code == 501, answer
    assert answer.json == {
        "status": "error",
        "error": "PDF documents need the extra 'documents': pip install 'otel-tracking[documents]'",
        "extra": "documents",
    }
    assert client.get(f"/api/runs/{run}/export/json").status_code == 200
    assert client.get("/metrics").status_code == 200
    app.extensions["runner"].close()

collector = Collector([RememberingSink()], Spool(Path(data, "collect")))
with listening(TraceReceiver(collector), "127.0.0.1", 0) as address:
    assert address.startswith("http://127.0.0.1:")
collector.close()
