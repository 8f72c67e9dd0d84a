"""A store of two people with everything that can lie in one, what was exported of it, and how to look for somebody.

`build` makes it, `take` copies it, `traces_of` looks into every byte. As a program it erases, and dies when it is told.
"""

from __future__ import annotations

import datetime as dt
import io
import os
import shutil
import signal
import sys
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import replace
from itertools import count
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "exporters"))

import pyarrow.parquet as pq
from records import LATER, NOON, a_graph, a_picture, a_run_of_hops, text_of

from exporters import DocumentSink, ParquetSink, compact, read_records
from exporters.dataset import make_dataset
from exporters.dataset.about import Description
from exporters.erasure import erase, pending, resume
from exporters.explorer.filling import Filler
from exporters.formats import format_named
from exporters.formats.documents import render_document
from exporters.media.copies import copy_media
from exporters.privacy.exports_ledger import Export, ExportKind, ExportsLedger, run_ids
from exporters.storage.files import write_file
from otel_tracking import ExecutionRecord

LENA, TOM = "lena-7f3a9c", "tom"
DAY = dt.timedelta(days=1)
PROGRAM = f"import sys; sys.path.insert(0, {str(Path(__file__).parent)!r}); import erasure_stage; erasure_stage.main()"
WHERE_SOMETHING_CHANGES = (
    *("exporters/erasure/", "exporters/dataset/", "exporters/storage/files.py", "exporters/storage/upkeep/"),
    *("exporters/storage/writing/", "exporters/privacy/"),
)
PICTURE = b"\x89PNG the same meadow"


def of_lena(record: ExecutionRecord) -> bool:
    """Whether a run is hers."""
    return record.user_id == LENA


def a_batch(number: int, at: dt.datetime, person: str) -> list[ExecutionRecord]:
    """Three runs of one person: with hops, with a picture that others have too, with a graph."""
    said = {"user_id": person, "session_id": f"{person} session"}
    names = [f"{person.encode().hex()[:2]}{number:05x}{place}" + "0" * 24 for place in (1, 2, 3)]
    moments = [at + dt.timedelta(minutes=10 * number + place) for place in range(3)]
    graph = {**a_graph(), "prompt": {"inputs": {"text": f"a meadow for {person}"}}}
    return [
        a_run_of_hops("one", f"two by {person}", "three", trace_id=names[0], timestamp=moments[0], **said),
        a_picture(PICTURE, trace_id=names[1], timestamp=moments[1], metadata={"artist": person}, **said),
        a_run_of_hops("x", "y", trace_id=names[2], timestamp=moments[2], metadata={"graph": graph}, **said),
    ]


def build(root: Path) -> None:
    """Everything below `root`: `data`, and `out` with what was exported."""
    data = root / "data"
    sink, documents = ParquetSink(data), DocumentSink(data, formats=["json"])
    for number, days in enumerate((3, 3, 2)):
        both = [record for who in (LENA, TOM) for record in a_batch(number, NOON - days * DAY, who)]
        sink.write_all(both)
        for record in both:
            documents.write(record)
    compact(data, before=(NOON - 2 * DAY).date())
    for record in (*a_batch(7, NOON, LENA), *a_batch(7, NOON, TOM)):
        sink.write(record)
        documents.write(record)
    sink.write_all([replace(record, revision=2) for record in a_batch(2, NOON - 2 * DAY, LENA)])
    _export(data, root / "out")
    Filler(data).fill()
    _harm(data)


def _export(data: Path, out: Path) -> None:
    ledger, records = ExportsLedger(data), list(read_records(data))
    said = Description(title="Meadows", authors=("A teacher",), licence="CC-BY-4.0")
    make_dataset(data, out / "dataset", description=said)
    for record in records[:6]:
        path = out / "documents" / f"{record.execution_id}.docx"
        document = render_document(record, format_named("docx"), data_dir=data, options={})
        write_file(path, document)
        copy_media(record, data, path.parent)
        ids = run_ids([record])
        ledger.note(Export(kind=ExportKind.DOCUMENT, runs=ids, path=str(path), format="docx"))
        ledger.note(Export(kind=ExportKind.MEDIA, runs=ids, path=str(path.parent)))
    lenas = run_ids(filter(of_lena, records))
    ledger.note(Export(kind=ExportKind.DOWNLOAD, runs=lenas[:1], format="pdf", options={"query": {"user_id": LENA}}))


