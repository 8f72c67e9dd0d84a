"""Make a store, a dataset and the records of a schema version, where there are none yet.

    cd /tmp && mkdir samples && cd samples && python …/tests/samples/how_they_were_made.py

Never run it to replace what is committed: samples are what an earlier version wrote. README.md says more.
"""

from __future__ import annotations

import datetime as dt
import gzip
import json
import math
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from collectors import Recording
from collectors.testing import RememberingSink
from devserver.pipeline import Request
from devserver.settings import Settings
from devserver.testing import ScriptedTranslator, scripted_engines
from devserver.wiring import Devserver, open_devserver
from exporters import DocumentSink, ParquetSink, compact
from exporters.collections.making import make_collection
from exporters.dataset import make_dataset
from exporters.dataset.readme import Description
from exporters.erasure import erase
from exporters.privacy.consent import Consents
from exporters.privacy.consent_lists import Consent, ConsentState
from exporters.privacy.studies import new_study
from otel_tracking import ExecutionRecord, ItemType, canonical
from otel_tracking.record import SCHEMA_VERSION

STORE, DATASET = Path(f"store_{SCHEMA_VERSION}"), Path(f"dataset_{SCHEMA_VERSION}")
RECORDS = Path(f"records_{SCHEMA_VERSION}")
ANNA = {"user_id": "anna", "session_id": "first lesson", "device_id": "tablet 3", "study_id": "garden"}
SMALL = {"width": 64, "height": 64}


def make() -> None:
    """Everything, below the working directory."""
    os.environ["OTEL_TRACKING_STUDIES"] = str(Path("keys").absolute())
    study = new_study(STORE, "garden", retention_days=3650)
    said = Consent(state=ConsentState.GIVEN, by="guardian", date="2026-11-20")
    Consents(STORE, study).note([("anna", said)])

    records = [*_runs_of_this_machine(study.pseudonyms), *_runs_that_go_wrong()]
    [gone] = [record for record in records if record.batch_id == "gone"]
    records.remove(gone)
    erase(STORE, lambda run: run.batch_id == "gone", reason="query")
    compact(STORE, before=dt.date(2100, 1, 1))
    records += _an_odd_run()

    described = Description(title="Garden", authors=("A. Researcher",), licence="CC-BY-4.0")
    make_dataset(STORE, DATASET, description=described, status="completed")
    make_collection(STORE, Path("garden.csv"), "survey_csv", study_id="garden")
    RECORDS.mkdir()
    (RECORDS / "erased.json").write_text(json.dumps({"execution_id": gone.execution_id, "trace_id": gone.trace_id}))
    for record in records:
        text = canonical.dumps(record.to_dict()).encode()
        (RECORDS / f"{record.execution_id}.json.gz").write_bytes(gzip.compress(text, mtime=0))


def _runs_of_this_machine(pseudonyms: object) -> list[ExecutionRecord]:
    """Stille Post by the engines that come along, a picture, a prompt that is blocked; and a run to be erased."""
    settings = Settings(data_dir=STORE, journal=False)
    with _devserver(settings, study_id="garden", pseudonyms=pseudonyms) as (devserver, records):
        devserver.pipeline.run(
            Request(prompt="Eine Blume auf der Wiese", seed=7, languages=["en", "es", "en", "de"], **ANNA)
        )
    with _devserver(settings, formats=["json"]) as (devserver, blocked):
        devserver.pipeline.run(Request(prompt="Zeichne eine ISIS Flagge", config_name="bauhaus", user_id="berta"))
    with _devserver(settings) as (devserver, more):
        devserver.pipeline.run(Request(prompt="Ein rotes Haus", config_name="bauhaus", seed=2**31, parameters=SMALL))
        devserver.pipeline.run(Request(prompt="Something to forget", config_name="theopposite", batch_id="gone"))
    return records + blocked + more


def _runs_that_go_wrong() -> list[ExecutionRecord]:
    """A journey whose third hop fails."""
    settings = Settings(data_dir=STORE, journal=False)
    engines = scripted_engines(translator=ScriptedTranslator(fails_at=3))
    with _devserver(settings, engines=engines) as (devserver, records):
        devserver.pipeline.run(Request(prompt="Ein Hund bellt", seed=1, user_id="berta", session_id="second lesson"))
    return records


def _an_odd_run() -> list[ExecutionRecord]:
    """A run of values that other formats lose, and a graph that is large enough to be a blob."""
    graph = {str(n): {"class_type": "KSampler", "inputs": {"seed": 2**63 + n, "text": "meadow"}} for n in range(115)}
    odd = {"nan": math.nan, "bytes": b"\x00\xff", "surrogate": "\ud800", "tuple": (1, (2,)), "keys": {1: "a", "1": "b"}}
    with _devserver(Settings(data_dir=STORE, journal=False)) as (devserver, records):
        _log_odd_values(devserver.recording, odd, graph)
    return records


def _log_odd_values(recording: Recording, odd: dict[str, object], graph: dict[str, object]) -> None:
    with recording.tracker().execution("odd \u202e values", metadata=odd) as run:
        with run.stage(1) as stage:
            stage.item(ItemType.USER_INPUT_TEXT, content="NUL \x00, surrogate \ud800, =SUM(A1), ]]>, عربي 👩‍👧")
        with run.output(1, config_used="graph") as output, output.stage(4) as stage:
            with stage.backend_call("comfyui", model="sd35", configured={"cfg": 7.5, "steps": 20}) as call:
                call.passed({"prompt": graph, "seed": 2**63, "cfg": math.inf})
            stage.item(ItemType.OUTPUT_IMAGE, content=b"raw", metadata={"seed": 2**63, **odd})
        with run.stage(2) as stage:
            stage.item("a_later_type", content={"kept": None})


@contextmanager
def _devserver(
    settings: Settings, formats: Sequence[str] = (), **given: object
) -> Iterator[tuple[Devserver, list[ExecutionRecord]]]:
    """A devserver, and the records that its sinks were given, once the block is left."""
    given_to_sinks, records = RememberingSink(), []
    sinks = [ParquetSink(STORE), *([DocumentSink(STORE, formats=formats)] if formats else []), given_to_sinks]
    whose = {name: given.pop(name) for name in ("study_id", "pseudonyms") if name in given}
    if whose:
        settings = replace(settings, study=str(whose["study_id"]))
    with open_devserver(settings, sinks=sinks, **given) as devserver:
        yield devserver, records
        assert devserver.recording.flush(timeout=60)
    records += given_to_sinks.latest().values()


if __name__ == "__main__":
    make()
