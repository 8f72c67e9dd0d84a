"""The stage set: the same records in a local store and in tables; commands that are called on both."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from pathlib import Path

from cli_stage import call

from collectors.outbox.media_store import object_store
from exporters import ParquetSink
from exporters.delta.ledger import DeltaLedger
from exporters.delta.tables import DeltaStore


@dataclass
class Both:
    """A local store, tables, and a store of media."""

    local: Path
    tables: Path
    media: Path
    _offset: int = field(default=0)

    def store(self, *records):
        """Store each in both, in one write each: as a worker does, without media, and these by their sha256."""
        sink, ledger = ParquetSink(self.local), DeltaLedger(DeltaStore(str(self.tables)), "otlp_spans")
        ledger.open([0])
        for record in records:
            sink.write(record)
            self._offset += 1
            prepared = ledger.prepare(replace(record, attachments={}))
            assert not ledger.commit([prepared], {0: self._offset}, [])

    def bring_media(self, *records):
        """Have the media of these arrive."""
        place = object_store(str(self.media))
        for record in records:
            for sha256, content in record.attachments.items():
                place.put_if_absent(f"media/{sha256[:2]}/{sha256}", content)

    def call(self, *arguments, media=True):
        """What a command answers of the local store and of the tables."""
        more = ["--media-store", self.media] if media else []
        return call(*arguments, data=self.local), call(*arguments, *more, data=f"file://{self.tables}")

    @property
    def home(self):
        """Where what is said of the tables is kept."""
        [home] = (self.local.parent / "share" / "otel-tracking" / "tables").iterdir()
        return home


def files_in(place):
    """What is in the files below a folder, by name."""
    return {str(path.relative_to(place)): path.read_bytes() for path in sorted(place.rglob("*")) if path.is_file()}
