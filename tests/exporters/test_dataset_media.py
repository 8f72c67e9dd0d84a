"""The pictures and sounds of a dataset: as they leave, where the rows say, and what was recorded or nothing."""

import dataclasses
import hashlib
import io
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from dataset_stage import CrateRead, a_drawing, a_journey, a_run_with_pictures, content_below, rows_of, store
from PIL import Image, PngImagePlugin
from records import LATER, a_record, an_item

from exporters import compact
from exporters.dataset import make_dataset
from exporters.dataset.describing import files_of
from exporters.privacy.exports_ledger import ExportsLedger
from exporters.privacy.studies import new_study
from exporters.privacy.way_out import open_way_out
from otel_tracking import ItemType, Media, MediaType


@pytest.fixture
def data(tmp_path, monkeypatch):
    monkeypatch.setenv("OTEL_TRACKING_STUDIES", str(tmp_path / "keys"))
    return tmp_path / "data"


def a_drawing_that_tells(secret):
    """A PNG with a text in it."""
    file, texts = io.BytesIO(), PngImagePlugin.PngInfo()
    texts.add_text("prompt", secret)
    Image.new("RGB", (16, 16), "navy").save(file, "PNG", pnginfo=texts)
    return file.getvalue()


def media_of(dataset):
    return {path: content for path, content in content_below(dataset.path).items() if path.startswith("media/")}


def named_by(dataset):
    return {row["file_path"]: row["media_sha256"] for row in rows_of(dataset, "items") if row["file_path"]}


def test_pictures_lie_where_the_rows_say_and_are_what_was_recorded(tmp_path, data):
    run = a_run_with_pictures(a_drawing("navy"), a_drawing("gold"))
    made = make_dataset(store(data, run, a_journey()), tmp_path / "out")

    found = {path: hashlib.sha256(content).hexdigest() for path, content in media_of(made).items()}
    assert found == named_by(made)
    assert (made.media, len(found)) == (2, 2)
    assert "| `media/` | 2 pictures, sounds and films" in (made.path / "README.md").read_text()
    assert "media/" in made.files


def test_checksums_have_folders_and_everything_is_private(tmp_path, data):
    made = make_dataset(store(data, a_run_with_pictures()), tmp_path / "out")
    subprocess.run(["sha256sum", "--check", "--quiet", "--strict", "SHA256SUMS"], cwd=made.path, check=True)
    listed = {line.split("  ", 1)[1] for line in (made.path / "SHA256SUMS").read_text().splitlines()}
    assert listed == set(content_below(made.path)) - {"SHA256SUMS"}
    assert {path.stat().st_mode & 0o077 for path in (made.path, *made.path.rglob("*"))} == {0}


def test_a_name_over_two_lines_is_listed_as_sha256sum_lists_it(tmp_path, data):
    run = a_run_with_pictures()
    item = dataclasses.replace(run.items[2], file_path=f"media/{run.execution_id}/one\ntwo.png")
    run = dataclasses.replace(run, items=(*run.items[:2], item))
    made = make_dataset(store(data, run), tmp_path / "out")
    assert made.media == 1
    subprocess.run(["sha256sum", "--check", "--quiet", "--strict", "SHA256SUMS"], cwd=made.path, check=True)


def test_without_media_the_rows_are_the_same_and_no_file_is_there(tmp_path, data):
    store(data, a_run_with_pictures())
    whole = make_dataset(data, tmp_path / "whole")
    made = make_dataset(data, tmp_path / "out", with_media=False)
    assert rows_of(made, "items") == rows_of(whole, "items")
    assert (media_of(made), made.media, "media/" in made.files) == ({}, 0, False)


@pytest.mark.parametrize("profile", ["pseudonymous", "public"])
def test_under_a_profile_pictures_are_drawn_anew_and_have_neutral_names(tmp_path, data, profile):
    run = a_run_with_pictures(a_drawing_that_tells("Anna Musterfrau"), study_id="garden")
    store(data, run)
    new_study(data, "garden", consent_required=False)
    made = make_dataset(data, tmp_path / "out", way_out=open_way_out(data, profile))

    [(path, content)] = media_of(made).items()
    assert path.endswith("/item_3.png")
    assert b"Anna" not in content
    assert named_by(made) == {path: hashlib.sha256(content).hexdigest()}
    assert Image.open(io.BytesIO(content)).getpixel((3, 3)) == (0, 0, 128)
    crate = CrateRead(made.path)
    assert [file["@id"] for file in crate.of("File") if file["@id"].startswith("media/")] == [path]
    assert (run.execution_id in crate.text) == (profile == "pseudonymous")


