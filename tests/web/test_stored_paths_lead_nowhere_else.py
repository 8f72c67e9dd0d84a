"""Where a record says its files lie is what somebody wrote: no file from elsewhere is shown, nothing is a 500."""

import pytest
from builders import a_record, an_item
from class_stage import class_in

from exporters import ParquetSink
from exporters.storage.writing.media import stored_file
from otel_tracking import ItemType
from otel_tracking.record import Media

RUN = "exec_20261123_120000_0e3a0561"
SECRET = b"root:x:0:0"
PATHS = [
    "../../etc/passwd",
    "media/../../etc/passwd",
    "/etc/passwd",
    "media/link",
    "media/gone.png",
    "media",
    "media/",
    "media/a\0b",
    "media/" + "x" * 5000,
    "",
    5,
    {"path": "media/x"},
    "C:\\windows\\x",
]


def store(data_dir, file_path):
    (data_dir / "media").mkdir(parents=True, exist_ok=True)
    (data_dir / "secret").write_bytes(SECRET)
    (data_dir / "media" / "link").symlink_to(data_dir / "secret")
    item = an_item(
        item_type=ItemType.OUTPUT_IMAGE,
        media_type="image",
        stage=4,
        loop_iteration=1,
        content=None,
        media=Media("ab" * 32, 10, "image/png"),
        file_path=file_path,
    )
    ParquetSink(data_dir).write(a_record(execution_id=RUN, items=[item], safety_level="kids"))


@pytest.mark.parametrize("file_path", PATHS)
def test_a_stored_path_that_leads_elsewhere_is_a_404_with_a_sentence(tmp_path, file_path):
    store(tmp_path, file_path)
    names = ["ab" * 32, "passwd", "link", "x"]
    with class_in(tmp_path) as room:
        for someone in (room.teacher, room.pupil()):
            for name in names:
                for kind in ("media", "thumbnails"):
                    answer = someone.get(f"/api/runs/{RUN}/{kind}/{name}")
                    assert answer.status_code == 404
                    assert "may be shown" in answer.get_json()["error"]


@pytest.mark.parametrize("file_path", PATHS)
def test_pages_and_documents_of_such_a_run_are_made_without_the_file(tmp_path, file_path):
    store(tmp_path, file_path)
    with class_in(tmp_path) as room:
        for path in ("/runs", f"/runs/{RUN}", f"/runs/{RUN}?audience=researcher", f"/api/runs/{RUN}"):
            assert room.teacher.get(path).status_code == 200
        for name in ("html", "docx", "json", "xml", "csv", "legacy_xml"):
            answer = room.teacher.get(f"/api/runs/{RUN}/export/{name}")
            assert answer.status_code == 200
            assert SECRET not in answer.data
        for path in (f"/runs/{RUN}", f"/api/runs/{RUN}", f"/api/runs/{RUN}/export/html", "/api/runs"):
            assert room.pupil().get(path).status_code == 200


@pytest.mark.parametrize("file_path", PATHS)
def test_no_file_comes_of_such_a_path(tmp_path, file_path):
    store(tmp_path, file_path)
    assert stored_file(tmp_path, file_path) is None


def test_a_data_directory_may_be_reached_by_a_link(tmp_path):
    (tmp_path / "data" / "media").mkdir(parents=True)
    (tmp_path / "data" / "media" / "a.png").write_bytes(b"x")
    (tmp_path / "link").symlink_to(tmp_path / "data")
    assert stored_file(tmp_path / "link", "media/a.png").read_bytes() == b"x"
