"""The base: record, store, read back, write JSON and CSV; everything else says what it needs."""

import importlib
import subprocess
import sys
from pathlib import Path

from one_run import lacks, one_run

from exporters import FORMATS, DocumentSink, read_records
from exporters.formats import format_named
from exporters.storage.reading.sql import connect
from otel_tracking.capture import CaptureSettings
from otel_tracking.environment import RecordingSettings
from otel_tracking.migration import era_a

data, run = one_run()
(record,) = read_records(data)
assert FORMATS["json"].parse(FORMATS["json"].render(record)) == record
assert b"Eine Blume" in FORMATS["csv"].render(record)
assert CaptureSettings()

era_a.start(RecordingSettings(data_dir=Path(data).absolute().with_name("era_a"), journal=False))
tracker = era_a.ExecutionTracker("dada", "eco", "kids")
tracker.finalize()
assert era_a.load_execution_record(tracker.execution_id).config_name == "dada"
assert era_a.stop()

lacks(lambda: FORMATS["pdf"].render(record), "PDF documents need the extra 'documents'")
lacks(lambda: FORMATS["docx"].render(record), "Word documents need the extra 'documents'")
lacks(lambda: FORMATS["html"].render(record), "HTML documents need the extra 'documents'")
lacks(lambda: FORMATS["xml"].render(record), "XML documents need the extra 'documents'")
lacks(lambda: format_named("pdfa"), "PDFs for archives (pdfa) need the extra 'archive'")
lacks(lambda: DocumentSink(data, formats=["json", "pdf"]), "PDF documents need the extra 'documents'")
lacks(lambda: connect(data), "Questions in SQL need the extra 'queries'")
lacks(lambda: importlib.import_module("devserver.web"), "Pages and the HTTP API need the extra 'server'")
lacks(lambda: importlib.import_module("devserver.pipeline"), "Runs of pipelines need the extra 'pipelines'")

command = Path(sys.executable).with_name("otel-tracking")
ran = subprocess.run([command, "list"], capture_output=True, text=True)
sentence = "otel-tracking: Commands on a terminal need the extra 'cli': pip install 'otel-tracking[cli]'\n"
assert (ran.returncode, ran.stdout, ran.stderr) == (2, "", sentence), ran

for package in ("otel_tracking", "collectors", "exporters", "devserver"):
    assert Path(importlib.import_module(package).__path__[0], "py.typed").is_file(), package