def test_what_a_child_gave_leaves_under_no_profile_but_full(tmp_path, data):
    photograph = a_drawing("gold")
    media = Media(hashlib.sha256(photograph).hexdigest(), len(photograph), "image/png")
    run = a_record(study_id="garden")
    given = an_item(
        item_type=ItemType.USER_INPUT_IMAGE,
        media_type=MediaType.IMAGE,
        stage=1,
        content=None,
        media=media,
        file_path=f"media/{run.execution_id}/input.png",
    )
    run = dataclasses.replace(run, items=(given,), attachments={media.sha256: photograph})
    store(data, run)
    new_study(data, "garden", consent_required=False)

    for profile, count in (("full", 1), ("pseudonymous", 0), ("public", 0)):
        made = make_dataset(data, tmp_path / profile, way_out=open_way_out(data, profile))
        assert (profile, made.media) == (profile, count)
        assert any(photograph == content for content in content_below(made.path).values()) == bool(count)


def test_a_damaged_picture_is_not_in_it_and_its_row_is(tmp_path, data):
    run = a_run_with_pictures()
    store(data, run)
    (data / run.items[2].file_path).write_bytes(a_drawing("gold"))
    made = make_dataset(data, tmp_path / "out")
    assert (media_of(made), made.rows["items"]) == ({}, 3)


@pytest.mark.parametrize("path", ["media/../executions/secret", "/etc/hostname", "media", "media/link.png", "x\0y"])
def test_a_path_that_leads_elsewhere_brings_nothing(tmp_path, data, path):
    """Records come from anywhere: what they name outside of the media stays where it is."""
    store(data, a_run_with_pictures())
    secret = tmp_path / "secret"
    secret.write_bytes(b"a key")
    (data / "media" / "link.png").symlink_to(secret)
    media = Media(hashlib.sha256(b"a key").hexdigest(), 5, "image/png")
    item = an_item(item_type=ItemType.OUTPUT_IMAGE, media_type=MediaType.IMAGE, media=media, file_path=path)
    made = make_dataset(store(data, a_record(items=[item])), tmp_path / "out")
    assert made.media == 1
    assert b"a key" not in content_below(made.path).values()


@pytest.mark.parametrize("profile", ["full", "public"])
def test_the_same_runs_give_the_same_bytes_with_media(tmp_path, data, profile):
    runs = [a_run_with_pictures(a_drawing("navy"), a_drawing("gold"), study_id="garden") for _ in range(2)]
    store(data, *runs)
    new_study(data, "garden", consent_required=False)
    here = make_dataset(data, tmp_path / "one", way_out=open_way_out(data, profile))
    assert compact(data, before=LATER)
    there = make_dataset(data, tmp_path / "elsewhere" / "two", way_out=open_way_out(data, profile))
    assert content_below(here.path) == content_below(there.path)
    assert here.identifier == there.identifier
    assert here.media == 4


INTERRUPTED = """
import os, signal, sys
from exporters.dataset import make_dataset
def progress(name, done, of):
    if name == sys.argv[3]:
        os.kill(os.getpid(), int(sys.argv[4]))
make_dataset(sys.argv[1], sys.argv[2], progress=progress)
"""


@pytest.mark.parametrize("at", ["runs", "checksums"])
@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGKILL])
def test_whoever_is_stopped_while_it_is_made_leaves_no_half(tmp_path, data, at, how):
    """After Ctrl-C nothing is there; what a kill leaves is hidden, and the next one is whole."""
    store(data, a_run_with_pictures())
    out = tmp_path / "sets" / "out"
    child = subprocess.run(
        [sys.executable, "-c", INTERRUPTED, data, out, at, str(int(how))],
        capture_output=True,
        timeout=60,
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])},
    )
    assert child.returncode != 0
    assert not out.exists()
    assert ExportsLedger(data).exports() == []
    left = [path.name for path in out.parent.iterdir()]
    assert left == [] if how == signal.SIGINT else all(name.startswith(".out.") for name in left)
    assert make_dataset(data, out).media == 1


def test_files_are_in_their_order(tmp_path):
    for path in ("b", "a/z", "a/y", "c.txt"):
        (tmp_path / path).parent.mkdir(exist_ok=True)
        (tmp_path / path).write_bytes(b"")
    assert list(files_of(tmp_path)) == ["b", "c.txt", "a/y", "a/z"]
