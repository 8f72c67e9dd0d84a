"""Media are brought to an object store by their hash, each once, when the store is there again too."""

import hashlib
import threading

import pytest

from collectors import start_recording
from collectors.outbox.media_store import ErasableMedia, MediaStore, object_store
from collectors.testing import RememberingSink
from devserver.settings import Settings
from devserver.wiring import make_sinks
from otel_tracking import ItemType
from otel_tracking.erasure import RunId
from otel_tracking.errors import RecordingError

PICTURE = b"not really a picture"
SHA256 = hashlib.sha256(PICTURE).hexdigest()


class RememberingStore:
    """A place that remembers; it takes nothing while it is away."""

    def __init__(self, is_away=False):
        self.is_away, self.found = is_away, {}
        self.asked = threading.Event()

    def put_if_absent(self, path, content):
        self.asked.set()
        if self.is_away:
            raise OSError("away")
        self.found[path] = content


def nobody(execution_id, trace_id):
    return False


def record_into(*sinks):
    with start_recording(list(sinks), journal=False) as recording:
        with recording.tracker().execution("dada") as run, run.output(1) as output, output.stage(4) as stage:
            stage.item(ItemType.OUTPUT_IMAGE, media=PICTURE)
        assert recording.flush(timeout=60)
    return run


def waiting(directory):
    return sorted(path.name for path in directory.iterdir())


def test_a_folder_has_them_by_their_hash(tmp_path):
    """And a record that has the same picture brings nothing new."""
    for _ in range(2):
        record_into(*make_sinks(Settings(data_dir=tmp_path / "data", media_store=str(tmp_path / "store"))))
    [found] = [path for path in (tmp_path / "store").rglob("*") if path.is_file()]
    assert found.relative_to(tmp_path / "store").as_posix() == f"media/{SHA256[:2]}/{SHA256}"
    assert found.read_bytes() == PICTURE
    assert (tmp_path / "store").stat().st_mode & 0o777 == 0o700
    assert waiting(tmp_path / "data" / "outbox" / "media") == []


def test_they_wait_for_a_store_that_is_away_across_restarts(tmp_path):
    away, there = RememberingStore(is_away=True), RememberingStore()
    run = record_into(MediaStore(tmp_path, away, is_erased=nobody))
    assert away.asked.is_set()
    [path] = tmp_path.iterdir()
    assert (path.name, path.stat().st_mode & 0o777) == (f"{run.trace_id}-{SHA256}", 0o600)
    after = MediaStore(tmp_path, there, is_erased=nobody)
    assert after.settle(60)
    after.close()
    assert there.found == {f"media/{SHA256[:2]}/{SHA256}": PICTURE}


def test_a_store_that_comes_back_gets_them(tmp_path):
    store = RememberingStore(is_away=True)
    sink = MediaStore(tmp_path, store, is_erased=nobody)
    with start_recording([sink], journal=False) as recording:
        with recording.tracker().execution("dada") as run, run.output(1) as output, output.stage(4) as stage:
            stage.item(ItemType.OUTPUT_IMAGE, media=PICTURE)
        assert recording.flush(timeout=60)
        assert store.asked.wait(60)
        store.is_away = False
        assert sink.settle(60)
    assert list(store.found.values()) == [PICTURE]
    assert sink.health() == {"stored": 1, "withheld": 0, "waiting": 0, "trouble": None}


def test_one_that_is_brought_while_all_are_counted_is_in_nobodys_way(tmp_path):
    remembering, store = RememberingSink(), RememberingStore()
    record_into(remembering)
    [record] = remembering.latest().values()
    gone = tmp_path / f"{record.trace_id}-gone"
    gone.symlink_to("nowhere")
    sink = MediaStore(tmp_path, store, is_erased=nobody)
    sink.write(record)
    gone.unlink()
    assert sink.settle(60)
    sink.close()
    assert list(store.found.values()) == [PICTURE]


def test_those_of_erased_runs_go_nowhere(tmp_path):
    erased, store = set(), RememberingStore(is_away=True)
    run = record_into(MediaStore(tmp_path, store, is_erased=nobody))
    erased.add(run.trace_id)
    there = RememberingStore()
    after = MediaStore(tmp_path, there, is_erased=lambda _, trace: trace in erased)
    assert after.settle(60)
    after.close()
    assert (there.found, waiting(tmp_path)) == ({}, [])


def test_an_erasure_removes_those_that_wait(tmp_path):
    first = record_into(MediaStore(tmp_path / "media", RememberingStore(is_away=True), is_erased=nobody))
    other = record_into(MediaStore(tmp_path / "media", RememberingStore(is_away=True), is_erased=nobody))
    runs = frozenset({RunId(first.execution_id, first.trace_id)})
    place = ErasableMedia(tmp_path)
    assert len(place.left(runs)) == 1
    [removed] = place.erase(runs, lambda _: None)
    assert (removed.bytes, place.left(runs)) == (len(PICTURE), [])
    assert waiting(tmp_path / "media") == [f"{other.trace_id}-{SHA256}"]


@pytest.mark.parametrize("where", ["ftp://me:secret@host", "s3://", "/dev/null/x"])
def test_what_is_no_store_is_said(where):
    with pytest.raises(RecordingError, match="s3://bucket/prefix or a folder would work") as caught:
        object_store(where)
    assert "secret" not in str(caught.value)
