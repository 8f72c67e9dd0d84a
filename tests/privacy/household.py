"""A data directory with a name in every place where something of a run may lie, made by the real parts of each."""

from __future__ import annotations

import io
import os
import zipfile
from dataclasses import replace
from pathlib import Path

import pyarrow.parquet as pq
from builders import TRACE_ID, a_record
from children import start_python
from PIL import Image
from places_stage import bytes_of as files_below
from planting import MEDIA, a_planted_record, found_in

from collectors.receiving import Spool
from collectors.receiving.entries import PROTOBUF
from collectors.receiving.quarantine import Quarantine, RequestBody
from devserver.engines import InputImage
from devserver.requests import Request
from devserver.web.asking.tickets import Tickets
from exporters import DocumentSink, ParquetSink
from exporters.privacy.studies import new_study
from exporters.remarks.remarks import RemarkChange, speaking
from exporters.remarks.store import RemarkStore
from exporters.remarks.variables import Variable
from otel_tracking import ExecutionItem, ItemType
from otel_tracking.erasure import RunId

PHOTOGRAPH = "image/jpeg; with a place"
NAME, NICKNAME, OTHER = "Xqvendolin", "Xqvendolinchen", "Quentin-Tulpenfeld"
STUDY = "garden"

RUN_UNDER_WAY = """
import sys, threading
from collectors import start_recording
from exporters import ParquetSink
options = {"recover_dead_runs": False, "otlp_endpoint": False}
recording = start_recording([ParquetSink(sys.argv[1])], journal=sys.argv[2], **options)
run = recording.tracker().execution("dada", user_id=sys.argv[3], study_id="garden")
run.__enter__()
run.item("user_input_text", content=f"{sys.argv[3]} writes")
print("ready", flush=True)
threading.Event().wait()
"""

RECORD_THAT_WAITS = """
import sys, threading
from collectors import start_recording
from collectors.testing import WaitingSink
sink = WaitingSink()
sink.location = sys.argv[1]
recording = start_recording([sink], journal=False, max_pending=0, recover_dead_runs=False, otlp_endpoint=False)
with recording.tracker().execution("dada", user_id=sys.argv[3], study_id="garden") as run:
    run.item("user_input_text", content=f"{sys.argv[3]} writes")
while recording.health()["pending_in_files"] < 1:
    threading.Event().wait(0.01)
print("ready", flush=True)
threading.Event().wait()
"""


def furnish(root: Path, ram: Path) -> Path:
    """The data directory below `root`: stored runs of two people, and what dead processes left of hers."""
    data = (root / "data").absolute()
    new_study(data, STUDY, consent_required=False, pseudonyms_at="export", roster=_roster(root))
    for sink in (ParquetSink(data), DocumentSink(data, formats=["json", "html"])):
        for record in her_runs():
            sink.write(record)
        sink.write(a_record(user_id=OTHER, study_id=STUDY, execution_id="exec_20261123_120001_0f0f0f0f"))
    for program in (RUN_UNDER_WAY, RECORD_THAT_WAITS):
        _killed(program, data, ram)
    _collect(data)
    _ask(data)
    _remark(data)
    return data


def her_runs():
    """Her runs: the name in every field, in pictures and sounds, with a place; as a nickname; in what was blocked."""
    for number, medium in enumerate(("image/png", "image/jpeg", "audio/mpeg", PHOTOGRAPH)):
        record = a_planted_record(NAME, medium)
        fields = {"execution_id": f"exec_20261123_12000{number}_0a0a0a0{number}", "trace_id": f"{number + 10:032x}"}
        yield replace(record, **fields, **_hers(), attachments={**record.attachments})
    blocked = replace(_item(f"{NICKNAME} wants"), item_type=ItemType.STAGE1_BLOCKED)
    yield a_record(
        **{**_hers(), "session_id": f"table of {NICKNAME}"},
        execution_id="exec_20261123_120009_0a0a0a09",
        trace_id=f"{19:032x}",
        items=(_item(f"{NICKNAME} wants what must not be"), blocked),
        metadata={"nickname": NICKNAME},
    )