def _harm(data: Path) -> None:
    """A sync tool's copy, one that was set aside, what a crash left, and a damaged file of one run of hers."""
    [compacted] = (data / "executions" / f"date={(NOON - 3 * DAY).date()}").iterdir()
    shutil.copy(compacted, compacted.with_name("day (conflicted copy).parquet"))
    aside = data / "damaged" / "executions" / compacted.parent.name / compacted.name
    aside.parent.mkdir(parents=True)
    shutil.copy(compacted, aside)
    for table in ("items", "blobs"):
        source = data / table / compacted.parent.name / compacted.name
        shutil.copy(source, source.with_name(f"batch-{1:016x}-{2:08x}.parquet"))
    (compacted.parent / f".{compacted.name}.0123abcd.tmp").write_text(f"half of a file of {LENA}")
    (data / ".duckdb").mkdir()
    (data / ".duckdb" / "duckdb_temp_storage-0.tmp").write_text(f"spilled by {LENA}")
    lenas = a_batch(7, NOON, LENA)[0]
    [damaged] = (data / "executions" / f"date={NOON.date()}").glob(f"{lenas.trace_id[:8]}-*")
    content = bytearray(damaged.read_bytes())
    content[40] ^= 8
    damaged.write_bytes(content)


def take(template: Path, to: Path) -> Path:
    """A copy of what was built; its data directory."""
    shutil.copytree(template, to, dirs_exist_ok=True)
    ledger = to / "data" / "privacy" / "exports.jsonl"
    ledger.write_text(ledger.read_text().replace(str(template), str(to)))
    return to / "data"


def traces_of(text: str, *places: Path) -> list[str]:
    """Each file below the places that has the text in its name, its bytes, its cells, or packed into it."""
    paths = [path for place in places for path in sorted(place.rglob("*"))]
    named = [str(path) for path in paths if text in path.name]
    return named + [str(path) for path in paths if path.is_file() and any(text.encode() in one for one in _all(path))]


def _all(path: Path) -> Iterator[bytes]:
    content = path.read_bytes()
    yield content
    if content[:4] == b"PK\x03\x04":
        with zipfile.ZipFile(io.BytesIO(content)) as packed:
            yield from (packed.read(name) for name in packed.namelist())
    elif content[:4] == b"PAR1":
        try:
            yield repr(pq.ParquetFile(path).read().to_pylist()).encode()
        except Exception:
            return


def texts(data: Path, is_meant: Callable[[ExecutionRecord], bool]) -> dict[str, str]:
    """The records of somebody, by the id of their run."""
    found = read_records(data, on_damage=lambda damage: None)
    return {record.execution_id: text_of(record) for record in found if is_meant(record)}


def not_of_lena(record: ExecutionRecord) -> bool:
    """Whether a run is somebody else's."""
    return not of_lena(record)


def stop_at(number: int) -> Callable[[str], None]:
    """A step that kills this process when it is called for that number of times."""
    steps = count(1)

    def step(name: str) -> None:
        if next(steps) == number:
            os.kill(os.getpid(), signal.SIGKILL)

    return step


class Countdown:
    """Kills this process after so many lines of our code; for 0 it counts them."""

    def __init__(self, lines: int) -> None:
        self.left = lines

    def __call__(self, frame, event, argument):
        if not any(place in frame.f_code.co_filename for place in WHERE_SOMETHING_CHANGES):
            return None
        if event == "line":
            self.left -= 1
            if self.left == 0:
                os.kill(os.getpid(), signal.SIGKILL)
        return self


def main() -> None:
    """`steps DATA N`, `names DATA`, `lines DATA N`, `erase DATA`, `resume DATA`, `write DATA FIRST`, `compact DATA`."""
    action, data, *more = sys.argv[1:]
    if action == "steps":
        erase(data, of_lena, reason="person", step=stop_at(int(more[0])))
    elif action == "names":
        erase(data, of_lena, reason="person", step=print)
    elif action == "lines":
        countdown = Countdown(int(more[0]))
        sys.settrace(countdown)
        erase(data, of_lena, reason="person")
        sys.settrace(None)
        print(-countdown.left)
    elif action == "erase":
        erase(data, of_lena if not more else lambda record: record.user_id == more[0], reason="person")
    elif action == "resume":
        resume(data)
        assert pending(data) is None
    elif action == "compact":
        while True:
            compact(data, before=LATER)
            print("compacted", flush=True)
    else:
        sink, documents = ParquetSink(data), DocumentSink(data)
        for number in count(int(more[0])):
            for who in (LENA, TOM):
                batch = a_batch(number, NOON - (number % 3) * DAY, who)
                sink.write_all(batch)
                for record in batch:
                    documents.write(record)
            print(number, flush=True)