def a_photograph(name: str) -> bytes:
    """As a telephone takes one: where it was, and a small copy of it behind its end."""
    exif = Image.Exif()
    exif.get_ifd(0x8825).update({1: "N", 2: (52.0, 30.0, 0.0), 0x1C: f"ASCII\0\0\0garden of {name}".encode()})
    whole, small = io.BytesIO(), io.BytesIO()
    Image.new("RGB", (16, 16), "olive").save(whole, "JPEG", exif=exif)
    Image.new("RGB", (4, 4), "olive").save(small, "JPEG", comment=name.encode())
    return whole.getvalue() + small.getvalue()


MEDIA[PHOTOGRAPH] = (ItemType.OUTPUT_IMAGE, a_photograph)


def _hers():
    return {"user_id": NAME, "study_id": STUDY}


def _item(text: str) -> ExecutionItem:
    from builders import an_item

    return an_item(content=text, stage=1)


def _roster(root: Path) -> Path:
    path = root / "roster.txt"
    path.write_text(f"{NAME}\n{NICKNAME}\n", "utf-8")
    return path


def _killed(program: str, data: Path, ram: Path) -> None:
    child = start_python(program, data, ram, NAME)
    try:
        assert child.stdout is not None
        assert child.stdout.readline() == b"ready\n"
    finally:
        child.kill()
        child.wait()


def _collect(data: Path) -> None:
    from requests_stage import request_of, spans_by_user

    [spans] = spans_by_user(NAME).values()
    trace, body = spans[0].context.trace_id, request_of(spans, PROTOBUF)
    spool = Spool(data / "collect")
    spool.append(PROTOBUF, body, [trace], "class-1")
    Quarantine(data / "collect" / "quarantine").put(
        trace, "it clashes", "class-1", [RequestBody(PROTOBUF, body)], spans=len(spans)
    )
    spool.close()


def _remark(data: Path) -> None:
    """Her name in notes and in variables, in those that may leave, too; something is said of his run as well."""
    about = [
        Variable(name=name, type="text", leaves=leaves) for name, leaves in (("about", "full"), ("tells", "public"))
    ]
    said = RemarkChange(note=f"{NICKNAME} was sad", values={"about": NAME, "tells": f"{NAME} laughed"})
    changes = {RunId(run.execution_id, run.trace_id): said for run in her_runs()}
    his = RunId("exec_20261123_120001_0f0f0f0f", TRACE_ID)
    store = RemarkStore(data)
    store.change(lambda book: book.with_variable(about[0]).with_variable(about[1]))
    store.change(lambda book: book.with_changes({**changes, his: RemarkChange(note="was glad")}, speaking("Mira")))


def _ask(data: Path) -> None:
    tickets = Tickets(data / ".serving")
    photograph = InputImage(f"{NAME}.png", _a_picture(), "image/png")
    tickets.keep("waiting", "owner", 4e9, Request(prompt=f"{NAME} asks", user_id=NAME, images=(photograph,)))
    tickets.close()


def _a_picture() -> bytes:
    buffer = io.BytesIO()
    Image.new("RGB", (4, 4)).save(buffer, "PNG")
    return buffer.getvalue()


def namespaces(data: Path) -> list[Path]:
    """Where records of this data directory wait in files."""
    from collectors.recording.erasing import places_of_recording

    [_, spill] = places_of_recording(str(data), None)
    return [Path(f"/var/tmp/otel-tracking-{os.geteuid()}") / spill._namespace]


def holding(directory: Path, names: tuple[str, ...]) -> dict[str, list[bytes]]:
    """The files below a directory that have one of the names in any form, unpacked, or in their own name."""
    found = {}
    for path, content in files_below(directory).items():
        forms = [form for name in names for form in found_in([path.encode(), *_unpacked(path, content)], name)]
        if forms:
            found[path] = forms
    return found


def _unpacked(path: str, content: bytes):
    yield content
    if path.endswith(".parquet"):
        yield repr(pq.read_table(io.BytesIO(content)).to_pylist()).encode()
    if content[:2] == b"PK":
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            yield from (archive.read(name) for name in archive.namelist())
